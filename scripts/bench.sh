#!/bin/bash
# Measures speed and memory: the program against real servers, and the hub and
# its advisories, whose tables go into docs/performance.md, and then the benchmarks of the packages. Nothing
# else should run on the machine meanwhile.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install-deps.sh
export INFOHUB_PROOF=1 INFOHUB_BENCH=1
go test -run '^TestPerformance$' -count=1 -timeout 60m -v -exec "$PWD/scripts/netns.sh" ./internal/lab -update
go test -run '^TestHubPerformance$' -count=1 -timeout 60m -v -exec "$PWD/scripts/netns.sh" ./internal/lab/hublab -update
go test -run '^TestAdvisoryPerformance$' -count=1 -timeout 60m -v -exec "$PWD/scripts/netns.sh" ./internal/lab/hublab -update

packages=$(grep -rl --include='*_test.go' '^func Benchmark' . | xargs -r -n1 dirname | sort -u)
# One package after the other: two at once would measure each other.
# shellcheck disable=SC2086 # one word per package
go test -run '^$' -bench . -benchmem -timeout 30m -p 1 -exec "$PWD/scripts/netns.sh" $packages
