#!/usr/bin/env bats
# Stops, kills and restarts: what was committed stays, nothing is counted twice, and what was missed is a gap.

load namespace.bash

hold='
# hold POD SPEC: opens a connection that stays open; tell SAYS writes to it
hold() {
  mkfifo "$lab/hold"
  in_pod "$1" socat "$2" - < "$lab/hold" > "$lab/heard" 3>&- &
  exec 4> "$lab/hold"
}
tell() {
  echo "$1" >&4
  wait_for 10 grep -q "$1" "$lab/heard"
}'

@test "kill -9: the table goes, the database opens, nothing is counted twice, the time between is a gap" {
  in_namespace <<END
$hold
lab_start
rules filter forward 0 'ct state new counter'
pod web 2; pod api 3
serve api TCP-LISTEN:8080
netpold_start
say web TCP:10.244.0.3:8080 || die "no answer"
hold web TCP:10.244.0.3:8080
tell one
wait_for 10 has_edge '.connections == 2 and .bytes_sent != null'
nft list table inet netpol > /dev/null || die "no table"
before=\$(sum_edges true bytes_sent)
netpold_kill
! nft list table inet netpol 2>/dev/null || die "the table is still there"
[ "\$(sum_edges true connections)" = 2 ] || die "\$(report edges)"
tell two
netpold_start
wait_for 10 eval '[ "\$(sum_edges true bytes_sent)" -gt '"\$before"' ]'
netpold_stop
truth=\$(conntrack -L -p tcp 2>/dev/null | sed -n 's/.*packets=[0-9]* bytes=\([0-9]*\) src.*/\1/p' | jq -s add)
[ "\$(sum_edges true connections)" = 2 ] || die "\$(report edges)"
[ "\$(sum_edges true bytes_sent)" = "\$truth" ] || die "the kernel has \$truth: \$(report edges -o json)"
report status -o json | jq -e '[.gaps[] | select(.source == "daemon")] | length == 1' || die "\$(report status)"
report status -o json | jq -e '.complete | not' || die "\$(report status)"
END
}

@test "SIGTERM writes everything, ends with 0, and a second run adds nothing" {
  in_namespace <<END
$hold
lab_start
configure '[conntrack]' 'dump_interval = 1h'
pod web 2; pod api 3
serve api TCP-LISTEN:8080
netpold_start
hold web TCP:10.244.0.3:8080
tell one
say web TCP:10.244.0.3:8080 || die "no answer"
netpold_stop
[ "\$(sum_edges true connections)" = 2 ] || die "\$(report edges)"
! nft list table inet netpol 2>/dev/null || die "the table is still there"
first=\$(report edges -o json)
netpold_start
netpold_stop
[ "\$(report edges -o json | jq 'map(del(.last_seen))')" = "\$(jq 'map(del(.last_seen))' <<< "\$first")" ] || die "\$first then \$(report edges -o json)"
END
}

@test "kernel settings are set, and put back at the end, also those of a run that was killed" {
  in_namespace <<'END'
lab_start
settings=/proc/sys/net/netfilter
nft 'add table inet wake' && nft 'add chain inet wake c { type filter hook forward priority 0; }' && nft 'add rule inet wake c ct state new accept'
read_all() { cat $settings/nf_conntrack_acct $settings/nf_conntrack_timestamp $settings/nf_conntrack_events | paste -sd ' '; }
echo 0 > $settings/nf_conntrack_acct
echo 1 > $settings/nf_conntrack_timestamp
echo 2 > $settings/nf_conntrack_events
netpold_start
[ "$(read_all)" = '1 1 1' ] || die "while it ran: $(read_all)"
netpold_kill
[ "$(read_all)" = '1 1 1' ] || die "after the kill: $(read_all)"
netpold_start
netpold_stop
[ "$(read_all)" = '0 1 2' ] || die "after the stop: $(read_all)"
report status -o json | jq -e '.sysctls.nf_conntrack_acct == "1"' || die "$(report status)"
END
}

@test "a second netpold on the same database is refused" {
  in_namespace <<'END'
lab_start
netpold_start
status=0
"$programs/netpold" --config "$config" 2> "$lab/second.log" || status=$?
[ "$status" = 1 ] || die "the second ended with $status"
grep -q "flows.db" "$lab/second.log" || die "$(cat "$lab/second.log")"
netpold_stop
END
}

@test "SIGHUP reads the configuration again; a wrong one is reported and changes nothing" {
  in_namespace <<'END'
lab_start
configure '[conntrack]' 'dump_interval = 1h'
pod web 2; pod api 3
serve api UDP-LISTEN:5300
netpold_start
say web UDP:10.244.0.3:5300 || die "no answer"
configure '[conntrack]' 'dump_interval = soon'
kill -HUP "$netpold"
wait_for 10 grep -q "netpold.conf:15: dump_interval 'soon': expected" "$lab/netpold.log"
! has_edge true || die "dumped already: $(report edges)"
configure '[conntrack]' 'dump_interval = 1s'
kill -HUP "$netpold"
wait_for 10 has_edge '.port == 5300 and .verdict == "answered"'
netpold_stop
END
}

@test "SIGHUP again and again holds up neither commits nor dumps" {
  in_namespace <<'END'
lab_start
configure '[conntrack]' 'dump_interval = 1s'
pod web 2; pod api 3
serve api UDP-LISTEN:5300
netpold_start
while kill -HUP "$netpold" 2>/dev/null; do read -r -t 0.1 <> <(:) || true; done 3>&- &
say web UDP:10.244.0.3:5300 || die "no answer"
wait_for 20 has_edge '.port == 5300 and .verdict == "answered"'
netpold_stop
END
}

@test "the reader needs no right to write: while netpold writes, after kill -9 and after a stop" {
  in_namespace <<'END'
lab_start
pod web 2; pod api 3
serve api UDP-LISTEN:5300
read_only() {
  chmod 444 "$db"*
  chmod 555 "$lab"
  setpriv --bounding-set=-all --inh-caps=-all "$programs/netpol-report" edges -o json |
    jq -e 'any(.[]; .port == 5300)' || die "not $1"
  chmod 755 "$lab"
  chmod 640 "$db"*
}
netpold_start
say web UDP:10.244.0.3:5300 || die "no answer"
wait_for 10 has_edge '.port == 5300'
read_only "while it writes"
netpold_kill
read_only "after kill -9"
netpold_start
netpold_stop
read_only "after a stop"
END
}

@test "rules of the administrator's own do as well: --print-rules with manage_rules = no" {
  in_namespace <<'END'
lab_start
configure '[conntrack]' 'dump_interval = 1s' '[nftables]' 'manage_rules = no' '[log-group new]' 'group = 77'
pod intruder 2; pod db 3
"$programs/netpold" --config "$config" --print-rules > "$lab/rules.nft"
nft -f "$lab/rules.nft"
rules filter forward 0 'ip saddr 10.244.0.2 drop'
netpold_start
unheard intruder TCP:10.244.0.3:5432 || die "the intruder came through"
wait_for 15 eval '[ "$(report denied -o json | jq length)" = 1 ]'
netpold_stop
nft list table inet netpol > /dev/null || die "the administrator's table was taken away"
END
}

@test "systemd is told: ready, status, watchdog, reloading, stopping" {
  in_namespace <<'END'
lab_start
pod web 2; pod api 3
serve api TCP-LISTEN:8080
socat -u UNIX-RECV:"$lab/notify" OPEN:"$lab/told",creat,append 3>&- &
wait_for 10 test -S "$lab/notify"
export NOTIFY_SOCKET=$lab/notify WATCHDOG_USEC=10000000
netpold_start
wait_for 10 grep -q READY=1 "$lab/told"
say web TCP:10.244.0.3:8080 || die "no answer"
wait_for 10 grep -q 'STATUS=1 live connections, 2 pods' "$lab/told"
wait_for 10 grep -q WATCHDOG=1 "$lab/told"
kill -HUP "$netpold"
wait_for 10 grep -q RELOADING=1 "$lab/told"
netpold_stop
wait_for 10 grep -q STOPPING=1 "$lab/told"
END
}

@test "a start that fails before its first dump does not shorten the gap" {
  in_namespace <<'END'
lab_start
pod web 2; pod api 3
netpold_start
wait_for 10 sqlite3 -readonly "$db" 'SELECT 1 / (heartbeat > 0) FROM node'
netpold_kill
made=$(date +%s%3N)
in_pod web bash -c 'for ((i = 0; i < 20; i++)); do echo x > /dev/udp/10.244.0.3/7777; done'
begun=$SECONDS
wait_for 10 eval '[ $((SECONDS - begun)) -ge 6 ]'
# No process or thread more: the writer cannot be started after the first batch was written.
status=0
(ulimit -u 0; exec "$programs/netpold" --config "$config") 2> "$lab/failed.log" || status=$?
[ "$status" = 1 ] || die "it ended with $status: $(cat "$lab/failed.log")"
wait_for 10 eval '[ $((SECONDS - begun)) -ge 12 ]'
netpold_start
netpold_stop
sqlite3 -readonly "$db" "SELECT count(*) FROM gap WHERE source = 'daemon' AND since <= $made" | grep -qx 1 || die "made at $made: $(report status)"
END
}
