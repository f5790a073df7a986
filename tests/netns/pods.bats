#!/usr/bin/env bats
# Who had the address at that moment: pods that come, go and hand their address on.

load namespace.bash

@test "connections of a pod that lived 300 ms are bound to it" {
  in_namespace <<'END'
lab_start
pod api 3
serve api TCP-LISTEN:8080
netpold_start
pod brief 2
begun=${EPOCHREALTIME/./}
say brief TCP:10.244.0.3:8080 || die "no answer"
wait_for 5 eval '[ $((${EPOCHREALTIME/./} - begun)) -ge 300000 ]'
pod_end brief 2
netpold_stop
has_edge '.from.name == "brief" and .to.name == "api" and .connections == 1 and .verdict == "answered"' || die "$(report edges -o json)"
report pods -o json | jq -e '.[] | select(.name == "brief") | .addresses | length == 2 and all(.until != null)' || die "$(report pods)"
END
}

@test "an address that moved from one pod to another gives each its own edges" {
  in_namespace <<'END'
lab_start
pod api 3
serve api TCP-LISTEN:8080
netpold_start
for name in first second third; do
  pod "$name" 2
  say "$name" TCP:10.244.0.3:8080 || die "no answer for $name"
  say "$name" TCP:10.244.0.3:8080 || die "no answer for $name"
  pod_end "$name" 2
done
netpold_stop
for name in first second third; do
  [ "$(sum_edges ".from.name == \"$name\" and .to.name == \"api\"" connections)" = 2 ] || die "$(report edges)"
done
[ "$(sum_edges true connections)" = 6 ] || die "$(report edges)"
END
}

@test "the address of a listening pod that moved gives each its own edges" {
  in_namespace <<'END'
lab_start
pod web 2
netpold_start
for name in old new; do
  pod "$name" 3
  serve "$name" TCP-LISTEN:8080
  say web TCP:10.244.0.3:8080 || die "no answer of $name"
  pod_end "$name" 3
  conntrack -F 2>/dev/null
done
netpold_stop
for name in old new; do
  [ "$(sum_edges ".to.name == \"$name\"" connections)" = 1 ] || die "$(report edges)"
done
END
}

@test "garbage and half-written files are survived, and reported once" {
  in_namespace <<'END'
lab_start
echo '{"kind":"cniCacheV1","containerId":"abc' > "$cni/pods-half-eth0"
printf '\0\1\2' > "$cni/pods-binary-eth0"
: > "$cni/pods-empty-eth0"
mkfifo "$cni/pods-fifo-eth0"
mkdir "$cni/pods-directory-eth0"
pod web 2; pod api 3
serve api TCP-LISTEN:8080
netpold_start
say web TCP:10.244.0.3:8080 || die "no answer"
wait_for 30 grep -q pods-half-eth0 "$lab/netpold.log"
wait_for 30 grep -q pods-binary-eth0 "$lab/netpold.log"
touch "$cni/pods-half-eth0"
pod late 4
say late TCP:10.244.0.3:8080 || die "no answer"
netpold_stop
[ "$(grep -c pods-binary-eth0 "$lab/netpold.log.last")" = 1 ] || die "$(cat "$lab/netpold.log.last")"
has_edge '.from.name == "web" and .to.name == "api"' || die "$(report edges)"
has_edge '.from.name == "late" and .to.name == "api"' || die "$(report edges)"
[ "$(report pods -o json | jq length)" = 3 ] || die "$(report pods)"
END
}

@test "a directory of CNI results that appears later is found" {
  in_namespace <<'END'
lab_start
rmdir "$cni"
netpold_start
mkdir "$cni"
pod web 2; pod api 3
serve api TCP-LISTEN:8080
wait_for 20 eval '[ "$(report pods -o json | jq length)" = 2 ]'
say web TCP:10.244.0.3:8080 || die "no answer"
netpold_stop
has_edge '.from.name == "web" and .to.name == "api"' || die "$(report edges)"
END
}

@test "the node's own addresses are the node" {
  in_namespace <<'END'
lab_start
pod web 2
socat TCP-LISTEN:10250,fork,reuseaddr EXEC:cat 3>&- &
wait_for 10 eval 'ss -Hlnt "sport = :10250" | grep -q .'
netpold_start
say web TCP:10.244.0.1:10250 || die "no answer"
netpold_stop
has_edge '.from.name == "web" and .to.kind == "node" and .to.name == "node-a" and .port == 10250' || die "$(report edges -o json)"
END
}

# The allocator's file says to the moment since when and until when.
@test "an address that is handed on at once, as host-local notes it, gives each its own edges" {
  in_namespace <<'END'
host_local=$lab/ipam
lab_start
allocate api 3; pod api 3
serve api TCP-LISTEN:8080
netpold_start
for i in 1 2 3 4 5 6 7 8; do
  allocate "brief$i" 2; pod "brief$i" 2
  say "brief$i" TCP:10.244.0.3:8080 || die "no answer for $i"
  say "brief$i" TCP:10.244.0.3:8080 || die "no answer for $i"
  pod_end "brief$i" 2
done
netpold_stop
for i in 1 2 3 4 5 6 7 8; do
  [ "$(sum_edges ".from.name == \"brief$i\" and .to.name == \"api\"" connections)" = 2 ] || die "$i: $(report edges)"
done
[ "$(sum_edges true connections)" = 16 ] || die "$(report edges)"
report pods -o json | jq -e '.[] | select(.name == "brief3") | .sources | tostring | contains("cni-result") and contains("host-local")' ||
  die "$(report pods -o json)"
grep -q "host-local: $host_local found" "$lab/netpold.log.last" || die "$(cat "$lab/netpold.log.last")"
report status -o json | jq -e --arg place "$host_local" '.sources | tostring | contains($place)' || die "$(report status -o json)"
END
}

@test "a pod that speaks before its CNI result is written is bound to what it said, not to what was said to its address" {
  in_namespace <<'END'
lab_start
pod api 3
serve api TCP-LISTEN:8080
netpold_start
pod_network late 2
echo lost | in_pod api socat -t 0 - UDP:10.244.0.2:5353 2>/dev/null || true
say late TCP:10.244.0.3:8080 || die "no answer"
wait_for 20 has_edge '.to.name == "api" and .connections == 1'
! has_edge '.from.kind == "pod" and .to.name == "api"' || die "$(report edges)"
cni_file late 2 shop
wait_for 20 has_edge '.from.name == "late" and .to.name == "api" and .connections == 1'
netpold_stop
[ "$(sum_edges '.to.name == "api"' connections)" = 1 ] || die "$(report edges)"
[ "$(sum_edges '.from.name == "api" and .port == 5353' connections)" = 1 ] || die "$(report edges)"
[ "$(sum_edges '.to.name == "late"' connections)" = 0 ] || die "$(report edges)"
END
}

@test "what spoke with an address before it was allocated is not the pod" {
  in_namespace <<'END'
host_local=$lab/ipam
lab_start
allocate api 3; pod api 3
serve api TCP-LISTEN:8080
netpold_start
pod_network ghost 2
say ghost TCP:10.244.0.3:8080 || die "no answer"
pod_end ghost 2
allocate next 2; pod next 2
say next TCP:10.244.0.3:8080 || die "no answer"
wait_for 20 has_edge '.from.name == "next" and .connections == 1'
netpold_stop
[ "$(sum_edges '.from.name == "next"' connections)" = 1 ] || die "$(report edges)"
[ "$(sum_edges '.from.kind != "pod" and .to.name == "api"' connections)" = 1 ] || die "$(report edges)"
END
}

@test "files from before the boot and of network namespaces that are gone own nothing" {
  in_namespace <<'END'
lab_start
pod old 2; pod stepped 5
sed -i 's|"netns":"[^"]*",||' "$cni/pods-$(sandbox_id old 2)-eth0"
# Older than the boot, by a clock that was set since: but its network namespace is there.
touch -d '2001-01-01' "$cni"/*
cni_file gone 4 shop
pod leaves 3
netpold_start
wait_for 10 eval '[ "$(report pods -o json | jq length)" = 2 ]'
[ "$(report pods -o json | jq -r '[.[].name] | sort | join(" ")')" = 'leaves stepped' ] || die "$(report pods)"
ip netns delete leaves; ip netns delete stepped
wait_for 20 eval "report pods -o json | jq -e 'all(.[].addresses[]; .until != null)'"
netpold_stop
END
}

@test "an address of two pods is neither's, and is said to be so" {
  in_namespace <<'END'
lab_start
pod api 3; pod one 2
serve api TCP-LISTEN:8080
ip netns add two
cni_file two 2 shop
touch -d '1 minute ago' "$cni/pods-$(sandbox_id one 2)-eth0" "$cni/pods-$(sandbox_id two 2)-eth0"
netpold_start
say one TCP:10.244.0.3:8080 || die "no answer"
wait_for 20 grep -q '10.244.0.2: told of two sandboxes' "$lab/netpold.log"
netpold_stop
has_edge '.to.name == "api" and .from.kind == "unknown" and .connections == 1' || die "$(report edges -o json)"
[ "$(sum_edges '.from.name == "one" or .from.name == "two"' connections)" = 0 ] || die "$(report edges)"
report status -o json | jq -e '.pods.ambiguous > 0' || die "$(report status -o json)"
! report policy 2>/dev/null | grep -E 'one|two' || die "$(report policy)"
END
}

@test "pods went on, left and came while netpold was stopped" {
  in_namespace <<'END'
host_local=$lab/ipam
lab_start
for name in api:3 stays:4 leaves:2; do
  allocate "${name%:*}" "${name#*:}"
  pod "${name%:*}" "${name#*:}"
done
serve api TCP-LISTEN:8080
netpold_start
hold stays 10.244.0.3 8080
say leaves TCP:10.244.0.3:8080 || die "no answer"
wait_for 20 has_edge '.from.name == "stays" and .connections == 1'
before=$(report pods -o json | jq -c '[.[] | select(.name == "stays") | .addresses[].from]')
last=leaves
for how in netpold_stop netpold_kill; do
  $how
  stopped=$(date -u +%FT%TZ)
  pod_end "$last" 2
  next=after_$how
  allocate "$next" 2; pod "$next" 2
  netpold_start
  say "$next" TCP:10.244.0.3:8080 || die "no answer"
  wait_for 20 has_edge ".from.name == \"$next\" and .connections == 1"
  [ "$(report pods -o json | jq -c '[.[] | select(.name == "stays") | .addresses[].from]')" = "$before" ] || die "$(report pods -o json)"
  report pods -o json | jq -e '.[] | select(.name == "stays") | .addresses | all(.until == null)' || die "$(report pods)"
  report pods -o json | jq -e --arg name "$last" --arg stopped "$stopped" \
    '.[] | select(.name == $name) | .addresses | length == 2 and all(.until != null and .until[0:19] <= $stopped[0:19])' || die "$(report pods -o json)"
  last=$next
done
netpold_stop
for name in stays leaves after_netpold_stop after_netpold_kill; do
  [ "$(sum_edges ".from.name == \"$name\" and .to.name == \"api\"" connections)" = 1 ] || die "$(report edges)"
done
[ "$(sum_edges true connections)" = 4 ] || die "$(report edges)"
END
}

# The next pod with an address speaks after netpold looked who has it, and before it looks who spoke.
handed_on='
host_local=$lab/ipam
lab_start
with_faults
rules filter forward 0 "ct state new accept"
for name in api:3 first:2; do
  allocate "${name%:*}" "${name#*:}"
  pod "${name%:*}" "${name#*:}"
done
serve api TCP-LISTEN:8080
is_stopped() { [ "$(cut -d " " -f 3 "/proc/$netpold/stat")" = T ]; }
hand_on() {
  wait_for 20 is_stopped
  pod_end first 2
  allocate second 2; pod second 2
  say second TCP:10.244.0.3:8080 || die "no answer"
}
go_on() {
  faults
  kill -CONT "$netpold"
}
each_has_its_own() {
  report edges -o json | jq -e "map([.from.name, .connections, .packets_sent > 2]) | sort ==
    [[\"first\", 1, true], [\"second\", 1, true]]" || die "$(report edges -o json)"
}
'

@test "an address that is handed on before the table is read gives each its own edges" {
  setup_faults
  in_namespace <<END
$handed_on
netpold_start
say first TCP:10.244.0.3:8080 || die "no answer"
wait_for 20 has_edge '.from.name == "first" and .connections == 1'
faults thread=1
hand_on; go_on
wait_for 20 has_edge '.from.name == "second" and .connections == 1'
netpold_stop
each_has_its_own
END
}

@test "an address that is handed on before the table is read for the last time gives each its own edges" {
  setup_faults
  in_namespace <<END
$handed_on
configure '[conntrack]' 'dump_interval = 1h'
netpold_start
say first TCP:10.244.0.3:8080 || die "no answer"
faults thread=1
kill -TERM "\$netpold"
hand_on; go_on
wait "\$netpold"
each_has_its_own
END
}

@test "an address that is handed on before the end of a connection is read gives each its own edges" {
  setup_faults
  in_namespace <<END
$handed_on
configure '[conntrack]' 'dump_interval = 1h'
netpold_start
say first TCP:10.244.0.3:8080 || die "no answer"
faults receive=1
hand_on
conntrack -D -s 10.244.0.2 > /dev/null 2>&1
go_on
wait_for 20 has_edge '.from.name == "second" and .connections == 1'
netpold_stop
each_has_its_own
END
}

@test "what was said to an address whose pod left while netpold started is not that pod's" {
  setup_faults
  in_namespace <<END
$handed_on
pod_network nobody 9
faults thread=1
netpold_start &
starting=\$!
wait_for 20 eval 'netpold=\$(pgrep -x netpold) && is_stopped'
pod_end first 2
ip route add 10.244.0.2/32 dev veth9
unheard api TCP:10.244.0.2:9999,connect-timeout=0.2 || die "somebody answered"
go_on
wait \$starting
conntrack -D -d 10.244.0.2 > /dev/null 2>&1
wait_for 20 has_edge '.port == 9999'
report edges -o json | jq -e 'length == 1 and .[0].from.name == "api" and .[0].to.kind == "unknown"' || die "\$(report edges)"
report pods -o json | jq -e 'any(.[]; .name == "first" and .addresses[0].until != null)' || die "\$(report pods -o json)"
END
}

# What has no time of the kernel's is dated when it is read; and the end of a pod when it is noticed, which is later still.
@test "what a pod did last, and was denied, is its own when it is read after the pod's end" {
  setup_faults
  in_namespace <<END
$handed_on
configure '[conntrack]' 'dump_interval = 1h'
rules filter forward 10 'tcp dport 9999 drop'
netpold_start
sysctl -qw net.netfilter.nf_conntrack_timestamp=0
faults receive=1
say first TCP:10.244.0.3:8080 || die "no answer"
wait_for 20 is_stopped
! in_pod first socat -u - TCP:10.244.0.3:9999,connect-timeout=0.2 < /dev/null 2> /dev/null || die "the rule let it through"
pod_end first 2
go_on
wait_for 20 has_edge '.port == 9999'
netpold_stop
report edges -o json | jq -e 'length == 2 and all(.[]; .from.name == "first")' || die "\$(report edges)"
END
}

@test "connections that were open before netpold started are bound" {
  in_namespace <<'END'
lab_start
rules filter forward 0 'ct state new accept'
pod web 2; pod api 3
grow_old web 2; grow_old api 3
serve api TCP-LISTEN:8080
hold web 10.244.0.3 8080
netpold_start
wait_for 20 has_edge '.from.name == "web" and .to.name == "api" and .connections == 1'
netpold_stop
[ "$(sum_edges true connections)" = 1 ] || die "$(report edges)"
END
}

# Its entry has no start, and five days to live.
@test "what a dead pod left open before netpold started is not the next one's with its address" {
  in_namespace <<'END'
lab_start
rules filter forward 0 'ct state new accept'
pod dead 2; pod api 3
grow_old api 3
serve api TCP-LISTEN:8080
hold dead 10.244.0.3 8080
# Nobody says a last word.
nft 'add table inet mute; add chain inet mute forward { type filter hook prerouting priority raw; policy accept; tcp dport 8080 drop; tcp sport 8080 drop; }'
pod_end dead 2
end=$(($(date +%s) + 3))
wait_for 10 eval '[ "$(date +%s)" -ge "$end" ]'
pod next 2
conntrack -L -p tcp 2>/dev/null | grep -q 'ESTABLISHED src=10.244.0.2' || die "$(conntrack -L 2>/dev/null)"
netpold_start
wait_for 20 has_edge '.to.name == "api" and .connections == 1'
netpold_stop
! has_edge '.from.name == "next"' || die "$(report edges)"
[ "$(sum_edges true connections)" = 1 ] || die "$(report edges)"
END
}

# host-local knows the sandbox alone; the runtime's bundle says who it is.
@test "names come from the runtime's bundle where no CNI result is kept" {
  in_namespace <<'END'
host_local=$lab/ipam
lab_start
sed -i "s|^oci_bundles = .*|oci_bundles = $lab/bundles|" "$config"
# bundle NAME NUMBER
bundle() {
  mkdir -p "$lab/bundles/$(sandbox_id "$1" "$2")"
  cat > "$lab/bundles/$(sandbox_id "$1" "$2")/config.json" <<JSON
{"ociVersion":"1.1.0","annotations":{"io.kubernetes.cri.container-type":"sandbox","io.kubernetes.cri.sandbox-id":"$(sandbox_id "$1" "$2")",
 "io.kubernetes.cri.sandbox-namespace":"shop","io.kubernetes.cri.sandbox-name":"$1","io.kubernetes.cri.sandbox-uid":"uid-$1"}}
JSON
}
allocate web 2; pod_network web 2; bundle web 2
allocate api 3; pod_network api 3
serve api TCP-LISTEN:8080
netpold_start
say web TCP:10.244.0.3:8080 || die "no answer"
wait_for 20 grep -q '1 sandboxes have an address' "$lab/netpold.log"
wait_for 20 has_edge '.from.name == "web" and .connections == 1'
bundle api 3
wait_for 20 has_edge '.from.name == "web" and .to.name == "api" and .connections == 1'
netpold_stop
[ "$(sum_edges true connections)" = 1 ] || die "$(report edges)"
report pods -o json | jq -e 'length == 2 and all(.[]; .uid == "uid-" + .name)' || die "$(report pods -o json)"
END
}
