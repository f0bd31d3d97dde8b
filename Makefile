# What people type. Every target that needs more than a few words lives in
# scripts/; `make help` lists them.

SHELL := /bin/bash

# Only read when a binary is linked. Without git, or before the first commit,
# the program says "dev".
version = $(or $(shell git describe --tags --always --dirty 2>/dev/null),dev)
commit  = $(or $(shell git rev-parse HEAD 2>/dev/null),unknown)
date    = $(or $(shell git log -1 --format=%cI 2>/dev/null),unknown)
ldflags = -s -w -X main.version=$(version) -X main.commit=$(commit) -X main.date=$(date)

# Both programs are static, here as in a release.
gobuild = CGO_ENABLED=0 go build -trimpath -ldflags '$(ldflags)'

.PHONY: build
build: ## Build bin/infohub.
	$(gobuild) -o bin/infohub ./cmd/infohub

.PHONY: nuclei
nuclei: ## Build bin/infohub-nuclei, the engine of active checks (about 7 minutes the first time).
	$(gobuild) -tags nuclei -o bin/infohub-nuclei ./cmd/infohub-nuclei

.PHONY: demo
demo: build ## Scan a fictional shop on this machine and print its report.
	bin/infohub demo --scan --html bin/demo-report.html

.PHONY: install-deps
install-deps: ## Install the Debian packages that the tests use, starting no service.
	scripts/install-deps.sh

.PHONY: test
test: ## Run every test but the long ones (under ten minutes from cold).
	scripts/test.sh

.PHONY: proof
proof: ## Run every test with the race detector, against real servers, with the engine.
	scripts/proof.sh

.PHONY: bench
bench: bin/tools/zdns ## Measure speed and memory over loopback, into docs/performance.md (about 15 minutes).
	scripts/bench.sh

.PHONY: fuzz
fuzz: ## Run every fuzz target for a while (FUZZTIME=30s each).
	scripts/fuzz.sh

.PHONY: lint
lint: bin/tools/golangci-lint ## Run the linters.
	bin/tools/golangci-lint run ./...
	if command -v shellcheck >/dev/null; then shellcheck .ci/run scripts/*.sh; fi

# The engine's own code, in the build that `make nuclei` has cached.
.PHONY: lint-nuclei
lint-nuclei: nuclei bin/tools/golangci-lint ## Run the linters on infohub-nuclei.
	CGO_ENABLED=0 GOFLAGS="$$GOFLAGS -trimpath" bin/tools/golangci-lint run --build-tags nuclei ./cmd/infohub-nuclei

.PHONY: vuln
vuln: bin/tools/govulncheck ## Ask the Go vulnerability database about what is linked.
	bin/tools/govulncheck ./...

.PHONY: generate
generate: ## Write the files that are generated from code.
	go generate ./...

.PHONY: share
share: build ## Write man pages and shell completions to bin/share.
	scripts/share.sh

.PHONY: snapshot
snapshot: bin/tools/goreleaser bin/tools/cyclonedx-gomod ## Build a whole release into dist/, and upload nothing.
	PATH="$(CURDIR)/bin/tools:$$PATH" COMMIT=$(commit) DATE=$(date) goreleaser release --snapshot --clean

.PHONY: clean
clean: ## Remove what make built.
	rm -rf bin dist

.PHONY: help
help: ## List the targets.
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1\t\2/p' Makefile | expand -t 14

# Tools have module files of their own, so that the product's stays clean. The
# release tools are apart from the linters: only a release pays for them.
bin/tools/golangci-lint: tools/go.mod tools/go.sum
	go build -C tools -o ../bin/tools/ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

bin/tools/govulncheck: tools/go.mod tools/go.sum
	go build -C tools -o ../bin/tools/ golang.org/x/vuln/cmd/govulncheck

# Measured against, by make bench alone.
bin/tools/zdns: tools/bench/go.mod tools/bench/go.sum
	go build -C tools/bench -o ../../bin/tools/ github.com/zmap/zdns/v2

bin/tools/goreleaser: tools/release/go.mod tools/release/go.sum
	go build -C tools/release -o ../../bin/tools/ github.com/goreleaser/goreleaser/v2

bin/tools/cyclonedx-gomod: tools/release/go.mod tools/release/go.sum
	go build -C tools/release -o ../../bin/tools/ github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod
