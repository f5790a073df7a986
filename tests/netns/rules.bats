#!/usr/bin/env bats
# Our table on a kernel that cannot own one: others can take it away.

load namespace.bash

# old_kernel SCRIPT: in a namespace, with netpold on such a kernel
old_kernel() {
  cp "$abs_top_builddir/tests/netns/old_kernel.so" "$work_dir"
  {
    cat <<'END'
netpold_wrapper="env LD_PRELOAD=$programs/old_kernel.so"
has_gap() {
  report status -o json | jq -e ".gaps | any(.source == \"$1\")"
}
# The intruder is refused by nobody but dropped, at a new port each time.
port=6000
is_denied() {
  in_pod intruder socat -u /dev/null "TCP:10.244.0.3:$((port++)),connect-timeout=1" || true
  [ "$(report denied -o json | jq length)" -gt 0 ]
}
lab_start
pod intruder 2; pod db 3
netpold_start
nft list table inet netpol >/dev/null || die "there is no table"
! nft list table inet netpol | grep -q owner || die "the table is owned: $(nft list table inet netpol)"
END
    cat
  } | in_namespace
}

@test "a table that nobody owns does its work and goes at the end" {
  old_kernel <<'END'
rules filter forward 0 'ip saddr 10.244.0.2 drop'
wait_for 30 is_denied
netpold_stop
! nft list table inet netpol 2>/dev/null || die "the table is still there"
[ "$(report status -o json | jq '.gaps | length')" = 0 ] || die "$(report status)"
END
}

@test "a table that was left behind is replaced" {
  old_kernel <<'END'
netpold_kill
nft list table inet netpol >/dev/null || die "the table went with the process"
netpold_start
[ "$(nft list table inet netpol | grep -c counter)" = 1 ] || die "$(nft list table inet netpol)"
netpold_stop
! nft list table inet netpol 2>/dev/null || die "the table is still there"
END
}

@test "a table that is taken away is a gap, and is put back soon" {
  old_kernel <<'END'
taken=$(date +%s%3N)
nft delete table inet netpol
wait_for 10 nft list table inet netpol
wait_for 10 has_gap rules
[ "$(sqlite3 -readonly "$db" "SELECT min(since) FROM gap WHERE source = 'rules'")" -le "$taken" ] || die "taken at $taken: $(report status)"
rules filter forward 0 'ip saddr 10.244.0.2 drop'
wait_for 30 is_denied
netpold_stop
END
}

@test "so it is when the whole ruleset is flushed, again and again" {
  old_kernel <<'END'
for round in 1 2 3; do
  nft flush ruleset
  wait_for 10 nft list table inet netpol
done
wait_for 10 has_gap rules
nft flush table inet netpol
wait_for 10 eval 'nft list table inet netpol | grep -q counter'
netpold_stop
! nft list table inet netpol 2>/dev/null || die "the table is still there"
END
}

@test "where tables can be owned, one that nobody owns is left to whoever made it" {
  in_namespace <<'END'
lab_start
nft add table inet netpol
netpold_start
grep -q 'a table of that name already' "$lab/netpold.log" || die "nothing is said of the table"
[ -z "$(nft list table inet netpol | grep chain)" ] || die "$(nft list ruleset)"
[ "$(nft list tables | wc -l)" = 1 ] || die "$(nft list ruleset)"
netpold_stop
nft list table inet netpol >/dev/null || die "the table is gone"
END
}
