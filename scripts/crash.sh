#!/bin/bash
# Kills a hub (SIGKILL) that writers work on, N times (default 1,000), and looks
# after each time whether everything that was acknowledged is there.
set -euo pipefail
cd "$(dirname "$0")/.."

INFOHUB_CRASHES=${1:-1000} go test -run '^TestKilledWhileSharing$' -count=1 -timeout 6h -v ./internal/lab/hublab
