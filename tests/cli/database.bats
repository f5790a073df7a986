#!/usr/bin/env bats
# Which database is read, what cannot be read, and with which exit status netpol-report ends.

load cli.bash

# unreadable FILE MESSAGE: every question about it ends with 3 and names it; it stays as it is.
unreadable() {
  local before
  before=$(sha256sum < "$1" 2>/dev/null || true)
  for command in $(questions); do
    want 3 "$report" --db "$1" "$command"
    silent out
    said "netpol-report: $1: $2"
  done
  [ "$before" = "$(sha256sum < "$1" 2>/dev/null || true)" ]
}

@test "questions that are answered end with 0, and say nothing on standard error" {
  record remote-pod
  for command in $(questions); do
    [ "$command" = flows ] || options=(--inventory inventory.yaml)
    want 0 "$report" "$command" --db remote-pod.db "${options[@]}"
    silent err
    [ -s out ]
    options=()
  done
}

@test "--strict ends with 1 if there was a problem, and answers all the same" {
  record nothing-is-generated
  want 0 "$report" policy --db nothing-is-generated.db
  mv out answer
  said "warning: "
  want 1 "$report" policy --db nothing-is-generated.db --strict
  diff answer out
  said "warning: "
}

@test "--strict ends with 1 for a note, too, and with 0 without any problem" {
  record dns-not-observed
  want 1 "$report" policy --db dns-not-observed.db --inventory inventory.yaml --strict
  said "note: "
  record remote-pod
  want 0 "$report" policy --db remote-pod.db --inventory inventory.yaml --strict
  silent err
}

@test "--strict does not hide what is worse" {
  record nothing-is-generated
  want 2 "$report" policy --db nothing-is-generated.db --strict --inventory missing.yaml
  want 3 "$report" policy --db missing.db --strict
}

@test "a database that is missing" {
  unreadable missing.db "No such file or directory"
  unreadable missing/flows.db "No such file or directory"
  [ -z "$(ls missing.db* 2>/dev/null)" ]
}

@test "a file that is no database" {
  echo "hello, this is a text of some length, but not a database at all" > text.db
  unreadable text.db "file is not a database"
}

@test "an empty file" {
  : > empty.db
  unreadable empty.db "not a netpol database"
}

@test "a database of something else" {
  sqlite3 other.db 'CREATE TABLE edge (id INTEGER)'
  unreadable other.db "not a netpol database"
}

@test "a database of a newer netpol" {
  record remote-pod
  sqlite3 remote-pod.db 'PRAGMA user_version = 999'
  unreadable remote-pod.db "made by a newer netpol (schema 999"
}

@test "a database that was cut off" {
  record shop
  truncate -s 20000 shop.db
  want 3 "$report" edges --db shop.db
  silent out
  said "netpol-report: shop.db: "
}

@test "a directory" {
  mkdir directory.db
  for command in $(questions); do
    want 3 "$report" "$command" --db directory.db
    silent out
    said "netpol-report: directory.db: Is a directory"
  done
}

@test "what is no regular file" {
  mkfifo fifo.db
  for name in fifo.db /dev/null; do
    for command in $(questions); do
      want 3 "$report" "$command" --db $name
      silent out
      said "netpol-report: $name: not a regular file"
    done
  done
}

@test "a file that may not be read" {
  record remote-pod
  chmod 0 remote-pod.db
  # Root reads everything by a capability that it can do without.
  [ "$(id -u)" -ne 0 ] || powerless=(setpriv --inh-caps=-all --bounding-set=-all)
  want 3 "${powerless[@]}" "$report" edges --db remote-pod.db
  silent out
  said "netpol-report: remote-pod.db: Permission denied"
}

@test "a directory that may not be written to is enough" {
  mkdir closed
  record remote-pod
  mv remote-pod.db closed
  chmod 444 closed/remote-pod.db
  chmod 555 closed
  [ "$(id -u)" -ne 0 ] || powerless=(setpriv --inh-caps=-all --bounding-set=-all)
  want 0 "${powerless[@]}" "$report" edges --db closed/remote-pod.db
  silent err
  chmod 755 closed
}

@test "reading leaves the database and its directory as they were" {
  mkdir d
  record shop
  mv shop.db d
  before=$(sha256sum d/shop.db; ls d)
  for command in $(questions); do
    want 0 "$report" "$command" --db d/shop.db
  done
  same "$before" "$(sha256sum d/shop.db; ls d)"
}

@test "NETPOL_DB names the database, --db goes before it" {
  record remote-pod
  record udp-above-1023
  remote=$("$report" edges --db remote-pod.db)
  one_way=$("$report" edges --db udp-above-1023.db)
  [ "$remote" != "$one_way" ]
  same "$remote" "$(NETPOL_DB=remote-pod.db "$report" edges)"
  same "$one_way" "$(NETPOL_DB=remote-pod.db "$report" edges --db udp-above-1023.db)"
  same "$one_way" "$(NETPOL_DB=remote-pod.db "$report" --db udp-above-1023.db edges)"
  same "$one_way" "$(NETPOL_DB=remote-pod.db "$report" --db=udp-above-1023.db edges)"
  NETPOL_DB=missing.db want 3 "$report" edges
  said "missing.db"
}

@test "the name of a database may hold anything" {
  record remote-pod
  for name in 'a b.db' 'a?b.db' 'a#b.db' 'a%20b.db' 'a:b.db' "a'b.db" 'file:x.db'; do
    cp remote-pod.db "./$name"
    want 0 "$report" edges --db "$name"
    grep -q shop/web out
    want 0 "$report" edges --db "$PWD/$name"
  done
}

@test "text in it that is not UTF-8 is damage, whatever is asked for" {
  record shop
  sqlite3 shop.db "UPDATE pod SET name = CAST(x'61ff' AS TEXT) WHERE id = 1"
  for command in $(questions); do
    want 3 "$report" "$command" --db shop.db
    said "damaged: a name is not UTF-8"
  done
}

@test "control characters of the record reach neither standard error nor the text of status" {
  record shop
  sqlite3 shop.db "INSERT INTO gap (node, source, since, until, reason)
    SELECT id, 'log', 1, 2, 'a' || char(10, 27) || '[1mb' FROM node"
  want 0 "$report" status --db shop.db
  grep -qF 'a??[1mb' out
  want 0 "$report" policy --db shop.db
  said 'a??[1mb'
}

@test "bounds that cut an edge whose windows are gone are a problem that says how many" {
  record shop
  want 0 "$report" edges --db shop.db --since 2026-01-31T12:01:01Z
  sqlite3 shop.db "DELETE FROM flow"
  want 0 "$report" edges --db shop.db
  silent err
  want 1 "$report" edges --db shop.db --strict --until 2026-01-31T12:01:05Z
  said "could not be cut"
}

@test "pods are found by whatever number they have" {
  record shop
  "$report" flows --db shop.db > before
  sqlite3 shop.db "UPDATE pod SET id = 4294967295 WHERE id = 1; UPDATE pod_address SET pod = 4294967295 WHERE pod = 1;
    UPDATE edge SET source_pod = 4294967295 WHERE source_pod = 1;
    UPDATE edge SET destination_pod = 4294967295 WHERE destination_pod = 1"
  want 0 "$report" flows --db shop.db
  diff before out
}
