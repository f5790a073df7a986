#!/usr/bin/env bats
# What forwarded connections become: each counted once, with its pods, ports, addresses and verdict.

load namespace.bash

@test "TCP and UDP over IPv4 and IPv6 are recorded once, with both pods and the target port" {
  in_namespace <<'END'
lab_start
pod web 2; pod api 3
serve api TCP-LISTEN:8080
serve api TCP6-LISTEN:8081,ipv6only=1
serve api UDP-LISTEN:5300
netpold_start
say web TCP:10.244.0.3:8080 || die "no answer"
say web TCP6:[fd00:244::3]:8081 || die "no answer over IPv6"
say web UDP:10.244.0.3:5300 || die "no answer over UDP"
netpold_stop
for want in '"TCP" and .port == 8080' '"TCP" and .port == 8081' '"UDP" and .port == 5300'; do
  filter=".protocol == $want and .from.name == \"web\" and .to.name == \"api\" and .verdict == \"answered\""
  has_edge "$filter and .connections == 1 and .direction_certain and .packets_sent > 0 and .bytes_received > 0 and .service == null" ||
    die "no edge with $want: $(report edges -o json)"
done
[ "$(report status -o json | jq -c '[.connections.opened, .connections.answered, .connections.denied]')" = '[3,3,0]' ] ||
  die "$(report status)"
END
}

@test "ICMP and a protocol without ports have no port" {
  in_namespace <<'END'
lab_start
pod web 2; pod api 3
netpold_start
in_pod web ping -c 1 -W 3 10.244.0.3
in_pod web ping -c 1 -W 3 fd00:244::3
echo datagram | in_pod web socat -u - IP4-SENDTO:10.244.0.3:253
wait_for 10 eval 'conntrack -L 2>/dev/null | grep -q "unknown  *253"'
netpold_stop
has_edge '.protocol == "ICMP" and .port == null and .verdict == "answered"' || die "$(report edges)"
has_edge '.protocol == "ICMPv6" and .port == null and .verdict == "answered"' || die "$(report edges)"
has_edge '.protocol == "253" and .port == null and .verdict == "one-way"' || die "$(report edges)"
END
}

@test "SCTP has ports" {
  in_namespace <<'END'
lab_start
pod web 2; pod api 3
netpold_start
# INIT from port 40000 to 7000: header with CRC32c, chunk of 20 bytes
printf '\x9c\x40\x1b\x58\x00\x00\x00\x00\xa8\x71\xc0\x0d\x01\x00\x00\x14\x00\x00\x00\x01\x00\x00\x10\x00\x00\x01\x00\x01\x00\x00\x00\x01' |
  in_pod web socat -u - IP4-SENDTO:10.244.0.3:132
wait_for 10 eval 'conntrack -L 2>/dev/null | grep -q sctp'
netpold_stop
has_edge '.protocol == "SCTP" and .port == 7000 and .verdict == "unanswered"' || die "$(report edges)"
END
}

@test "a connection opened before netpold started is recorded" {
  in_namespace <<'END'
lab_start
rules filter forward 0 'ct state new counter'
pod web 2; pod api 3
grow_old web 2; grow_old api 3
serve api TCP-LISTEN:8080
mkfifo "$lab/hold"
in_pod web socat TCP:10.244.0.3:8080 - < "$lab/hold" > "$lab/heard" 3>&- &
exec 4> "$lab/hold"
echo hello >&4
wait_for 10 grep -q hello "$lab/heard"
netpold_start
wait_for 10 has_edge '.from.name == "web" and .to.name == "api" and .port == 8080 and .verdict == "answered" and .connections == 1'
report status | grep -q 'tracking: was on' || die "$(report status)"
END
}

@test "behind a service address: the backend and the target port, the service beside them" {
  in_namespace <<'END'
lab_start
pod web 2; pod api 3
serve api TCP-LISTEN:8080
rules nat prerouting dstnat 'ip daddr 10.96.0.20 tcp dport 80 dnat ip to 10.244.0.3:8080'
netpold_start
say web TCP:10.96.0.20:80 || die "no answer"
netpold_stop
has_edge '.to.name == "api" and .port == 8080 and .service.address == "10.96.0.20" and .service.port == 80 and .connections == 1' ||
  die "$(report edges -o json)"
[ "$(report edges -o json | jq length)" = 1 ] || die "more than one edge: $(report edges)"
END
}

@test "source NAT is kept beside the source" {
  in_namespace <<'END'
lab_start
pod web 2; pod api 3
serve api TCP-LISTEN:8080
rules nat postrouting srcnat 'ip saddr 10.244.0.2 snat ip to 10.244.0.1'
netpold_start
say web TCP:10.244.0.3:8080 || die "no answer"
netpold_stop
has_edge '.from.name == "web" and .to.name == "api" and .translated == "10.244.0.1" and .verdict == "answered"' ||
  die "$(report edges -o json)"
END
}

@test "refused, unanswered and one-way are told apart" {
  in_namespace <<'END'
lab_start
pod web 2; pod api 3
ip netns exec api nft -f - <<'RULES'
table inet quiet {
  chain i {
    type filter hook input priority 0;
    tcp dport 9001 drop
    udp dport 9002 drop
  }
}
RULES
netpold_start
unheard web TCP:10.244.0.3:9000 || die "somebody answered on 9000"
! in_pod web socat -u - TCP:10.244.0.3:9001,connect-timeout=1 < /dev/null 2>/dev/null || die "somebody answered on 9001"
echo metric | in_pod web socat -u - UDP:10.244.0.3:9002
netpold_stop
has_edge '.port == 9000 and .verdict == "refused" and .connections == 1' || die "$(report edges)"
has_edge '.port == 9001 and .verdict == "unanswered" and .connections == 1' || die "$(report edges)"
has_edge '.port == 9002 and .verdict == "one-way" and .connections == 1' || die "$(report edges)"
END
}

@test "what a rule drops or rejects is denied once, and never opened" {
  in_namespace <<'END'
lab_start
pod intruder 2 lab; pod db 3; pod web 4
serve db TCP-LISTEN:5432
rules filter forward 0 'ip saddr 10.244.0.2 tcp dport 5432 drop' 'ip saddr 10.244.0.2 tcp dport 5433 reject' \
  'ip saddr 10.244.0.2 udp dport 53 drop'
netpold_start
say web TCP:10.244.0.3:5432 || die "the web may"
unheard intruder TCP:10.244.0.3:5432 || die "the intruder came through"
unheard intruder TCP:10.244.0.3:5433 || die "the intruder came through"
echo query | in_pod intruder socat -u - UDP:10.244.0.3:53
wait_for 15 eval '[ "$(report denied -o json | jq length)" = 3 ]'
netpold_stop
report denied -o json | jq -e 'all(.[]; .from.name == "intruder" and .from.namespace == "lab" and .to.name == "db"
  and .connections == 1 and .cause == "policy")' || die "$(report denied -o json)"
[ "$(report status -o json | jq -c '[.connections.opened, .connections.denied, .complete]')" = '[1,3,true]' ] || die "$(report status)"
END
}

@test "as many connections are recorded as the rule counted first packets, none of them denied" {
  in_namespace <<'END'
lab_start
pod web 2; pod api 3
serve api TCP-LISTEN:8080
netpold_start
in_pod web bash -c 'for ((i = 0; i < 300; i++)); do echo x > /dev/udp/10.244.0.3/9999; done; for ((i = 0; i < 50; i++)); do : < /dev/tcp/10.244.0.3/8080; done'
counted=$(nft list table inet netpol | sed -n 's/.*counter packets \([0-9]*\).*/\1/p')
[ "$counted" -ge 300 ] || die "the rule counted $counted"
netpold_stop
[ "$(sum_edges '.verdict == "denied" or .verdict == "unknown"' connections)" = 0 ] || die "$(report denied)"
[ "$(sum_edges true connections)" = "$counted" ] || die "the rule counted $counted: $(report edges)"
report status -o json | jq -e .complete || die "$(report status)"
END
}

@test "a connection picked up mid-stream has no certain direction" {
  in_namespace <<'END'
lab_start
pod web 2; pod api 3
serve api TCP-LISTEN:8080
netpold_start
mkfifo "$lab/hold"
in_pod web socat TCP:10.244.0.3:8080 - < "$lab/hold" > "$lab/heard" 3>&- &
exec 4> "$lab/hold"
echo one >&4
wait_for 10 grep -q one "$lab/heard"
wait_for 10 has_edge '.port == 8080 and .direction_certain'
conntrack -F 2>/dev/null
echo two >&4
wait_for 10 grep -q two "$lab/heard"
wait_for 10 has_edge '.direction_certain | not'
END
}

@test "a connection picked up mid-stream before netpold started has no certain direction either" {
  in_namespace <<'END'
lab_start
rules filter forward 0 'ct state new counter'
pod web 2; pod api 3
serve api TCP-LISTEN:8080
mkfifo "$lab/hold"
in_pod web socat TCP:10.244.0.3:8080 - < "$lab/hold" > "$lab/heard" 3>&- &
exec 4> "$lab/hold"
echo one >&4
wait_for 10 grep -q one "$lab/heard"
conntrack -F 2>/dev/null
echo two >&4
wait_for 10 grep -q two "$lab/heard"
netpold_start
wait_for 10 has_edge '.verdict == "answered" and (.direction_certain | not)'
END
}

@test "what is excluded is not recorded, by either end, nor taken for denied; status says so" {
  in_namespace <<'END'
lab_start
configure '[conntrack]' 'dump_interval = 1s' 'exclude = 10.244.0.4 fd00:244::4/127'
rules filter forward 0 'tcp dport 9999 drop'
pod web 2; pod api 3; pod probe 4; pod batch 5
serve api TCP-LISTEN:8080; serve api TCP6-LISTEN:8081; serve probe TCP-LISTEN:8080
netpold_start
say probe TCP:10.244.0.3:8080 || die "no answer"
say probe 'TCP6:[fd00:244::3]:8081' || die "no answer"
say batch 'TCP6:[fd00:244::3]:8081' || die "no answer"
say web TCP:10.244.0.4:8080 || die "no answer"
unheard web TCP:10.244.0.4:9999 || die "it came through"
unheard web TCP:10.244.0.3:9999 || die "it came through"
say web TCP:10.244.0.3:8080 || die "no answer"
wait_for 15 has_edge '.port == 9999 and .verdict == "denied"'
netpold_stop
[ "$(report edges -o json | jq '[.[].connections] | add')" = 2 ] || die "$(report edges)"
report edges -o json | jq -e 'all(.[]; .from.name == "web" and .to.name == "api")' || die "$(report edges)"
report status -o json | jq -e '.excluded | tostring | test("10.244.0.4/32")' || die "$(report status -o json)"
END
}
