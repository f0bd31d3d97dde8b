#!/bin/bash
# Installs the peers that Debian has no package of into bin/peers (or the folder
# that is given), so that `make proof` can compare with them:
#   csaf_checker and csaf_downloader, gocsaf's judge and client of CSAF providers;
#   MDN's HTTP Observatory, whose verdicts are compared with infohub's;
#   csaf-validator-lib, the reference implementation of CSAF's mandatory tests.
# The first need Go alone. The last two need node 20 or newer, with npm.
set -euo pipefail

cd "$(dirname "$0")/.."
peers=${1:-${INFOHUB_PEERS:-bin/peers}}
mkdir -p "$peers"
peers=$(realpath "$peers")

# Their versions are in the module file, so that the product's stays clean.
csaf=github.com/gocsaf/csaf/v3
release=$(go list -C tools/csaf -m -f '{{.Version}}' $csaf)
go build -C tools/csaf -trimpath -ldflags "-X $csaf/util.SemVersion=${release#v}" -o "$peers/" $csaf/cmd/csaf_checker $csaf/cmd/csaf_downloader
echo "csaf_checker and csaf_downloader $release are in $peers"

package=@mdn/mdn-http-observatory
version=1.4.8
validator=@secvisogram/csaf-validator-lib
validator_version=2.0.10

command -v node >/dev/null || { echo "install-peers: node is not installed: install nodejs 20 or newer" >&2; exit 1; }
command -v npm >/dev/null || { echo "install-peers: npm is not installed" >&2; exit 1; }
node=$(node -p 'process.versions.node')
if (( ${node%%.*} < 20 )); then
    echo "install-peers: $package $version needs node 20 or newer, and this is $node (Debian 12 has 18: install nodejs from a newer release)" >&2
    exit 1
fi

installed() { node -p "require(require('path').resolve('$peers', 'node_modules', '$1', 'package.json')).version" 2>/dev/null || true; }
if [[ $(installed $package) != "$version" || $(installed $validator) != "$validator_version" ]]; then
    # Both at once: npm removes what it is not told of. The Observatory's install
    # script would fetch lists of the day, among them every name that browsers know
    # to be https only; scans of a lab need none of them.
    npm install --prefix "$peers" --ignore-scripts --no-package-lock --no-save --no-audit --no-fund --loglevel=error \
        "$package@$version" "$validator@$validator_version"
fi
conf=$peers/node_modules/$package/conf
[[ -s $conf/hsts-preload.json ]] || echo '{}' >"$conf/hsts-preload.json"
echo "$package $version is in $peers"
echo "$validator $validator_version is in $peers"
