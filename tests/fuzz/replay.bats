#!/usr/bin/env bats
# Every decoder over its corpus; the targets are built with a main that runs them over files.

replay() {
  local target=$abs_top_builddir/tests/fuzz/fuzz_$1 corpus=$abs_top_srcdir/tests/fuzz/corpus/$1
  [ -n "$(ls "$corpus")" ]
  "$target" "$corpus" > "$BATS_TEST_TMPDIR/tap"
  [ "$(grep -c '^ok' "$BATS_TEST_TMPDIR/tap")" -ge "$(find "$corpus" -type f | wc -l)" ]
}

@test "answers to netlink requests" { replay answer; }
@test "configuration" { replay config; }
@test "answers of the container runtime" { replay cri; }
@test "conntrack messages" { replay ct_decode; }
@test "the dataplane: CNI configuration, devices, filters, rules" { replay dataplane; }
@test "documents: YAML and JSON" { replay document; }
@test "evidence lines" { replay evidence; }
@test "the state of a hand-over" { replay handover; }
@test "events of Inspektor Gadget" { replay import_gadget; }
@test "flows of Hubble" { replay import_hubble; }
@test "inventories" { replay inventory; }
@test "objects of inventories by themselves" { replay inventory_trim; }
@test "known networks" { replay known_networks; }
@test "manifests: policies and what is beside them" { replay manifest; }
@test "NFLOG messages" { replay nflog_decode; }
@test "node state on disk" { replay node_state; }
@test "packets" { replay packet; }

@test "no target is left out" {
  for target in "$abs_top_srcdir"/tests/fuzz/fuzz_*.c; do
    target=$(basename "$target" .c)
    grep -q "replay ${target#fuzz_};" "$abs_top_srcdir/tests/fuzz/replay.bats" || {
      echo "$target is not replayed"
      return 1
    }
  done
}
