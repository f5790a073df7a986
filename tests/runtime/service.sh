# For scripts of machine.sh: the lab of the netns tests within the machine, and netpold as its service.
# shellcheck disable=SC1091,SC2154,SC2034

lab=/var/lib/netpol programs=/usr/local/bin
mkdir -p "$lab" /run/netns
. /test/lab.sh

die() {
  echo "FAILED: $*" >&2
  journalctl -b -u netpold -o short-precise --no-pager >&2
  exit 1
}

# Two pods, a server, netpold.
service_start() {
  mkdir -p "$cni"
  ip link set lo up
  sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.rp_filter=0
  ip address add 10.244.0.1/32 dev lo
  ip -6 address add fd00:244::1/128 dev lo nodad
  configure
  echo 0 > $tracks/nf_conntrack_acct
  settings=$(settings)
  pod web 2
  pod api 3
  serve api TCP-LISTEN:8080
  nft monitor tables > /test/tables 2>&1 &
  monitor=$!
  wait_for 10 eval 'nft add table inet probe; nft delete table inet probe; grep -q probe /test/tables'
  systemd-sysusers
  systemctl start netpold
  nft list table inet netpol > /dev/null || die "no table"
}

tracks=/proc/sys/net/netfilter
settings() {
  cat $tracks/nf_conntrack_{acct,timestamp,events} | paste -sd ' '
}

main_pid() {
  systemctl show netpold --property MainPID --value
}

watchdog() {
  systemctl show netpold --property WatchdogUSec --value
}

stored() {
  systemctl show netpold --property NFileDescriptorStore --value
}

# comes_back PID: it runs again, as another process
comes_back() {
  local pid
  pid=$(main_pid)
  [ "$pid" != 0 ] && [ "$pid" != "$1" ] && systemctl is-active --quiet netpold
}

# Sockets of netfilter in this network namespace, less the kernel's and the monitor's.
sockets() {
  awk -v monitor="$monitor" '$2 == 12 && $3 != 0 && $3 != monitor' /proc/net/netlink
}

nothing_remains() {
  [ -z "$(nft list tables)" ] || die "$(nft list tables)"
  [ -z "$(sockets)" ] || die "$(sockets)"
  [ "$(settings)" = "$settings" ] || die "the settings were $settings, are $(settings)"
}
