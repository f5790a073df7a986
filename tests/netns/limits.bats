#!/usr/bin/env bats
# What the kernel does not give: netpold goes on with less, and says it once.

load namespace.bash

@test "without an instance of inotify pods are found, and the limit is named once" {
  in_namespace <<'END'
lab_start
echo 0 > /proc/sys/user/max_inotify_instances
pod api 3
serve api TCP-LISTEN:8080
netpold_start
pod web 2
wait_for 20 eval 'report pods -o json | jq -e "length == 2"'
say web TCP:10.244.0.3:8080 || die "no answer"
echo 10 > /proc/sys/user/max_inotify_instances
wait_for 30 is_watched "$cni"
pod late 4
wait_for 20 eval 'report pods -o json | jq -e "length == 3"'
netpold_stop
[ "$(grep -c max_user_instances "$lab/netpold.log.last")" = 1 ] || die "$(cat "$lab/netpold.log.last")"
has_edge '.from.name == "web" and .to.name == "api"' || die "$(report edges)"
END
}

@test "bundles take no watch from the results, and one line says that watches are missing" {
  in_namespace <<'END'
lab_start
sed -i "s|^oci_bundles = .*|oci_bundles = $lab/bundles|" "$config"
for i in $(seq 1 100); do
  mkdir -p "$lab/bundles/$i"
  echo '{"ociVersion":"1.0","annotations":{}}' > "$lab/bundles/$i/config.json"
done
echo 20 > /proc/sys/user/max_inotify_watches
rm -rf "$cni"
netpold_start
mkdir -p "$cni"
pod api 3; pod web 2
serve api TCP-LISTEN:8080
say web TCP:10.244.0.3:8080 || die "no answer"
wait_for 10 eval 'report pods -o json | jq -e "length == 2"'
wait_for 30 is_watched "$cni"
pod late 4
wait_for 20 eval 'report pods -o json | jq -e "length == 3"'
netpold_stop
[ "$(grep -c max_user_watches "$lab/netpold.log.last")" = 1 ] || die "$(cat "$lab/netpold.log.last")"
[ "$(grep -c "cannot be watched" "$lab/netpold.log.last")" = 1 ] || die "$(cat "$lab/netpold.log.last")"
report status -o json | jq -e '[.. | objects | select(.source? == "identity")] | length == 0' || die "$(report status -o json)"
END
}
