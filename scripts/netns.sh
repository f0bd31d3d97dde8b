#!/bin/bash
# Runs a command in a network namespace that holds nothing but loopback: every
# port is free, those below 1024 too, and no test can reach another machine.
# `go test -exec` gives each test program a namespace of its own this way, after
# compiling outside, where modules can still be fetched.
set -euo pipefail

# Without root, a user namespace makes us root over the new network only.
flags=(--net)
if [[ $(id -u) -ne 0 ]]; then flags+=(--map-root-user); fi

# Servers and ip live where an ordinary user's PATH does not look.
PATH=$PATH:/usr/sbin:/sbin

# shellcheck disable=SC2016 # the inner shell expands "$@"
exec unshare "${flags[@]}" -- sh -c 'ip link set lo up && exec "$@"' netns "$@"
