#!/usr/bin/env bats
# Files of known networks: taken, or refused as a whole with all that is wrong.

load cli.bash

# refused MESSAGE...: the file networks is not taken, with these messages and no others.
refused() {
  local message
  want 2 "$report" policy --db node-and-external.db --known-networks networks
  silent out
  for message; do
    said "netpol-report: error: networks:$message"
  done
  [ "$(grep -c error: err)" -eq $# ]
}

setup_file() {
  cd "$BATS_FILE_TMPDIR"
  "$abs_top_builddir/netpol-report" import --into node-and-external.db \
    "$abs_top_srcdir/tests/golden/node-and-external/evidence.jsonl"
}

place() {
  cp "$BATS_FILE_TMPDIR/node-and-external.db" .
  cat "$golden/node-and-external/inventory.yaml" > inventory.yaml
}

@test "a file, and standard input" {
  place
  echo '- {name: example, cidrs: [198.51.100.0/24]}' > networks
  want 0 "$report" policy --db node-and-external.db --inventory inventory.yaml --known-networks networks
  grep -q 'known network example: 2 connections' out
  grep -q 'cidr: 198.51.100.0/24' out
  mv out expected
  want 0 "$report" policy --db node-and-external.db --inventory inventory.yaml --known-networks - < networks
  diff expected out
  want 0 "$report" policy --db node-and-external.db --inventory inventory.yaml --known-networks networks --exact
  ! grep -q 'known network' out
}

@test "what is wrong is said, all of it" {
  place
  printf -- '- {name: a, cidrs: [198.51.100.7/24]}\n- {name: b, cidrs: []}\n' > networks
  refused '1: known networks: [0].cidrs[0]: "198.51.100.7/24" has bits set' '2: known networks: [1].cidrs: expected a list'
  printf 'name: a\n' > networks
  refused '1: known networks: expected one list'
  printf -- '- name: a\n b' > networks
  refused "2: did not find expected '-'"
}

@test "a name in two files" {
  place
  echo '- {name: a, cidrs: [198.51.100.0/24]}' | tee networks > other
  want 2 "$report" policy --db node-and-external.db --known-networks other --known-networks networks
  said 'netpol-report: error: networks:1: known networks: name: "a" is there already, at other:1'
}

@test "a file that is not there" {
  place
  want 2 "$report" policy --db node-and-external.db --known-networks nowhere
  said nowhere
  silent out
  want 2 "$report" verify --db node-and-external.db --with-generated --known-networks nowhere
  said nowhere
  silent out
}
