# For tests that load: what each script of theirs begins with, after lab.sh.

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
}
# buffered_events: how many events fit into the buffer that netpold got
buffered_events() {
  echo $(($(sed -n "s/.*receive buffer \([0-9]*\) bytes.*/\1/p" "$lab/netpold.log") / 1280))
}
# stopped_for_5_s RATE: new connections a second while netpold is stopped; each ends within a second or so
stopped_for_5_s() {
  udp_timeout 600
  offer -n 300
  udp_timeout 1
  offer -r "$1" -d 2 -f 100000
  kill -STOP "$netpold"
  udp_timeout 600
  offer -n 400 -f 200000
  udp_timeout 1
  offer -r "$1" -d 5 -f 300000
  kill -CONT "$netpold"
  wait_for 60 eval "[ \"\$(in_table)\" = 700 ]"
  wait_for 60 eval "[ \"\$(told_live)\" = 700 ]"
  netpold_stop
  [ "$(recorded)" = "$(offered)" ] || die "$(offered) offered, $(recorded) recorded: $(report status)"
  [ "$(report status -o json | jq .connections.closed)" = $(($(offered) - 700)) ] || die "$(report status)"
  report status -o json | jq -e "[.gaps[] | select(.source == \"conntrack\")] == []" || die "$(report status)"
}'
