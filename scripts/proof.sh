#!/bin/bash
# The long runs: every test, with the race detector, with the tests of real
# servers (they ask for INFOHUB_PROOF=1) and of the engine (INFOHUB_NUCLEI names
# its program). With CI=true, what cannot be proved here fails.
set -euo pipefail
cd "$(dirname "$0")/.."

left_out() {
  echo "proof: left out: $1" >&2
  if [[ ${CI:-} == true ]]; then exit 1; fi
}

scripts/install-deps.sh

# The engine runs as a child process, so it is built without -race: the tests
# that talk to it are what the detector watches.
if make nuclei; then
  export INFOHUB_NUCLEI="$PWD/bin/infohub-nuclei"
else
  left_out "active checks, because bin/infohub-nuclei could not be built"
fi

# Programs whose verdicts are compared with ours: a scanner (docs/agreement.md), CSAF's
# checker, downloader and validator.
scripts/install-peers.sh || left_out "agreement with the programs that install-peers.sh names, because they could not be installed"

tests=(go test -race -count=1 -timeout 15m)
if scripts/netns.sh true; then
  export INFOHUB_PROOF=1
  tests+=(-exec "$PWD/scripts/netns.sh")
else
  left_out "real servers, because this machine has no network namespaces (unshare, ip)"
fi

# Packages without tests are not named, so that the last lines say what ran.
packages=$(go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' ./...)
# shellcheck disable=SC2086 # one word per package
"${tests[@]}" $packages
