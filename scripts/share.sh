#!/bin/bash
# Asks bin/infohub for its man pages and completions, laid out for packaging.
set -euo pipefail
cd "$(dirname "$0")/.."

rm -rf bin/share
mkdir -p bin/share/man bin/share/completions
bin/infohub man --dir bin/share/man
# -n leaves the time out, so that the same source gives the same package.
gzip -9n bin/share/man/*.1
for shell in bash zsh fish; do
  bin/infohub completion "$shell" >"bin/share/completions/infohub.$shell"
done
bin/infohub completion powershell >bin/share/completions/infohub.ps1
