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
configure '[conntrack]' 'dump_interval = 1h' 'buffer_size = 64K'
pod web 2; pod api 3
netpold_start
kill -STOP "\$netpold"
burst web 2000
kill -CONT "\$netpold"
[ "\$sent" -gt 1500 ] || die "only \$sent connections"
wait_for 20 eval 'report status -o json | jq -e ".gaps | any(.source == \"conntrack\")"'
report status -o json | jq -e '([.gaps[] | select(.source == "conntrack") | .at_most] | add) >= '"\$((sent - 210))" ||
  die "\$sent sent: \$(report status)"
wait_for 20 grep -q . <(report status)
netpold_stop
[ "\$(sum_edges '.port == 9999 and .verdict == "one-way"' connections)" = "\$sent" ] || die "\$sent sent: \$(report edges)"
[ "\$(sum_edges '.verdict == "denied"' connections)" = 0 ] || die "\$(report denied)"
report status -o json | jq -e '.complete | not' || die "\$(report status)"
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
