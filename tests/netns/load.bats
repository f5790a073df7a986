#!/usr/bin/env bats
# More than netpold can read: the node's forwarding does not suffer from it, and what is missed is bounded.

tools='tests/bench/offer'
load namespace.bash

loaded='
# loaded_lab: a client that can offer load to addresses behind a device that drops; its packets are counted as they leave
loaded_lab() {
  lab_start
  pod web 2
  cpus=($(taskset -cp $$ | sed "s/.*: //" | tr ",-" "  "))
  gateway=$(ip -json link show veth2 | jq -r ".[0].address")
  ip link add sink type bridge
  ip link set sink arp off up
  ip route add 10.96.0.0/12 dev sink
  nft -f - <<RULES
table inet truth {
  counter offered { }
  chain own { type filter hook output priority -300; notrack; }
  chain postrouting { type filter hook postrouting priority 300; iifname "veth2" ct state new counter name offered; }
}
RULES
  socat -u UNIX-RECV:"$lab/notify" OPEN:"$lab/told",creat,append 3>&- &
  wait_for 10 test -S "$lab/notify"
  export NOTIFY_SOCKET=$lab/notify
  # An expired entry goes when somebody meets it.
  (while :; do conntrack -L > /dev/null 2>&1; sleep 0.5; done) 3>&- &
}
udp_timeout() {
  sysctl -qw net.netfilter.nf_conntrack_udp_timeout="$1"
}
offer() {
  ip netns exec web "$programs/offer" -c "${cpus[0]}" -m "$gateway" "$@" eth0
}
offered() {
  nft list counter inet truth offered | sed -n "s/.*packets \([0-9]*\).*/\1/p"
}
in_table() {
  cat /proc/sys/net/netfilter/nf_conntrack_count
}
told_live() {
  sed -n "s/.*STATUS=\([0-9]*\) live connections.*/\1/p" "$lab/told" | tail -n 1
}
recorded() {
  sqlite3 -readonly "$db" "SELECT ifnull(sum(connections), 0) FROM edge WHERE verdict <> 5"
}
gap_bounds() {
  report status -o json | jq "[.gaps[].at_most] | if any(. == null) then 1e18 else add // 0 end"
}'

@test "stopped for 5 s under 2,000 connections/s: every connection is recorded, and then it knows what is live" {
  in_namespace <<END
$loaded
loaded_lab
netpold_start
udp_timeout 600
offer -n 300
udp_timeout 1
offer -r 2000 -d 2 -f 100000
kill -STOP "\$netpold"
udp_timeout 600
offer -n 400 -f 200000
udp_timeout 1
offer -r 2000 -d 5 -f 300000
kill -CONT "\$netpold"
wait_for 60 eval '[ "\$(in_table)" = 700 ]'
wait_for 60 eval '[ "\$(told_live)" = 700 ]'
netpold_stop
[ "\$(recorded)" = "\$(offered)" ] || die "\$(offered) offered, \$(recorded) recorded: \$(report status)"
[ "\$(report status -o json | jq .connections.closed)" = \$((\$(offered) - 700)) ] || die "\$(report status)"
END
}

@test "stopped for 6 s under all that a namespace can carry: forwarding goes on, and a gap covers what is missing" {
  in_namespace <<END
$loaded
loaded_lab
rate=\$((\$(cat /proc/sys/net/netfilter/nf_conntrack_max) / 5))
[ "\$rate" -lt 50000 ] || rate=50000
# pace: new connections a second until the moment SECONDS from now
pace() {
  local count=\$(offered) begin=\${EPOCHREALTIME/./}
  sleep "\$1"
  paced=\$(((\$(offered) - count) * 1000000 / (\${EPOCHREALTIME/./} - begin)))
}
netpold_start
udp_timeout 1
offer -r "\$rate" -d 14 > "\$lab/offered" 3>&- &
load=\$!
wait_for 10 eval '[ "\$(offered)" -gt 0 ]'
pace 3; before=\$paced
kill -STOP "\$netpold"
pace 6; stopped=\$paced
kill -CONT "\$netpold"
wait "\$load"
echo "\$before/s before, \$stopped/s while netpold was stopped (\$((stopped * 100 / before)) %)" > "\$lab/summary"
wait_for 90 eval '[ "\$(in_table)" = 0 ]'
wait_for 60 eval '[ "\$(told_live)" = 0 ]'
netpold_stop
missing=\$((\$(offered) - \$(recorded)))
echo "\$(offered) offered, \$(recorded) recorded, gaps of at most \$(gap_bounds)" >> "\$lab/summary"
[ "\$stopped" -ge \$((before * 80 / 100)) ] || die "\$(cat "\$lab/summary")"
[ "\$missing" -ge 0 ] || die "more than there were: \$(cat "\$lab/summary")"
[ "\$missing" = 0 ] || report status -o json | jq -e '([.gaps[].at_most] | any(. == null)) or ([.gaps[].at_most] | add) >= '"\$missing" ||
  die "\$(cat "\$lab/summary"): \$(report status)"
END
  sed 's/^/# /' "$lab/summary" >&3
}
