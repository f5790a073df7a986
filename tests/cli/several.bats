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

# rotated: old.db and new.db, one after the other of node n1, and n2.db, whose connections go there all the time.
rotated() {
  local web='"type":"pod","node":"n1","namespace":"shop","name":"web","uid":"u1","sandbox":"s1"'
  local from='"from":{"address":"10.244.1.2","namespace":"shop","name":"web"},"to":{"address":"203.0.113.9"}'
  local rest='"protocol":"TCP","length":60000' day=2026-01-31T
  printf '%s\n' "{\"type\":\"header\",\"version\":1,\"node\":\"n1\",\"from\":\"${day}12:00:00Z\",\"until\":\"${day}12:30:00Z\"}" \
    "{$web,\"addresses\":[{\"address\":\"10.244.1.2\",\"from\":\"${day}12:00:00Z\"}]}" \
    "{\"type\":\"pod\",\"node\":\"n1\",\"namespace\":\"shop\",\"name\":\"api\",\"addresses\":[{\"address\":\"10.244.1.3\",\"from\":\"${day}12:00:00Z\"}]}" \
    "{\"type\":\"flow\",\"node\":\"n1\",\"window\":\"${day}12:20:00Z\",$from,$rest,\"port\":443,\"connections\":50,\"first_seen\":\"${day}12:20:00Z\"}" |
    "$report" import --into old.db -
  printf '%s\n' "{\"type\":\"header\",\"version\":1,\"node\":\"n1\",\"from\":\"${day}12:31:00Z\",\"until\":\"${day}14:00:00Z\"}" \
    "{$web,\"addresses\":[{\"address\":\"10.244.1.2\",\"from\":\"${day}12:31:00Z\"}]}" \
    "{\"type\":\"pod\",\"node\":\"n1\",\"namespace\":\"shop\",\"name\":\"db\",\"addresses\":[{\"address\":\"10.244.1.3\",\"from\":\"${day}12:40:00Z\"}]}" \
    "{\"type\":\"flow\",\"node\":\"n1\",\"window\":\"${day}13:20:00Z\",$from,$rest,\"port\":443,\"connections\":5,\"first_seen\":\"${day}13:20:00Z\"}" |
    "$report" import --into new.db -
  {
    printf '%s\n' "{\"type\":\"header\",\"version\":1,\"node\":\"n2\",\"from\":\"${day}12:00:00Z\",\"until\":\"${day}14:00:00Z\"}" \
      "{\"type\":\"pod\",\"node\":\"n2\",\"namespace\":\"shop\",\"name\":\"cli\",\"addresses\":[{\"address\":\"10.244.2.2\",\"from\":\"${day}12:00:00Z\"}]}"
    for flow in 12:20:10,10.244.1.3,80 13:20:10,10.244.1.3,81 12:20:10,10.244.1.2,82 13:20:10,10.244.1.2,82; do
      IFS=, read -r time to port <<< "$flow"
      printf '%s\n' "{\"type\":\"flow\",\"node\":\"n2\",\"window\":\"$day${time%10}00Z\",\"from\":{\"address\":\"10.244.2.2\",\"namespace\":\"shop\",\"name\":\"cli\"},\"to\":{\"address\":\"$to\"},$rest,\"port\":$port,\"connections\":2,\"first_seen\":\"$day${time}Z\"}"
    done
  } | "$report" import --into n2.db -
}

@test "a node that goes on in another database: both count, with a gap between, and what was so in one ends with it" {
  rotated
  for order in "old.db new.db" "new.db old.db"; do
    read -r first second <<< "$order"
    want 0 "$report" edges --db "$first" --db "$second" --db n2.db --strict -o json
    jq -r '.[] | [.from.name, .to.name // .to.address, .port, .connections] | map(tostring) | join(" ")' out | sort > edges
    same 'cli api 80 2
cli db 81 2
cli web 82 4
web 203.0.113.9 443 55' "$(cat edges)"
    want 0 "$report" status --db "$first" --db "$second" -o json
    jq -e '.gaps | map([.node, .from, .until, .at_most]) ==
      [["n1", "2026-01-31T12:30:00Z", "2026-01-31T12:31:00Z", null]]' out
    jq -e '.nodes | map(.name) == ["n1"]' out
  done
  # One that goes on where the other had not ended is a copy, and what it has alone is said.
  sqlite3 old.db "UPDATE node SET heartbeat = heartbeat + 120000"
  want 0 "$report" edges --db old.db --db new.db -o json
  said "old.db, which is from 2026-01-31T12:00:00Z to 2026-01-31T12:32:00Z, is left out"
  jq -e '.[0].connections == 5' out
}

@test "what several databases have of one pod goes into one" {
  rotated
  "$report" flows --db old.db --db new.db -o jsonl > both.jsonl
  want 0 "$report" import --into both.db both.jsonl
  want 0 "$report" edges --db both.db -o json
  jq -e 'length == 1 and .[0].from.name == "web" and .[0].connections == 55' out
}

# cluster NODE: its record of 10,000 workloads on four nodes, each of which asks two others and somebody outside.
cluster() {
  awk -v self="$1" '
    function node(i) { return "n" (i * 31 % 97 % 4 + 1) }
    function namespace(i) { return "team-" i % 50 }
    function address(i) { return sprintf("10.%d.%d.%d", substr(node(i), 2), int(i / 250), i % 250 + 1) }
    function end(i) {
      if (node(i) != self)
        return sprintf("{\"address\":\"%s\"}", address(i))
      return sprintf("{\"address\":\"%s\",\"namespace\":\"%s\",\"name\":\"w%d-0\"}", address(i), namespace(i), i)
    }
    function flow(from, to, port) {
      printf "{\"type\":\"flow\",\"node\":\"%s\",\"window\":\"2026-01-31T12:00:00Z\",\"length\":60000,\"from\":%s,\"to\":%s,\"protocol\":\"TCP\",\"port\":%d,\"first_seen\":\"2026-01-31T12:00:%02dZ\"}\n", self, from, to, port, port % 60
    }
    function talk(i, j, port) {
      if (i != j && (node(i) == self || node(j) == self))
        flow(end(i), end(j), port)
    }
    BEGIN {
      n = 10000
      printf "{\"type\":\"header\",\"version\":1,\"node\":\"%s\",\"from\":\"2026-01-31T12:00:00Z\",\"until\":\"2026-01-31T14:00:00Z\"}\n", self
      printf "{\"type\":\"fact\",\"node\":\"%s\",\"name\":\"address\",\"value\":\"192.168.0.%d\",\"since\":\"2026-01-31T12:00:00Z\"}\n", self, substr(self, 2)
      for (i = 0; i < n; i++)
        if (node(i) == self)
          printf "{\"type\":\"pod\",\"node\":\"%s\",\"namespace\":\"%s\",\"name\":\"w%d-0\",\"uid\":\"u%d\",\"labels\":{\"app\":\"w%d\",\"tier\":\"t%d\"},\"addresses\":[{\"address\":\"%s\",\"from\":\"2026-01-31T12:00:00Z\"}]}\n", self, namespace(i), i, i, i, i % 7, address(i)
      for (i = 0; i < n; i++) {
        talk(i, (i * 7 + 1) % n, 8000 + i % 10)
        talk(i, i * 13 % n, 9000 + i % 3)
        if (node(i) == self)
          flow(end(i), sprintf("{\"address\":\"93.184.%d.%d\"}", i % 100, i % 30 + 1), 443)
      }
    }' | "$report" import --into "$1.db" -
}

@test "the policies of 10,000 workloads are the same bytes each time, in any order of the databases" {
  for node in n1 n2 n3 n4; do
    cluster $node
  done
  want 0 "$report" policy --db n1.db --db n2.db --db n3.db --db n4.db
  mv out first
  [ "$(grep -c '^  kind: NetworkPolicy$' first)" -eq 10000 ]
  want 0 "$report" policy --db n1.db --db n2.db --db n3.db --db n4.db
  cmp first out
  want 0 "$report" policy --db n3.db --db n1.db --db n4.db --db n2.db
  cmp first out
}
