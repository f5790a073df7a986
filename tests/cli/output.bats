#!/usr/bin/env bats
# Formats, filters, and what becomes of an answer that cannot be written.

load cli.bash

# Two nodes; from web to api in the windows 12:00 and 12:05, to db in the second alone.
two_windows() {
  cat > windows.jsonl <<'LINES'
{"type":"header","version":1,"node":"n1","from":"2026-01-31T12:00:00Z","until":"2026-01-31T14:00:00Z"}
{"type":"header","version":1,"node":"n2","from":"2026-01-31T12:00:00Z","until":"2026-01-31T14:00:00Z"}
{"type":"pod","node":"n1","namespace":"shop","name":"web-6b5f8d7c9-x2k4q","addresses":[{"address":"10.244.1.2","from":"2026-01-31T12:00:00Z"}]}
{"type":"pod","node":"n1","namespace":"shop","name":"api-5c7d9f6b8-4hj7z","addresses":[{"address":"10.244.1.3","from":"2026-01-31T12:00:00Z"}]}
{"type":"pod","node":"n2","namespace":"data","name":"db-0","addresses":[{"address":"10.244.2.4","from":"2026-01-31T12:00:00Z"}]}
{"type":"gap","node":"n1","source":"log","from":"2026-01-31T12:02:00Z","until":"2026-01-31T12:03:00Z","reason":"r"}
{"type":"flow","node":"n1","window":"2026-01-31T12:00:00Z","length":60000,"from":{"address":"10.244.1.2"},"to":{"address":"10.244.1.3"},"protocol":"TCP","port":8080,"connections":3,"packets_sent":30,"packets_received":20,"bytes_sent":3000,"bytes_received":2000,"first_seen":"2026-01-31T12:00:10Z","last_seen":"2026-01-31T12:00:40Z"}
{"type":"flow","node":"n1","window":"2026-01-31T12:05:00Z","length":60000,"from":{"address":"10.244.1.2"},"to":{"address":"10.244.1.3"},"protocol":"TCP","port":8080,"connections":4,"packets_sent":40,"packets_received":30,"bytes_sent":4000,"bytes_received":3000,"first_seen":"2026-01-31T12:05:20Z","last_seen":"2026-01-31T12:05:50Z"}
{"type":"flow","node":"n2","window":"2026-01-31T12:05:00Z","length":60000,"from":{"address":"10.244.1.2"},"to":{"address":"10.244.2.4"},"protocol":"TCP","port":5432,"connections":1,"first_seen":"2026-01-31T12:05:30Z"}
{"type":"flow","node":"n2","window":"2026-01-31T12:06:00Z","length":60000,"from":{"address":"198.51.100.7"},"to":{"address":"10.244.2.4"},"protocol":"TCP","port":22,"verdict":"denied","first_seen":"2026-01-31T12:06:00Z"}
LINES
  cat > inventory.yaml <<'OBJECTS'
kind: List
items:
- kind: Pod
  metadata:
    name: web-6b5f8d7c9-x2k4q
    namespace: shop
    labels: {app: web, pod-template-hash: 6b5f8d7c9}
    ownerReferences: [{kind: ReplicaSet, name: web-6b5f8d7c9, controller: true}]
- kind: Pod
  metadata:
    name: api-5c7d9f6b8-4hj7z
    namespace: shop
    labels: {app: api, pod-template-hash: 5c7d9f6b8}
    ownerReferences: [{kind: ReplicaSet, name: api-5c7d9f6b8, controller: true}]
- kind: Pod
  metadata:
    name: db-0
    namespace: data
    labels: {app: db}
    ownerReferences: [{kind: StatefulSet, name: db, controller: true}]
OBJECTS
  "$report" import --into windows.db windows.jsonl
}

# edges OPTION...: which edges there are, as TO PORT CONNECTIONS.
edges() {
  "$report" edges --db windows.db -o json "$@" | jq -r '.[] | "\(.to.name) \(.port) \(.connections)"'
}

# policies OPTION...: the names of the policies.
policies() {
  "$report" policy --db windows.db -o json --inventory inventory.yaml "$@" 2>/dev/null |
    jq -r '.items[] | "\(.metadata.namespace)/\(.metadata.name)"'
}

@test "json is one document, and jsonl its elements, one a line" {
  record shop
  for command in pods edges denied; do
    want 0 "$report" "$command" --db shop.db --inventory inventory.yaml -o json
    jq -e 'type == "array" and length > 0' out
    jq -c '.[]' out > elements
    want 0 "$report" "$command" --db shop.db --inventory inventory.yaml -o jsonl
    diff elements <(jq -c . out)
    [ "$(wc -l < out)" -eq "$(wc -l < elements)" ]
  done
  for command in status policy; do
    want 0 "$report" "$command" --db shop.db --inventory inventory.yaml -o json
    jq -e 'type == "object"' out
  done
}

@test "without anything to tell, json is an empty array and jsonl empty" {
  : > nothing.jsonl
  "$report" import --into nothing.db nothing.jsonl
  for command in pods edges denied; do
    want 0 "$report" "$command" --db nothing.db -o json
    same '[]' "$(cat out)"
    want 0 "$report" "$command" --db nothing.db -o jsonl
    silent out
    want 0 "$report" "$command" --db nothing.db -o csv
    [ "$(wc -l < out)" -eq 1 ]
  done
  for command in status flows; do
    want 0 "$report" "$command" --db nothing.db
    silent err
  done
  want 0 "$report" policy --db nothing.db
  same 'netpol-report: warning: evidence: nothing was recorded in this time: nothing is proved' "$(cat err)"
  want 0 "$report" status --db nothing.db -o json
  jq -e '.interval == {from: null, until: null} and .nodes == [] and (.complete | not)' out
}

@test "csv has as many fields in every line, as another program reads them" {
  record shop
  for command in pods flows edges denied; do
    options=()
    [ "$command" = flows ] || options=(--inventory inventory.yaml)
    want 0 "$report" "$command" --db shop.db "${options[@]}" -o csv
    silent err
    rows=$("$report" "$command" --db shop.db "${options[@]}" | wc -l)
    sqlite3 :memory: '.mode csv' '.import out answer' 'SELECT count(*) FROM answer' > count 2> complaints
    silent complaints
    [ "$(cat count)" -eq $((rows - 1)) ]
  done
}

@test "csv quotes as RFC 4180 says, and ends lines with CR LF" {
  printf '%s\n' '{"type":"pod","namespace":"shop","name":"web","source":"a \"b\", c\nd"}' |
    "$report" import --into odd.db
  "$report" pods --db odd.db -o csv > out
  printf 'NAMESPACE,NAME,WORKLOAD,NODE,ADDRESS,FROM,UNTIL,SOURCES\r\nshop,web,,node,,,,"a ""b"", c\nd"\r\n' | diff - out
}

@test "csv has whole numbers of bytes" {
  two_windows
  want 0 "$report" edges --db windows.db -o csv
  tr -d '\r' < out | grep -qx '[^,]*,[^,]*,TCP 8080,,answered,7,7000,5000,.*'
  want 0 "$report" flows --db windows.db -o csv
  tr -d '\r' < out | grep -qx '[^,]*,[^,]*,[^,]*,TCP 8080,answered,3,3000,2000'
}

@test "csv has an empty field where nothing was counted, a table a dash" {
  two_windows
  want 0 "$report" edges --db windows.db -o csv
  tr -d '\r' < out | grep -qx '[^,]*,[^,]*,TCP 5432,,answered,1,,,.*'
  want 0 "$report" edges --db windows.db
  grep -qE ' TCP 5432 +answered +1 +- +-$' out
}

@test "packets and bytes of a connection that began before its window are told" {
  printf '%s\n' '{"type":"flow","from":{"address":"10.0.0.1"},"to":{"address":"10.0.0.2"},"protocol":"TCP","port":80,"connections":0,"closed":1,"counted":0,"packets_sent":2,"packets_received":3,"bytes_sent":1200,"bytes_received":0,"first_seen":"2026-01-31T12:00:00Z"}' |
    "$report" import --into late.db
  want 0 "$report" edges --db late.db -o json
  jq -e '.[0] | [.packets_sent, .packets_received, .bytes_sent, .bytes_received] == [2, 3, 1200, null]' out
  want 0 "$report" edges --db late.db
  grep -q ' 0  1.2 kB ' out
  want 0 "$report" status --db late.db
  grep -qx 'bytes        sent 1200, received 0' out
}

@test "a table has its columns below their titles, and no blanks at the ends of lines" {
  record shop
  for command in pods flows edges denied; do
    want 0 "$report" "$command" --db shop.db
    not grep -n ' $' out
    awk 'NR == 1 { match($0, /  +/); at = RSTART + RLENGTH; next }
      substr($0, at - 2, 2) != "  " || substr($0, at, 1) == " " { print "not aligned: " $0; exit 1 }' out
  done
}

@test "a table shows control characters of names instead of sending them to the terminal" {
  printf '%s\n' '{"type":"pod","namespace":"shop","name":"we\u001b[31mb\n\u0007\u009b"}' | "$report" import --into odd.db
  want 0 "$report" pods --db odd.db
  [ "$(wc -l < out)" -eq 2 ]
  not grep -P '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' out
}

@test "the same question gets the same bytes" {
  record shop
  for command in $(questions); do
    "$report" "$command" --db shop.db > first 2>&1
    "$report" "$command" --db shop.db 2>&1 | diff first -
  done
}

@test "--since and --until cut edges at their windows" {
  two_windows
  same $'db-0 5432 1\napi-5c7d9f6b8-4hj7z 8080 7\ndb-0 22 1' "$(edges)"
  same $'db-0 5432 1\napi-5c7d9f6b8-4hj7z 8080 4\ndb-0 22 1' "$(edges --since 2026-01-31T12:05:00Z)"
  same 'api-5c7d9f6b8-4hj7z 8080 3' "$(edges --until 2026-01-31T12:05:00Z)"
  same 'db-0 22 1' "$(edges --since 2026-01-31T12:06:00Z)"
  same $'db-0 5432 1\napi-5c7d9f6b8-4hj7z 8080 4' "$(edges --since 2026-01-31T12:05:00Z --until 2026-01-31T12:06:00Z)"
  same '' "$(edges --since 2026-01-31T12:01:00Z --until 2026-01-31T12:05:00Z)"
  same '' "$(edges --since 1h)"
  same '' "$(edges --until 2026-01-31T12:00:10Z)"
  same 'api-5c7d9f6b8-4hj7z 8080 3' "$(edges --until 2026-01-31T12:00:10.001Z)"
}

@test "times may be written with another offset, and in small letters" {
  two_windows
  same "$(edges --since 2026-01-31T12:05:00Z)" "$(edges --since 2026-01-31T13:05:00+01:00)"
  same "$(edges --since 2026-01-31T12:05:00Z)" "$(edges --since 2026-01-31t12:05:00.000z)"
}

@test "a cut edge has the counters and moments of its windows" {
  two_windows
  "$report" edges --db windows.db -o json --since 2026-01-31T12:05:00Z |
    jq -e '.[] | select(.port == 8080) | [.packets_sent, .packets_received, .bytes_sent, .bytes_received, .first_seen, .last_seen]
      == [40, 30, 4000, 3000, "2026-01-31T12:05:20Z", "2026-01-31T12:05:50Z"]'
  "$report" status --db windows.db -o json --since 2026-01-31T12:05:00Z --until 2026-01-31T12:06:00Z |
    jq -e '.connections.opened == 5 and .connections.denied == 0 and .gaps == []
      and .interval == {from: "2026-01-31T12:05:20Z", until: "2026-01-31T12:05:50Z"}'
  "$report" status --db windows.db -o json --until 2026-01-31T12:05:00Z | jq -e '.connections.opened == 3 and (.gaps | length) == 1'
}

@test "--since and --until choose windows of flows, and gaps" {
  two_windows
  want 0 "$report" flows --db windows.db -o jsonl --until 2026-01-31T12:05:00Z
  same '3' "$(jq -r 'select(.type == "flow").connections' out)"
  same 'log' "$(jq -r 'select(.type == "gap").source' out)"
  want 0 "$report" flows --db windows.db -o jsonl --since 2026-01-31T12:05:00Z
  same $'4\n1\n1' "$(jq -r 'select(.type == "flow").connections' out)"
  same '' "$(jq -r 'select(.type == "gap").source' out)"
}

@test "policies are derived from what lies between the bounds" {
  two_windows
  same $'data/db-netpol\nshop/api-netpol\nshop/web-netpol' "$(policies)"
  same $'shop/api-netpol\nshop/web-netpol' "$(policies --until 2026-01-31T12:05:00Z)"
  # A window that reaches across a bound is in with all that it has.
  same $'shop/api-netpol\nshop/web-netpol' "$(policies --since 2026-01-31T12:05:25Z --until 2026-01-31T12:05:26Z)"
  same '' "$(policies --since 2026-01-31T12:06:00Z)"
}

@test "--namespace, the last of them, chooses what has an end there; -A takes it back" {
  two_windows
  same $'db-0 5432 1\napi-5c7d9f6b8-4hj7z 8080 7' "$(edges -n shop)"
  same $'db-0 5432 1\ndb-0 22 1' "$(edges --namespace data)"
  same $'db-0 5432 1\ndb-0 22 1' "$(edges -n shop -n data)"
  same "$(edges)" "$(edges -n shop -A)"
  same '' "$(edges -n nobody)"
  same 'data/db-netpol' "$(policies -n data)"
  same '1' "$("$report" denied --db windows.db -n data -o json | jq length)"
  same '0' "$("$report" denied --db windows.db -n shop -o json | jq length)"
  same $'api-5c7d9f6b8-4hj7z\nweb-6b5f8d7c9-x2k4q' "$("$report" pods --db windows.db -n shop -o json | jq -r '.[].name')"
}

@test "--workload in each spelling that kubectl takes" {
  two_windows
  for kind in deploy deployment deployments Deployment DEPLOYMENTS; do
    same 'api-5c7d9f6b8-4hj7z 8080 7' "$(edges --inventory inventory.yaml --workload "$kind/api")"
  done
  for kind in sts statefulset statefulsets StatefulSet; do
    same $'db-0 5432 1\ndb-0 22 1' "$(edges --inventory inventory.yaml --workload "$kind/db")"
  done
  for kind in ds rs rc job cj po; do
    same '' "$(edges --inventory inventory.yaml --workload "$kind/api")"
  done
  same 'shop/api-netpol' "$(policies --workload deploy/api)"
  same 'db-0' "$("$report" pods --db windows.db --inventory inventory.yaml --workload sts/db -o json | jq -r '.[].name')"
  same '1' "$("$report" denied --db windows.db --inventory inventory.yaml --workload sts/db -o json | jq length)"
}

@test "--workload pod/NAME needs no inventory" {
  two_windows
  for kind in po pod pods Pod; do
    same $'db-0 5432 1\ndb-0 22 1' "$(edges --workload "$kind/db-0")"
  done
}

@test "a workload that nobody knows is a problem" {
  two_windows
  want 1 "$report" policy --db windows.db --inventory inventory.yaml --workload deploy/nobody --strict
  said "Deployment/nobody: no policy: no such workload is known"
  for command in edges denied pods; do
    want 1 "$report" $command --db windows.db --inventory inventory.yaml --workload deploy/nobody --strict
    said "warning: Deployment/nobody: no such workload is known"
    want 1 "$report" $command --db windows.db --inventory inventory.yaml --workload deploy/api -n data --strict
    said "warning: Deployment/api in data: no such workload is known"
    want 0 "$report" $command --db windows.db --inventory inventory.yaml --workload deploy/api --strict
    silent err
    want 0 "$report" $command --db windows.db --inventory inventory.yaml --workload rollout/api
    said "warning: rollout/api: no such workload is known"
    [ "$(wc -l < err)" -eq 1 ]
  done
}

@test "a workload is looked for without an inventory: a problem that says what to give" {
  two_windows
  for command in edges denied pods policy; do
    want 0 "$report" $command --db windows.db --workload deploy/api
    said "no such workload is known; give an inventory that has them"
  done
}

@test "a namespace or node of which nothing is known is a problem" {
  two_windows
  for command in edges denied pods policy flows; do
    want 1 "$report" $command --db windows.db -n nobody --strict
    grep -q '^netpol-report: warning: nobody: .*no pod of a namespace of that name is known$' err
    [ $command = policy ] || [ "$(wc -l < err)" -eq 1 ]
  done
  for command in edges denied flows status; do
    want 1 "$report" $command --db windows.db --node n3 --strict
    said "warning: n3: no node of that name recorded anything"
    want 0 "$report" $command --db windows.db --node n2 -o table --strict
    silent err
  done
}

@test "--node chooses what that node recorded" {
  two_windows
  same 'api-5c7d9f6b8-4hj7z 8080 7' "$(edges --node n1)"
  same $'db-0 5432 1\ndb-0 22 1' "$(edges --node n2)"
  same '' "$(edges --node n3)"
  same '[7,0,1]' "$("$report" status --db windows.db --node n1 -o json | jq -c '[.connections.opened, .connections.denied, (.gaps | length)]')"
  same '[1,1,0]' "$("$report" status --db windows.db --node n2 -o json | jq -c '[.connections.opened, .connections.denied, (.gaps | length)]')"
  same 'n2' "$("$report" flows --db windows.db --node n2 -o jsonl | jq -r .node | sort -u)"
}

@test "several inventories are one, and - is standard input" {
  two_windows
  sed '/name: db-0/,$d' inventory.yaml | sed '$d' > first.yaml
  { echo 'kind: List'; echo 'items:'; sed -n '/name: db-0/,$p' inventory.yaml | sed '1i - kind: Pod\n  metadata:'; } > second.yaml
  whole=$("$report" policy --db windows.db --inventory inventory.yaml 2>/dev/null)
  [ -n "$whole" ]
  same "$whole" "$("$report" policy --db windows.db --inventory first.yaml --inventory second.yaml 2>/dev/null)"
  same "$whole" "$("$report" policy --db windows.db --inventory first.yaml --inventory - < second.yaml 2>/dev/null)"
}

@test "a full disk is an error that is told" {
  [ -c /dev/full ] || skip "/dev/full is missing"
  record shop
  for command in $(questions); do
    not full "$report" "$command" --db shop.db
    said "standard output: No space left on device"
  done
  for format in json jsonl csv; do
    not full "$report" edges --db shop.db -o $format
    said "standard output: No space left on device"
  done
  not full "$report" flows --db shop.db -o jsonl
  said "standard output: No space left on device"
}

@test "an answer that could not be written is none, even a no" {
  [ -c /dev/full ] || skip "/dev/full is missing"
  record shop
  "$report" policy --db shop.db --inventory inventory.yaml > policies.yaml 2> err
  sed -i 's/port: 5432/port: 5433/' policies.yaml
  want 1 "$report" verify --db shop.db --inventory inventory.yaml -f policies.yaml
  for answer in "verify --db shop.db --inventory inventory.yaml -f policies.yaml" "policy --db shop.db --strict"; do
    status=0
    full "$report" $answer || status=$?
    [ "$status" -eq 2 ]
  done
}

@test "a disk that is full in the midst of a long answer is no other error" {
  [ -c /dev/full ] || skip "/dev/full is missing"
  for i in $(seq 1 1000); do
    echo '{"type":"flow","from":{"address":"10.0.0.1"},"to":{"address":"10.0.1.1"},"protocol":"TCP","port":'$i',"first_seen":"2026-01-31T12:00:00Z"}'
  done | "$report" import --into many.db
  for format in table csv json jsonl; do
    not full "$report" edges --db many.db -o $format
    grep -qE 'standard output: (No space left on device|not all could be written)$' err
  done
}

@test "a full disk is an error for the help, too" {
  [ -c /dev/full ] || skip "/dev/full is missing"
  for command in --help --version 'edges --help'; do
    not full "$report" $command
    said "standard output: No space left on device"
  done
}

@test "a closed standard output is an error" {
  record shop
  not closed "$report" edges --db shop.db
  said "standard output: "
}

@test "a reader that has had enough ends it without noise" {
  {
    for i in $(seq 1 3000); do
      echo '{"type":"flow","from":{"address":"10.0.0.1"},"to":{"address":"10.0.1.1"},"protocol":"TCP","port":'$i',"first_seen":"2026-01-31T12:00:00Z"}'
    done
  } | "$report" import --into many.db
  for format in jsonl csv; do
    for command in flows edges; do
      line=$({ "$report" $command --db many.db -o $format 2> err || echo $? > status; } | head -n 1)
      [ -n "$line" ]
      # It may have been done before the reader went.
      [ ! -e status ] || [ "$(cat status)" -eq 141 ] || { echo "$command ended with $(cat status)"; cat err; return 1; }
      silent err
      rm -f status
    done
  done
}
