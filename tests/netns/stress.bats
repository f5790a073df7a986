#!/usr/bin/env bats
# The store under stress: netpold goes on, says why once, recovers by itself, and what could not be kept is a gap.

load namespace.bash

stress='
lab_start
folder=$lab/data
mkdir "$folder"
db=$folder/flows.db
export NETPOL_DB=$db
configure
pod web 2; pod api 3
serve api TCP-LISTEN:8080

# talk COUNT: so many connections, each answered
talk() {
  in_pod web bash -c "for ((i = 0; i < $1; i++)); do
    exec 5<>/dev/tcp/10.244.0.3/8080 && echo hello >&5 && read -r -t 3 line <&5 && exec 5>&-
  done"
}
recorded() { [ "$(sum_edges ".port == 8080" connections)" = "$1" ]; }
# talk_all COUNT TOTAL: and they are recorded
talk_all() {
  talk "$1" || die "no answer"
  wait_for 20 recorded "$2"
}
log_has() { grep -q "$1" "$lab/netpold.log"; }
logged_once() { [ "$(grep -c "$1" "$lab/netpold.log")" = 1 ] || die "not once: $1"; }
complete() { report status -o json | jq -e .complete > /dev/null || die "$(report status)"; }
# gap REASON: of the store, for a time
gap() {
  report status -o json | jq -e --arg reason "$1" "any(.gaps[];
    .source == \"store\" and .reason == \$reason and .at_most == null and .from < .until)" > /dev/null || die "$(report status)"
}
sound() { [ "$(sqlite3 "$db" "PRAGMA integrity_check")" = ok ] || die "the database is damaged"; }
# The pods are known to the file, not only the addresses.
bound() { has_edge ".from.name == \"web\" and .to.name == \"api\" and .port == 8080" || die "$(report edges -o json)"; }
listen_to_status() {
  socat -u UNIX-RECV:"$lab/notify" OPEN:"$lab/told",creat,append 3>&- &
  wait_for 10 test -S "$lab/notify"
  export NOTIFY_SOCKET=$lab/notify
}
'

@test "I/O errors for a while: nothing is lost" {
  setup_faults
  in_namespace <<END
$stress
with_faults
listen_to_status
netpold_start
talk_all 20 20
faults errno=5
talk 20
wait_for 20 log_has 'store: cannot write: .*Input/output error'
wait_for 20 grep -q 'store disk I/O error' "\$lab/told"
began=\$SECONDS
talk 10
wait_for 20 eval '[ \$((SECONDS - began)) -ge 5 ]'
faults
wait_for 20 log_has 'store: writing again'
wait_for 20 recorded 50
logged_once 'cannot write'
netpold_stop
recorded 50 || die "\$(report edges)"
complete
bound
sound
END
}

@test "a disk that something else fills, and frees again: nothing is lost" {
  in_namespace <<END
$stress
mount -t tmpfs -o size=32m tmpfs "\$folder"
fill() { cat /dev/zero >> "\$folder/other" 2>/dev/null || true; }
netpold_start
talk_all 10 10
[ "\$(stat -c '%s %a' "\$db.reserve")" = '8388608 640' ] || die "the reserve: \$(ls -l "\$folder")"
stuck() { fill; talk 1; sent=\$((sent + 1)); log_has 'cannot write: .*No space left'; }
sent=10
wait_for 30 stuck
[ ! -e "\$db.reserve" ] || die "the reserve was not used"
talk 10
rm "\$folder/other"
wait_for 20 log_has 'store: writing again'
wait_for 20 recorded \$((sent + 10))
wait_for 20 test -e "\$db.reserve"
netpold_stop
recorded \$((sent + 10)) || die "\$(report edges)"
complete
sound
END
}

@test "a full disk: the oldest history makes room for the new" {
  in_namespace <<END
$stress
mount -t tmpfs -o size=60m tmpfs "\$folder"
netpold_start
talk_all 10 10
netpold_stop
sqlite3 "\$db" <<SQL
CREATE TEMP TABLE old AS SELECT * FROM flow LIMIT 1;
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) INSERT INTO old SELECT old.* FROM n, old;
UPDATE old SET window = window - 1000 * rowid;
INSERT INTO flow SELECT * FROM old;
PRAGMA wal_checkpoint(TRUNCATE);
SQL
rows() { sqlite3 "\$db" 'SELECT count(*) FROM flow'; }
oldest() { sqlite3 "\$db" 'SELECT min(window) FROM flow'; }
before=\$(rows) first=\$(oldest)
netpold_start
wait_for 10 test -e "\$db.reserve"
cat /dev/zero > "\$folder/other" 2>/dev/null || true
sent=10
pruned() { talk 1; sent=\$((sent + 1)); [ "\$(rows)" -lt "\$before" ]; }
wait_for 30 pruned
[ "\$(oldest)" -gt "\$first" ] || die "not the oldest"
wait_for 10 log_has 'store: the disk is full: the reserve and the oldest history make room'
[ "\$(rows)" -gt \$((before / 2)) ] || die "too much: \$(rows) of \$before"
talk_all 20 \$((sent + 20))
netpold_stop
recorded \$((sent + 20)) || die "\$(report edges)"
! report status -o json | jq -e 'any(.gaps[]; .source == "store")' || die "\$(report status)"
sound
END
}

@test "netpold starts on a full disk" {
  in_namespace <<END
$stress
mount -t tmpfs -o size=40m tmpfs "\$folder"
netpold_start
talk_all 10 10
netpold_stop
cat /dev/zero > "\$folder/other" 2>/dev/null || true
netpold_start
[ ! -e "\$db.reserve" ] || die "the reserve was not used"
talk_all 10 20
netpold_stop
sound
END
}

@test "the database is deleted: another follows, which knows the pods, and says what may be missing" {
  in_namespace <<END
$stress
listen_to_status
netpold_start
talk_all 10 10
rm "\$folder"/*
wait_for 20 test -e "\$db"
talk_all 10 10
logged_once 'the database was deleted by someone'
rm -r "\$folder"
talk 5
wait_for 20 log_has 'cannot write: .*flows.db'
wait_for 20 grep -q 'store .*flows.db' "\$lab/told"
mkdir "\$folder"
wait_for 20 recorded 5
netpold_stop
recorded 5 || die "\$(report edges)"
gap 'the database was deleted by someone'
bound
sound
END
}

@test "the directory is renamed and comes back: nothing is lost" {
  in_namespace <<END
$stress
netpold_start
talk_all 10 10
mv "\$folder" "\$folder.away"
talk 10
wait_for 20 log_has 'cannot write'
mv "\$folder.away" "\$folder"
wait_for 20 recorded 20
netpold_stop
complete
sound
END
}

# damage FROM: many pages from this one on
damage='
damage() { head -c 200000 /dev/urandom | dd of="$db" bs=4096 seek="$1" conv=notrunc status=none; }
aside() { ls "$folder" | grep -Ec "^flows[.]db[.]corrupt-[0-9]{8}T[0-9]{6}Z$"; }
'

@test "the database is damaged while netpold runs: it is set aside, another follows" {
  in_namespace <<END
$stress
$damage
netpold_start
talk_all 10 10
netpold_stop
netpold_start
damage 1
talk 10
wait_for 20 eval '[ "\$(aside)" = 1 ]'
wait_for 20 recorded 10
logged_once 'the database was damaged and set aside as .*flows.db.corrupt-'
netpold_stop
recorded 10 || die "\$(report edges)"
gap 'the database was damaged and set aside'
bound
sound
END
}

@test "the database is damaged before netpold starts: it is set aside, another follows" {
  in_namespace <<END
$stress
$damage
netpold_start
talk_all 10 10
netpold_stop
damage 0
netpold_start
[ "\$(aside)" = 1 ] || die "\$(ls "\$folder")"
wait_for 10 log_has 'the database was damaged and set aside as'
talk_all 10 20
netpold_stop
gap 'the database was damaged and set aside'
bound
sound
netpold_start
netpold_stop
[ "\$(aside)" = 1 ] || die "\$(ls "\$folder")"
END
}

@test "a clock that jumps ahead by a year deletes nothing; one that was ahead makes no gap vanish" {
  setup_faults
  in_namespace <<END
$stress
with_faults
listen_to_status
netpold_start
talk_all 10 10
faults shift=31536000
wait_for 20 log_has 'store: the clock is 8760 hours ahead'
wait_for 20 grep -q 'the clock is 8760 hours ahead' "\$lab/told"
kill -HUP "\$netpold"
wait_for 10 log_has 'read again'
talk_all 10 20
now=\$(date +%s)
[ "\$(sqlite3 "\$db" "SELECT count(*) FROM flow WHERE window < (\$now + 86400) * 1000")" -gt 0 ] || die "history is gone"
logged_once 'hours ahead'
netpold_stop
faults
netpold_start
talk_all 10 30
netpold_stop
recorded 30 || die "\$(report edges)"
report status -o json | jq -e '[.gaps[] | select(.source == "daemon" and .from < .until)] | length == 1' || die "\$(report status)"
sound
END
}

@test "a clock that is set back by a day: sums stay right" {
  setup_faults
  in_namespace <<END
$stress
with_faults
netpold_start
talk_all 10 10
faults shift=-86400
talk_all 10 20
netpold_stop
netpold_start
talk_all 10 30
netpold_stop
recorded 30 || die "\$(report edges)"
sound
END
}

@test "a reader that holds an old snapshot: the log stops at its limit, and nothing is lost" {
  in_namespace <<END
$stress
configure '[conntrack]' 'dump_interval = 1s' '[store]' 'wal_limit = 1M'
netpold_start
talk_all 10 10
mkfifo "\$lab/queries"
sqlite3 "\$db" < "\$lab/queries" > "\$lab/answers" 3>&- &
exec 6> "\$lab/queries"
echo 'BEGIN; SELECT count(*) FROM edge;' >&6
wait_for 10 test -s "\$lab/answers"
sent=10
at_limit() { talk 1; sent=\$((sent + 1)); log_has 'cannot write: a reader holds an old snapshot .* limit of 1 MiB'; }
wait_for 60 at_limit
talk 20
[ "\$(stat -c %s "\$db-wal")" -lt 3000000 ] || die "the log has \$(stat -c %s "\$db-wal") bytes"
exec 6>&-
wait_for 20 log_has 'writing again'
wait_for 20 recorded \$((sent + 20))
logged_once 'cannot write'
netpold_stop
recorded \$((sent + 20)) || die "\$(report edges)"
complete
sound
END
}
