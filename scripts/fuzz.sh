#!/bin/bash
# Runs every fuzz target for a while (FUZZTIME, 30s each unless told). What it
# finds is kept below testdata/fuzz of the package: mend it, and commit the
# find with the fix.
set -euo pipefail
cd "$(dirname "$0")/.."

time=${FUZZTIME:-30s}
failed=
while IFS=: read -r file _ line; do
  name=$(sed -E 's/^func (Fuzz[A-Za-z0-9_]*).*/\1/' <<<"$line")
  package=./$(dirname "$file")
  echo "fuzz: $package $name" >&2
  go test -run '^$' -fuzz "^$name\$" -fuzztime "$time" "$package" >&2 || failed="$failed $package:$name"
done < <(grep -rn --include='*_test.go' '^func Fuzz' . | sed 's|^\./||' | sort)

if [[ -n $failed ]]; then
  echo "fuzz: found something:$failed" >&2
  exit 1
fi
