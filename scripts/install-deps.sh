#!/bin/bash
# Names the Debian packages that the tests use (internal/lab/packages.txt) and,
# as root, installs what is missing. No service is started, now or at the next
# boot: the tests start their own copies on addresses of their own.
set -euo pipefail
cd "$(dirname "$0")/.."

# One word per package: strings rather than arrays, since macOS has an old bash.
wanted=$(sed 's/#.*//' internal/lab/packages.txt | xargs)
echo "The tests use these Debian packages: $wanted" >&2

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  echo "This is no Debian machine: install their like by hand. What is not there is left out." >&2
  exit 0
fi

missing=
for package in $wanted; do
  status=$(dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null || true)
  [[ $status == ii* || $status == hi* ]] || missing="$missing $package"
done
if [[ -z $missing ]]; then
  echo "All of them are installed." >&2
  exit 0
fi
if [[ $(id -u) -ne 0 ]]; then
  echo "Missing:$missing. Tests that need them are left out. To install them:" >&2
  echo "    sudo apt-get install --no-install-recommends$missing" >&2
  exit 0
fi

echo "Installing what is missing:$missing" >&2
echo "A temporary /usr/sbin/policy-rc.d keeps their services from starting." >&2

# invoke-rc.d asks policy-rc.d before it starts a service; 101 means "no".
policy=/usr/sbin/policy-rc.d
saved=$(mktemp -d)
restore_policy() {
  rm -f "$policy"
  if [[ -e $saved/policy-rc.d ]]; then cp -p "$saved/policy-rc.d" "$policy"; fi
  rm -rf "$saved"
}
if [[ -e $policy ]]; then cp -p "$policy" "$saved/policy-rc.d"; fi
trap restore_policy EXIT
trap 'exit 130' INT TERM
printf '#!/bin/sh\nexit 101\n' >"$policy"
chmod 755 "$policy"

# A package also enables its service for the next boot; that is undone.
enabled_services() {
  command -v systemctl >/dev/null || return 0
  systemctl list-unit-files --type=service --state=enabled --no-legend | awk '{print $1}' | sort || true
}
enabled_services >"$saved/before"

export DEBIAN_FRONTEND=noninteractive
apt-get update -qq </dev/null >&2
# shellcheck disable=SC2086 # one word per package
apt-get install -y -qq --no-install-recommends $missing </dev/null >&2

enabled_services >"$saved/after"
for unit in $(comm -13 "$saved/before" "$saved/after"); do
  systemctl --quiet disable "$unit" >&2
done
