# For tests that need the kernel and no netpold: run_in_lanes PROGRAM [ARGUMENT...], a test program in a namespace
# whose links lanes.h knows, as root of a user namespace.
#
#   program ── lane0 ══ lane1, forwarding ── lane2 ══ lane3, nobody

run_in_lanes() {
  local program=$1
  shift
  cp "$abs_top_builddir/tests/netns/$program" "$work_dir"
  chmod 755 "$work_dir/$program"
  {
    printf 'set -- %q' "$work_dir/$program"
    [ $# -eq 0 ] || printf ' %q' "$@"
    cat <<'END'

ip link set lo up
ip link add name lane0 type veth peer name lane1
ip link add name lane2 type veth peer name lane3
for link in lane0 lane1 lane2 lane3; do ip link set "$link" up; done
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.lane1.rp_filter=0
sysctl -qw net.netfilter.nf_conntrack_checksum=0
ip address add 10.3.0.1/24 dev lane2
ip -6 address add fd03::1/64 dev lane2 nodad
ip neighbour add 10.3.0.2 lladdr 02:00:00:00:00:01 dev lane2 nud permanent
ip -6 neighbour add fd03::2 lladdr 02:00:00:00:00:01 dev lane2 nud permanent
ip route add 10.2.0.0/16 via 10.3.0.2
ip -6 route add fd02::/16 via fd03::2
"$@"
END
  } | in_namespace
}
