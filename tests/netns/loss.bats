#!/usr/bin/env bats
# Whatever is known to be missed is a gap, and nothing is called denied meanwhile.

load namespace.bash

burst='
# burst POD COUNT: datagrams to port 9999 of the api, each from a socket of its own; sets sent to the connections that makes
burst() {
  in_pod "$1" bash -c "for ((i = 0; i < $2; i++)); do echo x > /dev/udp/10.244.0.3/9999; done"
  sent=$(conntrack -L -p udp --dport 9999 2>/dev/null | wc -l)
}'

@test "an overrun of the event socket is a gap that covers what was missed, and the dump finds the living" {
  in_namespace <<END
$burst
lab_start
configure '[conntrack]' 'dump_interval = 1h' 'buffer_size = 64K' 'undelivered_max = 0'
pod web 2; pod api 3
netpold_start
kill -STOP "\$netpold"
burst web 2000
kill -CONT "\$netpold"
[ "\$sent" -gt 1500 ] || die "only \$sent connections"
wait_for 20 eval 'report status -o json | jq -e ".gaps | any(.source == \"conntrack\")"'
report status -o json | jq -e '([.gaps[] | select(.source == "conntrack") | .at_most] | add) >= '"\$((sent - 210))" ||
  die "\$sent sent: \$(report status)"
netpold_stop
[ "\$(sum_edges '.port == 9999 and .verdict == "one-way"' connections)" = "\$sent" ] || die "\$sent sent: \$(report edges)"
[ "\$(sum_edges '.verdict == "denied"' connections)" = 0 ] || die "\$(report denied)"
report status -o json | jq -e '.complete | not' || die "\$(report status)"
END
}

@test "what a full buffer cannot take is kept by the kernel: a short overrun loses nothing and is no gap" {
  in_namespace <<END
$burst
lab_start
configure '[conntrack]' 'dump_interval = 1h' 'buffer_size = 64K'
pod web 2; pod api 3
netpold_start
kill -STOP "\$netpold"
burst web 900
[ "\$sent" -gt 800 ] || die "only \$sent connections"
conntrack -D -p udp --dport 9999 > /dev/null 2>&1
kill -CONT "\$netpold"
wait_for 30 eval '[ "\$(sum_edges ".port == 9999" connections)" = "\$sent" ]'
netpold_stop
[ "\$(sum_edges '.port == 9999 and .verdict == "one-way"' connections)" = "\$sent" ] || die "\$(report edges)"
report status -o json | jq -e '[.gaps[] | select(.source == "conntrack")] == []' || die "\$(report status)"
report edges -o json | jq -e '[.[] | select(.port == 9999) | .ended.deleted] == ['"\$sent"']' || die "\$(report edges -o json)"
END
}

@test "a database without gaps is complete" {
  in_namespace <<END
$burst
lab_start
pod web 2; pod api 3
netpold_start
burst web 500
netpold_stop
[ "\$(sum_edges '.port == 9999' connections)" = "\$sent" ] || die "\$sent sent: \$(report edges)"
report status -o json | jq -e .complete || die "\$(report status)"
END
}

@test "without the right to netlink netpold says what it needs" {
  in_namespace <<'END'
lab_start
status=0
setpriv --bounding-set=-net_admin --inh-caps=-net_admin "$programs/netpold" --config "$config" 2> "$lab/refused.log" || status=$?
[ "$status" = 1 ] || die "it ended with $status"
grep -q CAP_NET_ADMIN "$lab/refused.log" || die "$(cat "$lab/refused.log")"
END
}

@test "while the log group is another's, what was denied is not known, and the record says so; then it is taken over" {
  in_namespace <<'END'
lab_start
rules filter forward 0 'ip saddr 10.244.0.2 drop'
pod intruder 2; pod db 3
sed "s|flows.db|other.db|" "$config" > "$lab/other.conf"
"$programs/netpold" --config "$lab/other.conf" 2> "$lab/other.log" 3>&- &
other=$!
wait_for 20 grep -q 'netpold: recording' "$lab/other.log"
netpold_start
grep -q 'another process has it' "$lab/netpold.log" || die "nothing is said of the group"
! say intruder TCP:10.244.0.3:5432 || die "the intruder came through"
wait_for 10 eval 'report status -o json | jq -e "[.gaps[].source] | any(. == \"log\" or . == \"rules\")"'
[ "$(report denied -o json | jq length)" = 0 ] || die "$(report denied)"
kill "$other"
wait "$other" || die "the other ended with $?"
wait_for 20 nft list table inet netpol
# Shortly after the gap nothing is claimed yet, so it tries again.
port=5433
attempt() {
  in_pod intruder socat -u /dev/null TCP:10.244.0.3:$((port++)),connect-timeout=1
  [ "$(report denied -o json | jq length)" -gt 0 ]
}
wait_for 30 attempt
report denied -o json | jq -e 'all(.[]; .port > 5432)' || die "$(report denied)"
netpold_stop
END
}

@test "nothing is called denied because netpold was stopped for a while" {
  in_namespace <<'END'
lab_start
pod web 2; pod api 3
netpold_start
for round in 1 2; do
  kill -STOP "$netpold"
  in_pod web bash -c 'for port in {7001..7030}; do : < /dev/tcp/10.244.0.3/$port; done' 2>/dev/null || true
  begun=$SECONDS
  wait_for 10 eval '[ $((SECONDS - begun)) -ge 5 ]'
  kill -CONT "$netpold"
  wait_for 10 eval "[ \"\$(sum_edges '.verdict == \"refused\"' connections)\" = $((round * 30)) ]"
done
begun=$SECONDS
wait_for 10 eval '[ $((SECONDS - begun)) -ge 4 ]'
netpold_stop
[ "$(report denied -o json | jq length)" = 0 ] || die "$(report denied)"
END
}

@test "the valve has a process: it goes with netpold, however that ends, and another follows one that was killed" {
  in_namespace <<'END'
guards() {
  grep -lx netpold-valve /proc/[0-9]*/comm 2> /dev/null | wc -l
}
lab_start
pod web 2; pod api 3
netpold_start
wait_for 10 eval '[ "$(guards)" = 1 ]'
first=$(grep -lx netpold-valve /proc/[0-9]*/comm | tr -dc 0-9)
[ -z "$(find "/proc/$first/fd" -lname '*flows.db*')" ] || die "it holds the database"
kill -KILL "$first"
wait_for 10 grep -q 'the process of the valve was ended by someone' "$lab/netpold.log"
wait_for 10 eval '[ "$(guards)" = 1 ]'
[ "$(grep -lx netpold-valve /proc/[0-9]*/comm | tr -dc 0-9)" != "$first" ] || die "it is the same"
netpold_kill
wait_for 10 eval '[ "$(guards)" = 0 ]'
netpold_start
wait_for 10 eval '[ "$(guards)" = 1 ]'
netpold_stop
[ "$(guards)" = 0 ] || die "it outlived netpold"
END
}

@test "events that somebody switches off are switched on again, and the time between is a gap" {
  in_namespace <<'END'
setting=/proc/sys/net/netfilter/nf_conntrack_events
lab_start
pod web 2; pod api 3
netpold_start
[ "$(cat $setting)" = 1 ] || die "events are $(cat $setting)"
echo 0 > $setting
in_pod web bash -c 'for ((i = 0; i < 20; i++)); do echo x > /dev/udp/10.244.0.3/7777; done'
conntrack -D -p udp --dport 7777 > /dev/null 2>&1
wait_for 10 grep -q 'somebody set nf_conntrack_events to 0; it is set again' "$lab/netpold.log"
[ "$(cat $setting)" = 1 ] || die "events are $(cat $setting)"
begun=$SECONDS
wait_for 10 eval '[ $((SECONDS - begun)) -ge 3 ]'
netpold_stop
report status -o json | jq -e '.gaps | any(.reason == "conntrack events were switched off")' || die "$(report status)"
[ "$(report denied -o json | jq length)" = 0 ] || die "$(report denied)"
END
}
