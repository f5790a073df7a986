#!/usr/bin/env bats
# netpold with the receive buffer that it asks for, which only root of the machine itself is given.

tools='tests/bench/offer'
load ../netns/namespace.bash
load ../netns/load.bash
owner_namespace=

unprivileged() {
  "$@"
}

missing() {
  [ "$(id -u)" -eq 0 ] || {
    echo "only root is given a large receive buffer"
    return 1
  }
  command -v conntrack socat jq sqlite3 nft > /dev/null || {
    echo "conntrack, socat, jq, sqlite3 or nft is missing"
    return 1
  }
}

@test "stopped for 5 s under 2,000 connections/s: every connection is recorded, and then it knows what is live" {
  in_namespace <<END
$loaded
loaded_lab
netpold_start
stopped_for_5_s 2000
END
}
