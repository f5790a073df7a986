#!/usr/bin/env bats
# Another reliable listener that does not read: the kernel tells everybody again, netpold counts once.

tools=tests/netns/idle_listener
load namespace.bash

common='
lab_start
configure "[conntrack]" "dump_interval = 1s"
pod web 2; pod api 3
serve api TCP-LISTEN:8080
"$programs/idle_listener" > "$lab/listener.log" &
listener=$!
wait_for 10 grep -q ready "$lab/listener.log"
netpold_start
conntrack -E -e NEW,DESTROY -o id > "$lab/events.log" 2> /dev/null &
watcher=$!
# datagrams COUNT: from a socket each, whose port may come twice; sets sent. connect COUNT: TCP, with an answer
datagrams() {
  in_pod web bash -c "for ((i = 0; i < $1; i++)); do echo x > /dev/udp/10.244.0.3/9999; done"
  sent=$(conntrack -L -p udp --dport 9999 2>/dev/null | wc -l)
}
connect() {
  in_pod web bash -c "for ((i = 0; i < $1; i++)); do exec 9<> /dev/tcp/10.244.0.3/8080; echo x >&9; read -r -u 9; exec 9>&-; done"
}
told() {
  grep -c "$1" "$lab/events.log"
}
check() {
  [ "$(sum_edges ".port == $1" connections)" = "$2" ] || die "$2 were made: $(report edges -o json)"
  report edges -o json | jq -e "[.[] | select(.port == $1) | .ended.vanished // 0] | add == 0" || die "$(report edges -o json)"
  report edges -o json | jq -e "all(.[] | select(.port == $1); .direction_uncertain | not)" || die "$(report edges -o json)"
  report status -o json | jq -e "[.gaps[] | select(.source == \"conntrack\")] == []" || die "$(report status)"
}'

@test "connections whose ends come again and again are counted once" {
  in_namespace <<END
$common
datagrams 220
[ "\$sent" -ge 200 ] || die "only \$sent were made"
conntrack -D -p udp --dport 9999 > /dev/null 2>&1
wait_for 20 eval '[ "\$(told "DESTROY.*9999")" -gt 300 ]'
kill "\$listener"
netpold_stop
check 9999 "\$sent"
END
}

@test "connections whose beginnings come again are counted once, and their direction is known" {
  in_namespace <<END
$common
connect 200
[ "\$(told "NEW.*8080")" -gt 200 ] || die "the beginnings did not come again"
conntrack -D -p tcp --dport 8080 > /dev/null 2>&1
wait_for 20 eval '[ "\$(told "DESTROY.*8080")" -gt 300 ]'
kill "\$listener"
netpold_stop
check 8080 200
END
}
