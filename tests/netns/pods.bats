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
