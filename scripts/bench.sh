#!/bin/bash
# Measures speed and memory. Benchmarks of real servers run as in the proof.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=$(grep -rl --include='*_test.go' '^func Benchmark' . | xargs -r -n1 dirname | sort -u)
if [[ -z $packages ]]; then
  echo "There is no benchmark yet." >&2
  exit 0
fi

export INFOHUB_PROOF=1
# One package after the other: two at once would measure each other.
# shellcheck disable=SC2086 # one word per package
go test -run '^$' -bench . -benchmem -timeout 30m -p 1 -exec "$PWD/scripts/netns.sh" $packages
