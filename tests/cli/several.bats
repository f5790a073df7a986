#!/usr/bin/env bats
# Several databases, those of several nodes, read as one record.

load cli.bash

# part NODE: its database, as NODE.db
part() {
  "$report" flows --db several-nodes.db --node "$1" -o jsonl | "$report" import --into "$1.db" -
}

parts() {
  record several-nodes
  for node in n1 n2 n3; do
    part "$node"
  done
}

@test "every question takes several databases, before and behind it, in any order" {
  parts
  for command in $(questions); do
    want 0 "$report" "$command" --db n1.db --db n2.db --db n3.db
    sed '/^store  /d' out > expected
    for order in "n3.db n2.db n1.db" "n2.db n3.db n1.db"; do
      read -r first second third <<< "$order"
      want 0 "$report" --db "$first" --db="$second" "$command" --db "$third"
      sed '/^store  /d' out | diff expected -
    done
  done
}

@test "the evidence of several databases is that of one" {
  parts
  "$report" flows --db n3.db --db n1.db --db n2.db -o jsonl > several.jsonl
  sort several.jsonl > several
  "$report" flows --db several-nodes.db -o jsonl | sort | diff several -
  want 0 "$report" import --into again.db several.jsonl
  "$report" edges --db again.db -o json > again
  "$report" edges --db several-nodes.db -o json | diff again -
}

@test "a copy of a node's database is a problem, and counts once" {
  parts
  cp n2.db copy.db
  for command in $(questions); do
    want 0 "$report" "$command" --db n1.db --db n2.db --db n3.db
    sed '/^store  /d' out > expected
    want 0 "$report" "$command" --db n1.db --db n2.db --db n3.db --db copy.db
    sed '/^store  /d' out | diff expected -
    said "warning: n2: "
    want 1 "$report" "$command" --db copy.db --db n2.db --strict
  done
}

@test "of two copies of a node the one that heard of it last counts" {
  parts
  cp n2.db old.db
  sqlite3 old.db "UPDATE node SET heartbeat = heartbeat - 1; UPDATE edge SET connections = 1000"
  for order in "old.db n2.db" "n2.db old.db"; do
    read -r first second <<< "$order"
    want 0 "$report" status --db "$first" --db "$second"
    said "n2.db, where it was heard of last, counts"
    ! grep -q 1000 out
  done
}

@test "one that cannot be read is named, and nothing is answered" {
  parts
  : > empty.db
  for command in $(questions); do
    want 3 "$report" "$command" --db n1.db --db missing.db
    silent out
    said "netpol-report: missing.db: No such file or directory"
    want 3 "$report" "$command" --db empty.db --db n1.db
    silent out
    said "netpol-report: empty.db: not a netpol database"
  done
}

@test "damage is told of the database that it is in" {
  parts
  sqlite3 n2.db "UPDATE pod SET name = CAST(x'61ff' AS TEXT) WHERE id = 1"
  for command in $(questions); do
    want 3 "$report" "$command" --db n1.db --db n2.db --db n3.db
    said "netpol-report: n2.db: damaged: a name is not UTF-8"
  done
}

@test "pods are found by whatever numbers they have in their databases" {
  parts
  "$report" edges --db n1.db --db n2.db --db n3.db -o json > before
  for node in n1 n2; do
    sqlite3 "$node.db" "PRAGMA foreign_keys = off; UPDATE pod SET id = 4294967295 WHERE id = 1;
      UPDATE pod_address SET pod = 4294967295 WHERE pod = 1; UPDATE pod_word SET pod = 4294967295 WHERE pod = 1;
      UPDATE edge SET source_pod = 4294967295 WHERE source_pod = 1;
      UPDATE edge SET destination_pod = 4294967295 WHERE destination_pod = 1"
  done
  "$report" edges --db n1.db --db n2.db --db n3.db -o json | diff before -
}

@test "status has each database and what nodes do not agree in" {
  parts
  for node in n1 n2; do
    sqlite3 "$node.db" "INSERT INTO fact (node, name, value, since) SELECT id, 'sysctl.same', 'a', 1 FROM node;
      INSERT INTO fact (node, name, value, since) SELECT id, 'sysctl.other', name, 1 FROM node"
  done
  want 0 "$report" status --db n1.db --db n2.db -o json
  jq -e '.sysctls == {"other": "n1: n1, n2: n2", "same": "a"} and .store.path == null and
    (.stores | map(.path)) == ["n1.db", "n2.db"] and .store.edges == (.stores | map(.edges) | add)' out
  want 0 "$report" status --db n1.db -o json
  jq -e '.sysctls.other == "n1" and .store.path == "n1.db"' out
}

@test "--node has that node's own record, whatever the others say" {
  parts
  for node in n1 n2 n3; do
    "$report" edges --db "$node.db" --node "$node" -o json | jq 'map([.protocol, .port, .verdict, .connections]) | sort' > own
    "$report" edges --db n1.db --db n2.db --db n3.db --node "$node" -o json | jq 'map([.protocol, .port, .verdict, .connections]) | sort' | diff own -
  done
}
