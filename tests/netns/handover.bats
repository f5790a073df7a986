#!/usr/bin/env bats
# A planned restart loses nothing and changes nothing; whatever else ends netpold leaves nothing in the kernel.

load namespace.bash

# managed <<'END' … END: as in_namespace, with netpold under a service manager
managed() {
  cp "$abs_top_builddir/tests/netns/manager" "$work_dir"
  chmod 755 "$work_dir/manager"
  {
    cat <<'END'
manager_start() {
  mkfifo "$lab/orders"
  "$programs/manager" "$lab" "$programs/netpold" --config "$config" < "$lab/orders" > "$lab/manager.log" 2>> "$lab/netpold.log" 3>&- &
  manager=$!
  exec 5> "$lab/orders"
}
order() {
  echo "$1" >&5
}
# happened COUNT WHAT
happened() {
  [ "$(grep -c "^$2" "$lab/manager.log")" -ge "$1" ]
}
tracks=/proc/sys/net/netfilter/nf_conntrack
settings() {
  cat ${tracks}_acct ${tracks}_timestamp ${tracks}_events | paste -sd ' '
}
# Sockets of netfilter in this network namespace that are not the kernel's own.
sockets() {
  awk '$2 == 12 && $3 != 0' /proc/net/netlink
}
has_table() {
  nft list tables | grep -q 'inet netpol$'
}
# begin, first_half, second_half, finish: netpold is started, restarted in two steps, and stopped for good
begin() {
  manager_start
  order start
  wait_for 10 happened 1 ready
}
first_half() {
  order restart
  wait_for 20 happened 1 'exited 0'
}
second_half() {
  order start
  wait_for 20 happened 2 ready
}
finish() {
  order stop
  wait_for 20 happened 1 dropped
}
END
    cat
  } | in_namespace
}

@test "restarts under traffic: every connection and byte, no gap, the table and the settings stay" {
  managed <<'END'
lab_start
rules filter forward 0 'ip saddr 10.244.0.2 tcp dport 8080 counter'
echo 0 > ${tracks}_acct
pod web 2; pod api 3
serve api TCP-LISTEN:8080
nft monitor tables > "$lab/tables" 2>&1 3>&- 5>&- &
wait_for 10 eval 'nft add table inet probe; nft delete table inet probe; grep -q probe "$lab/tables"'
begin
wait_for 10 grep -q 'table inet netpol' "$lab/tables"
while :; do settings; done 3>&- 5>&- > "$lab/settings" &
watch=$!
traffic web 8080
for round in 1 2 3; do
  more 10
  order restart
  wait_for 20 happened $round 'exited 0'
  has_table || die "no table between two netpolds"
  more 10
  # These have begun and ended where no netpold was; one that has not is left alone, as its last packets would be of none.
  conntrack -D -p tcp --dport 8080 --state TIME_WAIT > /dev/null 2>&1
  order start
  wait_for 20 happened $((round + 1)) ready
done
more 10
rm "$lab/go"
wait "$traffic"
kill "$watch"
[ "$(grep -c 'table inet netpol' "$lab/tables")" = 1 ] || die "not made once: $(cat "$lab/tables")"
[ "$(sort -u "$lab/settings")" = '1 1 1' ] || die "$(sort "$lab/settings" | uniq -c)"
finish
[ "$(lost)" = '[]' ] || die "$(lost)"
[ "$(sum_edges '.port == 8080' connections)" = "$(made)" ] || die "$(made) were made: $(report edges)"
truth=$(nft -j list chain inet test1 c | jq '[.. | .counter? // empty][0]')
[ "$(sum_edges '.port == 8080' packets_sent)" = "$(jq .packets <<< "$truth")" ] || die "the kernel has $truth: $(report edges -o json)"
[ "$(sum_edges '.port == 8080' bytes_sent)" = "$(jq .bytes <<< "$truth")" ] || die "the kernel has $truth: $(report edges -o json)"
[ "$(sum_edges '.verdict != "answered"' connections)" = 0 ] || die "$(report edges)"
END
}

@test "restarts at a thousand connections a second: what conntrack saw, no more and no less" {
  managed <<'END'
# flood POD PORT: a datagram from a new socket every millisecond, as long as $lab/go is there
flood() {
  in_pod "$1" bash -c 'exec 7<> <(:)
    while [ -e "$1/go" ]; do
      echo x > "/dev/udp/10.244.0.3/$2"
      read -r -t 0.001 <&7
    done
    true' - "$lab" "$2" 2> /dev/null 3>&- 5>&- &
}
# Somebody is in the group of NEW alone: netpold is in that of DESTROY too.
witness_listens() {
  awk '$2 == 12 && $4 == "00000001" { found = 1 } END { exit !found }' /proc/net/netlink
}
seen() {
  [ "$(wc -l < "$lab/new")" -ge "$1" ]
}
lab_start
rules filter forward 0 'ip saddr 10.244.0.2 udp dport 9999 counter' 'ip saddr 10.244.0.4 drop'
pod web 2; pod api 3; pod intruder 4
begin
conntrack -E -b 8000000 -e NEW -p udp --dport 9999 > "$lab/new" 2> /dev/null 3>&- 5>&- &
witness=$!
wait_for 10 witness_listens
touch "$lab/go"
flood web 9999
web=$!
flood intruder 7777
intruder=$!
for round in 1 2 3 4; do
  wait_for 20 seen $((round * 600))
  order restart
  wait_for 20 happened $round 'exited 0'
  wait_for 20 seen $((round * 600 + 200))
  conntrack -D -p udp --dport 9999 > /dev/null 2>&1
  order start
  wait_for 20 happened $((round + 1)) ready
done
wait_for 20 seen 3000
rm "$lab/go"
wait "$web" "$intruder"
packets=$(nft -j list chain inet test1 c | jq '[.. | .counter? // empty][0].packets')
finish
kill "$witness"
wait "$witness" || true
[ "$(lost)" = '[]' ] || die "$(lost)"
[ "$(sum_edges '.port == 9999' connections)" = "$(wc -l < "$lab/new")" ] || die "$(wc -l < "$lab/new") were seen: $(report edges)"
[ "$(sum_edges '.port == 9999' packets_sent)" = "$packets" ] || die "$packets packets: $(report edges -o json)"
# What waits at a restart may have its event unread: it is unknown rather than denied.
report edges -o json | jq -e 'all(.[]; if .port == 9999 then .verdict == "one-way" else .verdict | IN("denied", "unknown") end)' || die "$(report edges)"
[ "$(sum_edges '.port == 7777' connections)" -gt 100 ] || die "$(report edges)"
END
}

@test "what was denied while no netpold ran is told by the next" {
  managed <<'END'
lab_start
rules filter forward 0 'ip saddr 10.244.0.2 drop'
pod intruder 2; pod db 3; pod web 4
serve db TCP-LISTEN:8080
begin
first_half
unheard intruder TCP:10.244.0.3:5432 || die "the intruder came through"
say web TCP:10.244.0.3:8080 || die "no answer"
second_half
wait_for 15 has_edge '.port == 5432'
finish
[ "$(sum_edges '.from.name == "intruder" and .verdict == "denied"' connections)" = 1 ] || die "$(report edges)"
[ "$(sum_edges '.from.name == "web" and .verdict == "answered"' connections)" = 1 ] || die "$(report edges)"
[ "$(lost)" = '[]' ] || die "$(lost)"
END
}

@test "a final stop leaves nothing, also after a restart" {
  managed <<'END'
lab_start
echo 0 > ${tracks}_acct
echo 2 > ${tracks}_events
before=$(settings)
begin
[ "$(settings)" = '1 1 1' ] || die "$(settings)"
first_half
[ -n "$(sockets)" ] || die "no sockets wait"
second_half
finish
happened 1 'dropped 0' || die "$(cat "$lab/manager.log")"
! has_table || die "the table is still there"
[ -z "$(sockets)" ] || die "$(sockets)"
[ "$(settings)" = "$before" ] || die "$(settings)"
END
}

@test "kill -9 after a restart leaves no table, no socket, nothing in the store" {
  managed <<'END'
lab_start
begin
first_half
second_half
order store
wait_for 10 happened 1 'store 0'
has_table || die "no table"
order kill
wait_for 20 happened 1 'dropped 0'
! has_table || die "the table is still there"
[ -z "$(sockets)" ] || die "$(sockets)"
END
}

@test "a restart whose second half never comes leaves nothing either" {
  managed <<'END'
lab_start
begin
first_half
has_table || die "no table between two netpolds"
exec 5>&-
wait "$manager"
! has_table || die "the table is still there"
[ -z "$(sockets)" ] || die "$(sockets)"
END
}

@test "a manager that does not say why it stops is taken at its worst: a final stop, then a gap" {
  managed <<'END'
lab_start
begin
order deaf
first_half
! has_table || die "the table is still there"
[ -z "$(sockets)" ] || die "$(sockets)"
second_half
wait_for 10 eval 'report status -o json | jq -e ".gaps | any(.source == \"daemon\")"'
finish
END
}

@test "what the buffer cannot take while no netpold runs is a gap" {
  managed <<'END'
lab_start
configure '[conntrack]' 'buffer_size = 64K' 'dump_interval = 1s'
pod web 2; pod api 3
begin
first_half
in_pod web bash -c 'for ((i = 0; i < 600; i++)); do echo x > /dev/udp/10.244.0.3/9999; done'
sent=$(conntrack -L -p udp --dport 9999 2>/dev/null | wc -l)
conntrack -D -p udp --dport 9999 > /dev/null 2>&1
second_half
finish
missing=$((sent - $(sum_edges '.port == 9999' connections)))
[ "$missing" -gt 0 ] || die "all $sent were recorded"
report status -o json | jq -e '([.gaps[] | select(.source == "conntrack") | .at_most] | add) >= '"$missing" ||
  die "$missing of $sent are missing: $(report status)"
END
}

@test "a log group that changes over a restart is a gap" {
  managed <<'END'
lab_start
pod web 2; pod api 3
begin
first_half
stopped=$(date +%s%3N)
configure '[log-group new]' 'group = 777'
second_half
finish
sqlite3 -readonly "$db" "SELECT count(*) FROM gap WHERE reason = 'the log group was changed' AND since <= $stopped" | grep -qx 1 ||
  die "stopped at $stopped: $(report status)"
END
}
