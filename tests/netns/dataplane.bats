#!/usr/bin/env bats
# What netpold says of the dataplane that it stands on; and that a connection in two zones counts once.

load namespace.bash

# To stand at the head of a script: pods' first network is made by these plugins.
plugins() {
  printf 'plugins=%q\n' "$1"
  cat <<'END'
cni_plugins() {
  mkdir -p /etc/cni/net.d
  printf '{"cniVersion":"1.0.0","name":"pods","plugins":[%s]}' "$1" > /etc/cni/net.d/.10-pods
  mv /etc/cni/net.d/.10-pods /etc/cni/net.d/10-pods.conflist
}
# Nothing of the machine's own CNI configuration.
hide_machine() {
  mount -t tmpfs tmpfs /etc
  [ ! -d /var/lib/rancher ] || mount -t tmpfs tmpfs /var/lib/rancher
  [ ! -d /var/snap ] || mount -t tmpfs tmpfs /var/snap
}
# bridged NAME NUMBER: a pod behind the bridge cni0
bridged() {
  ip link show cni0 >/dev/null 2>&1 || {
    ip link add cni0 type bridge
    ip address add 10.244.1.1/24 dev cni0
    ip link set cni0 up
  }
  ip netns add "$1"
  ip link add "veth$2" type veth peer name eth0 netns "$1"
  ip link set "veth$2" master cni0 up
  ip -n "$1" address add "10.244.1.$2/24" dev eth0
  ip -n "$1" link set eth0 up
  ip -n "$1" route add default via 10.244.1.1
}
# device NAME: the name is what matters, and not every kernel has dummies
device() {
  ip link add "$1" type dummy 2>/dev/null || ip link add "$1" type bridge
}
dataplane() {
  report status -o json | jq -r ".dataplane[0].$1"
}
is() {
  [ "$(dataplane "$1")" = "$2" ]
}
# In a user namespace nobody may ask which eBPF is attached by tcx, which kernels have since 6.6.
all=yes
[ "$(printf '%s\n' 6.6 "$(uname -r)" | sort --version-sort | head -n 1)" != 6.6 ] || all=unknown
lab_start
hide_machine
[ -z "$plugins" ] || cni_plugins "$plugins"
END
}

in_dataplane() {
  { plugins "$1"; cat; } | in_namespace
}

@test "nothing to go by: unknown, with the reason" {
  in_dataplane '' <<'END'
netpold_start
wait_for 10 is plugin unknown
for aspect in same_node cross_node service external denied; do
  is "$aspect.seen" unknown || die "$(report status)"
  is "$aspect.reason" 'no CNI configuration was found' || die "$(report status)"
done
END
}

@test "routed veths, and kube-proxy's chains: all is seen" {
  in_dataplane '{"type":"ptp"},{"type":"portmap"}' <<'END'
pod web 2; pod api 3
nft -f - <<'RULES'
table ip nat {
  chain KUBE-SERVICES { }
}
RULES
netpold_start
wait_for 10 is plugin ptp
is proxy iptables || die "$(report status)"
for aspect in same_node cross_node service external; do
  is "$aspect.seen" "$all" || die "$(report status)"
done
if [ "$all" = yes ]; then
  is same_node.reason null || die "$(report status)"
  is denied.seen partly || die "$(report status)"
else
  dataplane same_node.reason | grep -q '^eBPF attached .* by tcx cannot be listed' || die "$(report status)"
fi
report status -o json | jq -e .complete >/dev/null || die "$(report status)"
END
}

@test "no service proxy at first; then one comes, in nftables, and ipvs wins over it" {
  in_dataplane '{"type":"ptp"}' <<'END'
netpold_start
wait_for 10 is service.seen unknown
nft -f - <<'RULES'
table ip kube-proxy {
  chain services { }
}
RULES
cni_plugins '{"type":"ptp"}'
wait_for 10 is proxy nftables
is service.seen yes || die "$(report status)"
device kube-ipvs0
cni_plugins '{"type":"ptp"}'
wait_for 10 is proxy ipvs
is denied.seen partly || die "$(report status)"
is denied.reason 'with ipvs the path through a service address is not forwarding, and not judged' || die "$(report status)"
END
}

@test "a bridge: between its pods only with br_netfilter; what was before is remembered" {
  in_dataplane '{"type":"flannel"},{"type":"portmap"}' <<'END'
bridged web 2; bridged api 3
setting=/proc/sys/net/bridge/bridge-nf-call-iptables
if [ -w "$setting" ]; then
  echo 0 > "$setting"
  [ ! -w "${setting%tables}6tables" ] || echo 1 > "${setting%tables}6tables"
fi
netpold_start
wait_for 10 is plugin flannel
if [ ! -e "$setting" ]; then
  is same_node.seen no || die "$(report status)"
  dataplane same_node.reason | grep -q '^br_netfilter is not loaded' || die "$(report status)"
  exit 0
fi
is same_node.seen no || die "$(report status)"
is same_node.reason 'net.bridge.bridge-nf-call-iptables = 0' || die "$(report status)"
is cross_node.seen "$all" || die "$(report status)"
report status -o json | jq -e '.complete | not' >/dev/null || die "$(report status)"
report status | grep -q 'same-node *no: net.bridge.bridge-nf-call-iptables = 0' || die "$(report status)"
serve api TCP-LISTEN:8080
say web TCP:10.244.1.3:8080
report policy 2>&1 >/dev/null | grep -q 'evidence of node-a: .*between pods' || die "$(report policy 2>&1)"
echo 1 > "$setting"
cni_plugins '{"type":"flannel"}'
wait_for 10 is same_node.was.seen no
report status -o json | jq -e '.complete | not' >/dev/null || die "$(report status)"
# From then on it is whole.
since=$(dataplane same_node.was.until)
report status --since "$since" -o json | jq -e --arg all "$all" '.complete and .dataplane[0].same_node.seen == $all' >/dev/null || die "$(report status --since "$since")"
netpold_stop
report status -o json | jq -e '.dataplane[0].same_node.was.seen == "no"' >/dev/null || die "$(report status)"
END
}

@test "k3s that runs has its own configuration, whatever Podman left in the usual place" {
  in_dataplane '{"type":"bridge","bridge":"podman0"}' <<'END'
place=/var/lib/rancher/k3s/agent/etc/cni/net.d
[ -w /var/lib/rancher ] || mount -t tmpfs tmpfs /var/lib
mkdir -p "$place" /run/k3s/containerd
echo '{"name":"k3s","plugins":[{"type":"flannel"}]}' > "$place/10-flannel.conflist"
netpold_start
wait_for 10 is plugin bridge
socat UNIX-LISTEN:/run/k3s/containerd/containerd.sock,fork /dev/null &
wait_for 10 test -S /run/k3s/containerd/containerd.sock
cni_plugins '{"type":"bridge","bridge":"podman0"}'
wait_for 10 is plugin flannel
kill %1
END
}

@test "the DNS cache on the node is said" {
  in_dataplane '{"type":"ptp"}' <<'END'
nft -f - <<'RULES'
table ip nat {
  chain KUBE-SERVICES { }
}
table ip raw {
  chain PREROUTING {
    type filter hook prerouting priority raw
    ip daddr 169.254.20.10 udp dport 53 notrack
  }
}
RULES
netpold_start
wait_for 10 is service.seen partly
is service.reason 'what asks the DNS cache on this node is not tracked' || die "$(report status)"
is same_node.seen yes || die "$(report status)"
# On a device of its own it may have another address.
device nodelocaldns
ip address add 192.0.2.77/32 dev nodelocaldns
nft add rule ip raw PREROUTING ip saddr 192.0.2.77 tcp sport 9254 notrack
nft add table ip kube-proxy
cni_plugins '{"type":"ptp"}'
wait_for 10 is proxy nftables
is same_node.seen yes || die "$(report status)"
END
}

@test "rules that keep packets from being tracked are found wherever they are" {
  in_dataplane '{"type":"ptp"}' <<'END'
nft -f - <<'RULES'
table ip kube-proxy {
}
table inet mine {
  chain deeper {
    ip daddr 10.244.0.3 notrack
  }
  chain early {
    type filter hook prerouting priority -350
    jump deeper
  }
}
RULES
device nodelocaldns
netpold_start
wait_for 10 is plugin ptp
for aspect in same_node cross_node service external; do
  is "$aspect.seen" partly || die "$(report status)"
  is "$aspect.reason" 'rules keep some packets from being tracked (notrack)' || die "$(report status)"
done
END
}

@test "a connection that passes conntrack twice, in two zones, counts once" {
  in_dataplane '{"type":"ptp"}' <<'END'
# Through a namespace that only forwards, so that this one forwards it again:
# web -- veth2 -- zone 1 -- there0 ==  middle  == back0 -- zone 2 -- veth3 -- api
pod web 2; pod api 3
ip netns add middle
ip link add there0 type veth peer name there1 netns middle
ip link add back0 type veth peer name back1 netns middle
ip address add 192.0.2.1/30 dev there0; ip link set there0 up
ip address add 192.0.2.5/30 dev back0; ip link set back0 up
ip -n middle address add 192.0.2.2/30 dev there1; ip -n middle link set there1 up
ip -n middle address add 192.0.2.6/30 dev back1; ip -n middle link set back1 up
ip -n middle route add 10.244.0.3/32 via 192.0.2.5
ip -n middle route add 10.244.0.2/32 via 192.0.2.1
ip netns exec middle sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0
ip rule add iif veth2 lookup 101
ip route add 10.244.0.3/32 via 192.0.2.2 table 101
ip rule add iif veth3 lookup 102
ip route add 10.244.0.2/32 via 192.0.2.6 table 102
nft -f - <<'RULES'
table ip zones {
  chain c {
    type filter hook prerouting priority raw;
    iifname { "veth2", "there0" } ct zone set 1
    iifname { "veth3", "back0" } ct zone set 2
  }
}
RULES
serve api TCP-LISTEN:8080
serve api UDP-LISTEN:5300
netpold_start
say web TCP:10.244.0.3:8080 || die "no answer"
say web UDP:10.244.0.3:5300 || die "no answer over UDP"
# Each is in both zones.
[ "$(conntrack -L --zone 1 2>/dev/null | grep -c 'dport=\(8080\|5300\)')" -eq 2 ] || die "$(conntrack -L 2>&1)"
[ "$(conntrack -L --zone 2 2>/dev/null | grep -c 'dport=\(8080\|5300\)')" -eq 2 ] || die "$(conntrack -L 2>&1)"
wait_for 10 has_edge '.port == 8080 and .verdict == "answered"'
wait_for 10 has_edge '.port == 5300 and .verdict == "answered"'
conntrack -D --zone 1 >/dev/null 2>&1
conntrack -D --zone 2 >/dev/null 2>&1
netpold_stop
for port in 8080 5300; do
  [ "$(sum_edges ".port == $port" connections)" -eq 1 ] || die "$(report edges -o json)"
done
[ "$(report status -o json | jq -c '[.connections.opened, .connections.closed, .connections.answered]')" = '[2,2,2]' ] ||
  die "$(report status)"
END
}
