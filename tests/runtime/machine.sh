# machine.sh DIRECTORY SCRIPT "CGROUP-BASE...": boots this machine's own files, less its services, and runs the script there as
# one; its output and status are the script's. In a mount and process namespace of its own; needs $cgroup, $abs_top_srcdir,
# $abs_top_builddir.
# shellcheck disable=SC2154

set -euo pipefail
directory=$1 script=$2 bases=$3

for base in $bases; do
  echo $$ > "$base/$cgroup/cgroup.procs"
done

# Not on the same file system: an upper directory within the lower one is refused.
mount -t tmpfs -o mode=755 tmpfs "$directory"
mkdir "$directory"/{upper,work,root}
root=$directory/root
mount -t overlay -o "lowerdir=/,upperdir=$directory/upper,workdir=$directory/work" overlay "$root"

rm -rf "$root"/etc/systemd/system/*.wants
: > "$root/etc/fstab"
: > "$root/etc/machine-id"
mkdir -p "$root"/{test,usr/local/sbin,usr/local/bin,etc/sysusers.d}
cp "$script" "$root/test/script"
cp "$abs_top_srcdir/tests/netns/lab.sh" "$abs_top_srcdir/tests/runtime/service.sh" "$root/test"
cp "$abs_top_builddir/netpold" "$root/usr/local/sbin"
cp "$abs_top_builddir/netpol-report" "$root/usr/local/bin"
chmod 755 "$root"/usr/local/{sbin/netpold,bin/netpol-report}
sed 's|@sbindir@|/usr/local/sbin|' "$abs_top_srcdir/systemd/netpold.service.in" > "$root/etc/systemd/system/netpold.service"
mkdir "$root/etc/systemd/system/netpold.service.d"
printf '[Service]\nExecStart=\nExecStart=/usr/local/sbin/netpold --config /var/lib/netpol/netpold.conf\n' \
  > "$root/etc/systemd/system/netpold.service.d/test.conf"
cp "$abs_top_srcdir/systemd/sysusers.d/netpol.conf" "$root/etc/sysusers.d/netpol.conf"

cat > "$root/etc/systemd/system/test.target" <<END
[Unit]
Requires=dbus.socket test.service
END
cat > "$root/etc/systemd/system/test.service" <<END
[Unit]
After=dbus.socket
[Service]
Type=oneshot
ExecStart=/bin/bash -c 'bash /test/script > /test/output 2>&1; echo \$? > /test/status'
ExecStopPost=systemctl poweroff --force --force
END

SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 systemd-nspawn --quiet --register=no --keep-unit --private-network --capability=all \
  --system-call-filter='@system-service @mount @keyring bpf' --console=pipe --boot --directory="$root" \
  systemd.unit=test.target < /dev/null > "$directory/console" 2>&1 || true
cat "$root/test/output"
exit "$(cat "$root/test/status")"
