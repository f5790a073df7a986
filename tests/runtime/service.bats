#!/usr/bin/env bats
# The service as it is installed, under systemd itself: this machine's own files, booted as a container that keeps nothing.

setup_file() {
  local reason
  export machine=$BATS_FILE_TMPDIR/machine cgroup=netpol-test-$$
  mkdir "$machine"
  reason=$(missing) || export skip_reason=$reason
}

teardown_file() {
  local base
  for base in $(cgroup_bases); do
    [ ! -d "$base/$cgroup" ] || find "$base/$cgroup" -depth -type d -exec rmdir {} +
  done
}

setup() {
  [ -z "${skip_reason:-}" ] || skip "$skip_reason"
}

missing() {
  local tool
  [ "$(id -u)" -eq 0 ] || {
    echo "only root can boot a container"
    return 1
  }
  for tool in systemd-nspawn busctl ip nft socat conntrack jq sqlite3; do
    command -v "$tool" >/dev/null || {
      echo "the program $tool is missing"
      return 1
    }
  done
  [ "$(echo 'echo up' | in_machine 2>/dev/null)" = up ] || {
    echo "systemd cannot be booted in a container here"
    return 1
  }
}

cgroup_bases() {
  local base
  for base in /sys/fs/cgroup/unified /sys/fs/cgroup/systemd /sys/fs/cgroup; do
    [ ! -e "$base/cgroup.procs" ] || echo "$base"
  done
}

# in_machine <<'END' … END: the script as a service of a machine that has just come up
in_machine() {
  local base
  for base in $(cgroup_bases); do
    mkdir -p "$base/$cgroup"
  done
  {
    echo '. /test/service.sh'
    cat
  } > "$machine.script"
  timeout --kill-after=5 100 unshare --mount --pid --fork --kill-child --propagation private --mount-proc \
    bash "$BATS_TEST_DIRNAME/machine.sh" "$machine" "$machine.script" "$(cgroup_bases | paste -sd ' ')" 3>&-
}

@test "restart under traffic: every connection, no gap, the table stays, the settings stay" {
  in_machine <<'END'
service_start
traffic web 8080
for round in 1 2 3; do
  more 10
  before=$(main_pid)
  systemctl restart netpold
  [ "$(main_pid)" != "$before" ] || die "not restarted"
done
more 10
rm "$lab/go"
wait "$traffic"
[ "$(grep -c 'table inet netpol' /test/tables)" = 1 ] || die "not made once: $(cat /test/tables)"
wait_for 10 grep -qsx netpold-valve /proc/[0-9]*/comm
[ "$(stored)" = 0 ] || die "$(stored) descriptors are still in the store"
systemctl stop netpold
[ "$(lost)" = '[]' ] || die "$(lost)"
[ "$(sum_edges '.port == 8080' connections)" = "$(made)" ] || die "$(made) were made: $(report edges)"
nothing_remains
END
}

@test "after kill -9 it comes back, with a gap, and a stop leaves nothing" {
  in_machine <<'END'
service_start
systemctl restart netpold
before=$(main_pid)
kill -KILL "$before"
wait_for 10 comes_back "$before"
systemctl stop netpold
[ "$(lost | jq 'any(.[]; .source == "daemon")')" = true ] || die "$(lost)"
nothing_remains
END
}

@test "a netpold that hangs is ended by the watchdog and comes back" {
  in_machine <<'END'
service_start
[ "$(watchdog)" = 10s ] || die "the unit asks for $(watchdog)"
printf '[Service]\nWatchdogSec=3\n' > /etc/systemd/system/netpold.service.d/watchdog.conf
systemctl daemon-reload
systemctl restart netpold
[ "$(watchdog)" = 3s ] || die "not asked for"
before=$(main_pid)
kill -STOP "$before"
wait_for 30 comes_back "$before"
journalctl -b -u netpold | grep -q 'Watchdog timeout' || die "$(journalctl -b -u netpold)"
systemctl stop netpold
[ "$(lost | jq 'any(.[]; .source == "daemon")')" = true ] || die "$(lost)"
nothing_remains
END
}

@test "a restart into a netpold that cannot start leaves nothing once systemd gives up" {
  in_machine <<'END'
service_start
mv /usr/local/sbin/netpold /test/netpold
printf '#!/bin/sh\nexit 1\n' > /usr/local/sbin/netpold
chmod 755 /usr/local/sbin/netpold
systemctl restart netpold && die "it started"
wait_for 10 systemctl is-failed netpold
[ -z "$(nft list tables)" ] || die "$(nft list tables)"
[ -z "$(sockets)" ] || die "$(sockets)"
END
}

@test "without a system bus a restart is a final stop and a start" {
  in_machine <<'END'
service_start
systemctl stop dbus.socket dbus.service
before=$(main_pid)
systemctl restart netpold
comes_back "$before" || die "not restarted"
systemctl stop netpold
[ "$(lost | jq 'any(.[]; .source == "daemon")')" = true ] || die "$(lost)"
nothing_remains
END
}

@test "what the node can show is seen with what the unit leaves to netpold, eBPF at the pods' devices too" {
  in_machine <<'END'
plugins() {
  rm -rf /etc/cni/net.d
  mkdir -p /etc/cni/net.d
  echo '{"cniVersion":"1.0.0","name":"pods","plugins":[{"type":"ptp"},{"type":"portmap"}]}' > /etc/cni/net.d/10-pods.conflist
}
seen() {
  report status -o json | jq -c '.dataplane[0] | [.same_node, .cross_node, .service, .external, .denied | .seen]'
}
plugins
nft add table ip kube-proxy
service_start
wait_for 20 eval '[ "$(seen)" = "[\"yes\",\"yes\",\"yes\",\"yes\",\"partly\"]" ]'
tc qdisc add dev veth2 clsact
tc filter add dev veth2 ingress bpf bytecode '1,6 0 0 4294967295,'
plugins
wait_for 20 eval '[ "$(seen)" = "[\"unknown\",\"unknown\",\"unknown\",\"unknown\",\"unknown\"]" ]'
report status | grep -q 'eBPF that is not known here is at pods. devices' || die "$(report status)"
END
}
