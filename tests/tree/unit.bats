#!/usr/bin/env bats
# The service file is well formed and gives netpold no more of the machine than it needs.

LIMIT=1.7

setup() {
	command -v systemd-analyze >/dev/null || skip 'systemd-analyze is not installed (package systemd)'
	unit=$BATS_TEST_TMPDIR/netpold.service
	# verify wants a program that is there.
	sed "s|@sbindir@/netpold|$(command -v true)|" \
		"$BATS_TEST_DIRNAME/../../systemd/netpold.service.in" >"$unit"
}

# Prints the number of "Overall exposure level for netpold.service: 1.5 OK".
exposure() {
	systemd-analyze security --offline=true --no-pager "$1" |
		sed -n 's/.*Overall exposure level for [^:]*: \([0-9.]*\).*/\1/p'
}

within_limit() {
	awk -v level="$1" -v limit="$LIMIT" 'BEGIN { exit !(level ~ /^[0-9]/ && level + 0 <= limit + 0) }'
}

@test "systemd-analyze verify has nothing to say about netpold.service" {
	# It reads the machine's own units too; what is wrong with those is not asked here.
	run systemd-analyze verify --man=no "$unit"
	echo "$output"
	! grep -F netpold <<<"$output"
}

@test "the exposure of netpold.service is $LIMIT or better" {
	level=$(exposure "$unit")
	echo "exposure: $level"
	within_limit "$level"
}

@test "the exposure test notices a unit without a sandbox" {
	printf '[Service]\nExecStart=%s\n' "$(command -v true)" >"$unit"
	level=$(exposure "$unit")
	echo "exposure: $level"
	[ -n "$level" ]
	! within_limit "$level"
}

@test "no directive was added that the daemon could not live with" {
	# Each of these would hide what netpold reads or sets; see the comments in the unit.
	run grep -nE '^(User|DynamicUser|PrivateNetwork|PrivateUsers|ProcSubset)=' "$unit"
	[ "$status" -eq 1 ]
	grep -qx 'CapabilityBoundingSet=CAP_NET_ADMIN' "$unit"
}

@test "a hang costs ten seconds at most, and a restart has a store for what it hands over" {
	grep -qx 'WatchdogSec=10' "$unit"
	grep -qx 'Restart=on-failure' "$unit"
	# Three sockets and their state.
	[ "$(sed -n 's/^FileDescriptorStoreMax=//p' "$unit")" -ge 4 ]
	run grep -n '^NotifyAccess=' "$unit"
	[ "$status" -eq 1 ]
}

@test "systemd-analyze verify has nothing to say about the example of a timer" {
	cp "$BATS_TEST_DIRNAME"/../../contrib/netpol-drift.timer "$BATS_TEST_TMPDIR"
	sed "s|^ExecStart=[^ ]*|ExecStart=$(command -v true)|" \
		"$BATS_TEST_DIRNAME/../../contrib/netpol-drift.service" >"$BATS_TEST_TMPDIR/netpol-drift.service"
	run systemd-analyze verify --man=no "$BATS_TEST_TMPDIR"/netpol-drift.{timer,service}
	echo "$output"
	! grep -F netpol-drift <<<"$output"
}
