#!/bin/bash
# Installs the peer that Debian has no package of, MDN's HTTP Observatory, into
# bin/peers (or the folder that is given), so that `make proof` can compare its
# verdicts with infohub's. It needs node 20 or newer, with npm.
set -euo pipefail

cd "$(dirname "$0")/.."
peers=${1:-${INFOHUB_PEERS:-bin/peers}}
package=@mdn/mdn-http-observatory
version=1.4.8

command -v node >/dev/null || { echo "install-peers: node is not installed: install nodejs 20 or newer" >&2; exit 1; }
command -v npm >/dev/null || { echo "install-peers: npm is not installed" >&2; exit 1; }
node=$(node -p 'process.versions.node')
if (( ${node%%.*} < 20 )); then
    echo "install-peers: $package $version needs node 20 or newer, and this is $node (Debian 12 has 18: install nodejs from a newer release)" >&2
    exit 1
fi

mkdir -p "$peers"
installed=$(node -p "require(require('path').resolve('$peers', 'node_modules', '$package', 'package.json')).version" 2>/dev/null || true)
if [[ $installed != "$version" ]]; then
    # Its install script would fetch lists of the day, among them every name that
    # browsers know to be https only; scans of a lab need none of them.
    npm install --prefix "$peers" --ignore-scripts --no-package-lock --no-save --no-audit --no-fund --loglevel=error "$package@$version"
fi
conf=$peers/node_modules/$package/conf
[[ -s $conf/hsts-preload.json ]] || echo '{}' >"$conf/hsts-preload.json"
echo "$package $version is in $peers"
