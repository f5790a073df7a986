#!/usr/bin/env bats
# Whatever is known to be missed is a gap, and nothing is called denied meanwhile.

load namespace.bash

burst='
# burst POD COUNT [PORT]: datagrams to a port of the api, each from a socket of its own; sets sent to the connections that makes
burst() {
  in_pod "$1" bash -c "for ((i = 0; i < $2; i++)); do echo x > /dev/udp/10.244.0.3/${3:-9999}; done"
  sent=$(conntrack -L -p udp --dport "${3:-9999}" 2>/dev/null | wc -l)
}
# Only once its process watches is anything kept for later.
valve_wait() {
  wait_for 10 grep -qsx netpold-valve /proc/[0-9]*/comm
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
valve_wait
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

@test "what the kernel was to keep and is given up is a gap; when that is over it is kept again" {
  in_namespace <<END
$burst
overruns() {
  report status -o json | jq -c '[.gaps[] | select(.reason | test("buffer was full")) | .at_most]'
}
# quiet: for longer than nothing may be dropped before
quiet() {
  local begun=\$SECONDS
  wait_for 20 eval '[ \$((SECONDS - begun)) -gt 3 ]'
}
# overrun_is_kept: all of a burst comes after all, and no gap
overrun_is_kept() {
  local before
  port=\$((port - 1))
  before=\$(overruns)
  quiet
  kill -STOP "\$netpold"
  burst web 900 "\$port"
  [ "\$sent" -gt 800 ] || die "only \$sent connections"
  conntrack -D -p udp --dport "\$port" > /dev/null 2>&1
  kill -CONT "\$netpold"
  wait_for 30 eval '[ "\$(sum_edges ".port == \$port" connections)" = "\$sent" ] || [ "\$(overruns)" != "\$before" ]'
  [ "\$(overruns)" = "\$before" ]
}
lab_start
configure '[conntrack]' 'dump_interval = 1h' 'buffer_size = 64K' 'undelivered_max = 3000'
pod web 2; pod api 3
netpold_start
valve_wait
# Twice as many events as connections, most of which find no room.
kill -STOP "\$netpold"
burst web 2000 9998
conntrack -D -p udp --dport 9998 > /dev/null 2>&1
# What waits to be told is counted as being there.
wait_for 20 eval '[ "\$(cat /proc/sys/net/netfilter/nf_conntrack_count)" -lt 100 ]'
kill -CONT "\$netpold"
wait_for 20 eval '[ "\$(overruns)" != "[]" ]'
port=9998
wait_for 60 overrun_is_kept
after=\$(overruns)
netpold_stop
[ "\$(sum_edges ".port == \$port and .verdict == \"one-way\"" connections)" = "\$sent" ] || die "\$(report edges)"
[ "\$(overruns)" = "\$after" ] || die "after \$after: \$(report status)"
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
unheard intruder TCP:10.244.0.3:5432 || die "the intruder came through"
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
guard() {
  grep -lx netpold-valve /proc/[0-9]*/comm | tr -dc 0-9
}
# It is no copy of netpold: it was begun as itself, and of all that netpold has open it has the event socket.
is_by_itself() {
  [ "$(tr '\0' ' ' < "/proc/$1/cmdline" | cut -d ' ' -f 1)" = netpold-valve ] || die "it is $(tr '\0' ' ' < "/proc/$1/cmdline")"
  [ "$(find "/proc/$1/fd" -lname 'socket:*' | grep -cv '/[012]$')" = 1 ] || die "$(ls -l "/proc/$1/fd")"
  [ "$(find "/proc/$1/fd" -type l | grep -cv '/[012]$')" = 2 ] || die "$(ls -l "/proc/$1/fd")"
  # Nobody could execute what it shares with netpold, where the kernel can promise that.
  [ ! -e /proc/sys/vm/memfd_noexec ] || find -L "/proc/$1/fd" -type f -perm 666 | grep -q . || die "$(ls -lL "/proc/$1/fd")"
}
lab_start
pod web 2; pod api 3
installed=$programs
programs=$(mktemp -d -p "$lab")
cp "$installed/netpold" "$installed/netpol-report" "$programs"
netpold_start
wait_for 10 eval '[ "$(guards)" = 1 ]'
first=$(guard)
is_by_itself "$first"
# Another version takes its place meanwhile.
cp /bin/false "$programs/upgraded"
mv "$programs/upgraded" "$programs/netpold"
kill -KILL "$first"
wait_for 10 grep -q 'the process of the valve was ended by someone' "$lab/netpold.log"
wait_for 10 eval '[ "$(guards)" = 1 ]'
second=$(guard)
[ "$second" != "$first" ] || die "it is the same"
is_by_itself "$second"
programs=$installed
netpold_kill
wait_for 10 eval '[ "$(guards)" = 0 ]'
netpold_start
wait_for 10 eval '[ "$(guards)" = 1 ]'
netpold_stop
[ "$(guards)" = 0 ] || die "it outlived netpold"
END
}

@test "a valve whose process cannot begin is said once and in the record, and is there again when it can" {
  in_namespace <<'END'
delivery() {
  report status -o json | jq -e "[.. | strings | select(test(\"$1\"))] != []"
}
guards() {
  grep -lx netpold-valve /proc/[0-9]*/comm 2> /dev/null
}
lab_start
library=$(ldd "$programs/netpold" | sed -n 's/.* => \(.*libinih[^ ]*\) .*/\1/p')
[ -n "$library" ] || die "$(ldd "$programs/netpold")"
mkdir "$lab/libraries"
cp "$library" "$lab/libraries/"
netpold_wrapper="env LD_LIBRARY_PATH=$lab/libraries" netpold_start
wait_for 10 grep -qsx netpold-valve /proc/[0-9]*/comm
wait_for 10 delivery 'reliable, within bounds'
echo > "$lab/broken"
mv "$lab/broken" "$lab/libraries/${library##*/}"
kill -KILL "$(guards | tr -dc 0-9)"
wait_for 10 grep -q 'delivery of events is not reliable: the process of the valve ends before it begins' "$lab/netpold.log"
wait_for 10 delivery 'ends before it begins'
# The third attempt.
wait_for 20 eval '[ "$(grep -c "error while loading shared libraries" "$lab/netpold.log")" = 3 ]'
cp "$library" "$lab/libraries/fresh"
mv "$lab/libraries/fresh" "$lab/libraries/${library##*/}"
wait_for 20 grep -q 'delivery of events is reliable again' "$lab/netpold.log"
grep -qsx netpold-valve /proc/[0-9]*/comm || die "there is none"
wait_for 10 delivery 'reliable, within bounds'
netpold_stop
[ "$(grep -c 'is not reliable: the process' "$lab/netpold.log.last")" = 1 ] || die "$(cat "$lab/netpold.log.last")"
[ "$(grep -c 'ended by someone' "$lab/netpold.log.last")" = 1 ] || die "$(cat "$lab/netpold.log.last")"
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
