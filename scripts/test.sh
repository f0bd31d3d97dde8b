#!/bin/bash
# The everyday tests: no engine, no real servers, under ten minutes from cold.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install-deps.sh
go vet ./...
go test -timeout 5m ./...
