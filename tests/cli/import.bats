#!/usr/bin/env bats
# import makes a database from good lines, and nothing from others; what flows prints, it takes back byte for byte.

load cli.bash

header='{"type":"header","version":1,"node":"n1","from":"2026-01-31T12:00:00Z","until":"2026-01-31T14:00:00Z"}'
ends='"from":{"address":"10.0.0.1"},"to":{"address":"10.0.0.2"}'
seen='"first_seen":"2026-01-31T12:00:00Z"'
flow='{"type":"flow",'$ends',"protocol":"TCP","port":80,'$seen

nothing_left() {
  same "" "$(ls -d new.db* 2>/dev/null || true)"
}

# wrong MESSAGE LINE: as the third of three lines it is refused, with file and line; no database is made.
wrong() {
  printf '%s\n\n%s\n%s}\n' "$header" "$2" "$flow" > e.jsonl
  want 2 "$report" import --into new.db e.jsonl || { echo "$2"; return 1; }
  silent out
  said "netpol-report: error: e.jsonl:3: $1"
  [ "$(wc -l < err)" -eq 1 ]
  nothing_left
}

# right LINE...: is taken, without a word.
right() {
  printf '%s\n' "$@" > e.jsonl
  want 0 "$report" import --into new.db e.jsonl
  silent out
  silent err
  rm new.db
}

# again DATABASE: its record, imported and printed once more, is the same.
again() {
  rm -f again.db
  "$report" flows --db "$1" -o jsonl > first.jsonl
  "$report" import --into again.db first.jsonl
  "$report" flows --db again.db -o jsonl | diff first.jsonl -
}

@test "what flows prints makes the same database again, for every golden case" {
  local asked
  asked=$(questions)
  for case in "$golden"/*/; do
    echo "$case"
    rm -f case.db
    "$report" import --into case.db "$case/evidence.jsonl"
    again case.db
    for command in $asked; do
      options=()
      [ "$command" != status ] || options=(--format json)
      diff <("$report" "$command" --db case.db "${options[@]}" 2>&1 | grep -vE '"path":|"bytes": [0-9]+,$|"wal_bytes":') \
        <("$report" "$command" --db again.db "${options[@]}" 2>&1 | grep -vE '"path":|"bytes": [0-9]+,$|"wal_bytes":')
    done
  done
}

@test "flows whose windows were deleted come back as the totals of their edges" {
  for rows in 'edge % 2 = 0' 'edge % 2 = 1' 1; do
    rm -f shop.db
    record shop
    sqlite3 shop.db "DELETE FROM flow WHERE $rows"
    "$report" edges --db shop.db -o json > before.json
    "$report" flows --db shop.db -o jsonl > first.jsonl
    [ "$(jq -s 'map(select(.type == "flow" and .window == null)) | length' first.jsonl)" -gt 0 ]
    again shop.db
    "$report" edges --db again.db -o json | diff before.json -
  done
}

@test "one of an edge's windows was deleted: the rest comes back beside its totals" {
  for minute in 01 02 03; do
    printf '%s,"window":"2026-01-31T12:%s:00Z","length":60000,"connections":%s,"bytes_sent":7,"bytes_received":8}\n' \
      "${flow/12:00:00/12:$minute:30}" $minute "${minute#0}"
  done | "$report" import --into three.db
  sqlite3 three.db 'DELETE FROM flow WHERE window = (SELECT min(window) FROM flow)'
  "$report" flows --db three.db -o jsonl | jq -s -e 'map(select(.type == "flow") | .connections) | sort == [1, 2, 3]'
  again three.db
  "$report" edges --db again.db -o json | jq -e '.[0].connections == 6 and .[0].first_seen == "2026-01-31T12:01:30Z"'
}

@test "a record with everything in it comes back: two nodes, gaps, facts, two pods of one name, IPv6, all verdicts" {
  cat > all.jsonl <<'LINES'
{"type":"header","version":1,"node":"n1","from":"2026-01-31T11:59:59.001Z","until":"2026-01-31T14:00:00.999Z"}
{"type":"header","version":1,"node":"n2","from":"2026-01-31T12:00:00Z","until":"2026-01-31T14:00:00Z"}
{"type":"pod","node":"n1","namespace":"shop","name":"db-0","uid":"u1","sandbox":"s1","source":"cni-result","addresses":[{"address":"10.0.0.5","from":"2026-01-31T12:00:00Z","until":"2026-01-31T12:30:00.250Z"},{"address":"fd00::5","from":"2026-01-31T12:00:00Z","until":"2026-01-31T12:30:00.250Z"}]}
{"type":"pod","node":"n1","namespace":"shop","name":"db-0","uid":"u2","sandbox":"s2","source":"cni-result,cri","conflict":"cri says uid u3","labels":{"app":"db","tier":""},"created":"2026-01-31T12:30:59.500Z","addresses":[{"address":"10.0.0.6","from":"2026-01-31T12:31:00Z","exact":true},{"address":"10.9.0.6","from":"2026-01-31T12:31:00Z","secondary":true}],"words":[{"source":"cni-result","place":"/var/lib/cni/results/x","said":"{\"name\":\"db-0\"}"},{"source":"cri","place":"/run/crio.sock","said":"{\"uid\":\"u3\"}"}]}
{"type":"pod","node":"n1","namespace":"kube-system","name":"proxy","sandbox":"s3","source":"oci-bundle","labels":{},"host_network":true,"created":"2026-01-31T12:00:00Z","ended":"2026-01-31T13:00:00Z"}
{"type":"pod","node":"n1","namespace":"shop","name":"none"}
{"type":"pod","node":"n2","namespace":"shop","name":"web","sandbox":"s1","addresses":[{"address":"10.0.1.5","from":"2026-01-31T12:00:00Z"}]}
{"type":"fact","node":"n1","name":"address","value":"192.0.2.11","since":"2026-01-31T12:00:00Z","until":"2026-01-31T13:00:00Z"}
{"type":"fact","node":"n1","name":"address","value":"2001:db8::11","since":"2026-01-31T12:00:00Z"}
{"type":"fact","node":"n2","name":"address","value":"192.0.2.12","since":"2026-01-31T12:00:00Z"}
{"type":"fact","node":"n1","name":"sysctl.nf_conntrack_acct","value":"1","since":"2026-01-31T12:00:01Z"}
{"type":"fact","node":"n1","name":"source.cni-result","value":"/var/lib/cni/results","since":"2026-01-31T12:00:02Z"}
{"type":"object","node":"n1","kind":"Pod","namespace":"shop","name":"db-0","uid":"u1","since":"2026-01-31T12:00:00Z","until":"2026-01-31T12:30:00Z","content":{"apiVersion":"v1","kind":"Pod","metadata":{"labels":{"app":"db"},"name":"db-0","namespace":"shop","uid":"u1"}}}
{"type":"object","node":"n1","kind":"Pod","namespace":"shop","name":"db-0","uid":"u2","since":"2026-01-31T12:31:00Z","content":{"apiVersion":"v1","kind":"Pod","metadata":{"labels":{"app":"db","tier":"1"},"name":"db-0","namespace":"shop","uid":"u2"},"spec":{"hostNetwork":false,"containers":[{"ports":[{"containerPort":5433}]}]}}}
{"type":"object","node":"n2","kind":"Node","name":"n2","since":"2026-01-31T12:31:00Z","content":{"kind":"Node","metadata":{"name":"n2"}}}
{"type":"gap","node":"n1","source":"conntrack","from":"2026-01-31T12:10:00Z","until":"2026-01-31T12:10:01Z","at_most":7,"reason":"a \"quoted\" reason, Ünïcödé"}
{"type":"gap","node":"n1","source":"log","from":"2026-01-31T12:20:00Z","until":"2026-01-31T12:20:00Z","at_most":null,"reason":"x"}
{"type":"gap","node":"n2","source":"table","from":"2026-01-31T12:20:00Z","until":"2026-01-31T12:21:00Z","at_most":0,"reason":"x"}
{"type":"flow","node":"n1","window":"2026-01-31T12:01:00Z","length":60000,"from":{"address":"10.0.1.5"},"to":{"address":"10.0.0.5","namespace":"shop","name":"db-0","uid":"u1"},"service":{"address":"10.96.0.1","port":5432},"translated":"192.0.2.12","protocol":"TCP","port":5433,"connections":3,"closed":2,"counted":1,"packets_sent":1,"packets_received":2,"bytes_sent":3,"bytes_received":4,"first_seen":"2026-01-31T12:01:00.125Z","last_seen":"2026-01-31T12:01:59.999Z"}
{"type":"flow","node":"n1","window":"2026-01-31T12:02:00Z","length":60000,"from":{"address":"10.0.1.5"},"to":{"address":"10.0.0.5","namespace":"shop","name":"db-0","sandbox":"s1"},"protocol":"TCP","port":22,"verdict":"refused","first_seen":"2026-01-31T12:02:00Z"}
{"type":"flow","node":"n1","window":"2026-01-31T12:32:00Z","length":60000,"from":{"address":"10.0.1.5"},"to":{"address":"10.0.0.6","namespace":"shop","name":"db-0","uid":"u2"},"protocol":"TCP","port":22,"verdict":"unanswered","first_seen":"2026-01-31T12:32:00Z"}
{"type":"flow","node":"n1","window":"2026-01-31T12:33:00.123Z","length":0,"from":{"address":"fd00::9"},"to":{"address":"fd00::5"},"protocol":"ICMPv6","verdict":"one-way","first_seen":"2026-01-31T12:33:00.123Z"}
{"type":"flow","node":"n1","window":"2026-01-31T12:34:00Z","length":60000,"from":{"address":"10.0.0.6"},"to":{"address":"10.0.0.5"},"protocol":"99","verdict":"denied","first_seen":"2026-01-31T12:34:00Z"}
{"type":"flow","node":"n2","window":"2026-01-31T12:35:00Z","length":60000,"from":{"address":"10.0.1.5","namespace":"shop","name":"web"},"to":{"address":"10.0.0.6"},"protocol":"SCTP","port":3868,"verdict":"unknown","connections":0,"first_seen":"2026-01-31T12:35:00Z"}
{"type":"flow","node":"n2","window":"2026-01-31T12:36:00Z","length":60000,"from":{"address":"10.0.0.6"},"to":{"address":"10.0.1.5"},"protocol":"UDP","port":514,"direction_certain":false,"first_seen":"2026-01-31T12:36:00Z"}
LINES
  "$report" import --into all.db all.jsonl
  again all.db
  # Nothing of what was written by hand is lost: every member of every line is in the line that came of it.
  bare='walk(if type == "object" then with_entries(select(.value != null)) else . end)'
  jq -c "$bare" all.jsonl > written
  jq -c "$bare" first.jsonl > printed
  jq -c -s --slurpfile printed printed 'def within($a; $b):
      if ($a | type) == "object" and ($b | type) == "object" then $a | to_entries | all(within(.value; $b[.key]))
      elif ($a | type) == "array" and ($b | type) == "array" then ($a | length) == ($b | length) and all(range($a | length); within($a[.]; $b[.]))
      else $a == $b end;
    map(select(. as $line | $printed | any(within($line; .)) | not))' written > lost
  same '[]' "$(cat lost)"
}

@test "the filters of flows choose what is taken elsewhere" {
  record two-nodes
  "$report" flows --db two-nodes.db -o jsonl --node n2 > n2.jsonl
  "$report" import --into n2.db n2.jsonl
  same '["n2"]' "$("$report" status --db n2.db -o json | jq -c '[.nodes[].name]')"
  again n2.db
}

@test "files are read in order, - and nothing are standard input" {
  head -n 4 "$golden/remote-pod/evidence.jsonl" > all.jsonl
  head -n 2 all.jsonl > one.jsonl
  sed 1,2d all.jsonl > two.jsonl
  "$report" import --into whole.db all.jsonl
  whole=$("$report" flows --db whole.db -o jsonl)
  "$report" import --into parts.db one.jsonl two.jsonl
  same "$whole" "$("$report" flows --db parts.db -o jsonl)"
  "$report" import --into dash.db one.jsonl - < two.jsonl
  same "$whole" "$("$report" flows --db dash.db -o jsonl)"
  "$report" import --into input.db < all.jsonl
  same "$whole" "$("$report" flows --db input.db -o jsonl)"
}

@test "a file without a line makes an empty database, and a warning" {
  for lines in '' '\n\n'; do
    printf "$lines" > e.jsonl
    want 0 "$report" import --into new.db e.jsonl
    same "netpol-report: warning: new.db: nothing is in it: no line tells of a node or a connection" "$(cat err)"
    rm new.db
  done
}

@test "empty lines, CR LF, and a last line without its end" {
  printf '%s\r\n\r\n  \t\r\n%s}\r\n%s}' "$header" "$flow" "$flow" > e.jsonl
  want 0 "$report" import --into new.db e.jsonl
  silent err
  "$report" edges --db new.db -o json | jq -e 'length == 1 and .[0].connections == 2'
}

@test "members in any order, and null for what is absent" {
  right '{"first_seen":"2026-01-31T12:00:00Z","protocol":"tcp","port":80,"to":{"address":"10.0.0.2"},"from":{"name":null,"address":"10.0.0.1"},"service":null,"window":null,"translated":null,"verdict":null,"packets_sent":null,"type":"flow"}'
}

@test "a member that nobody knows, as one that is misspelt is" {
  wrong '"conections": there is no such member' "$flow,\"conections\":1000}"
  wrong '"x": there is no such member' '{"type":"gap","source":"log","from":"2026-01-31T12:00:00Z","until":"2026-01-31T12:00:00Z","x":null}'
}

@test "a line of 64 KiB and more is taken" {
  long=$(head -c 70000 /dev/zero | tr '\0' x)
  printf '%s\n{"type":"fact","node":"n1","name":"x","value":"%s","since":"2026-01-31T12:00:00Z"}\n' "$header" "$long" > e.jsonl
  want 0 "$report" import --into new.db e.jsonl
  same 70000 "$("$report" flows --db new.db -o jsonl | jq -r 'select(.type == "fact").value | length')"
  again new.db
}

@test "what is no JSON" {
  wrong "not JSON: " '{"type":"flow"'
  wrong "not JSON: " "$flow} and more"
  wrong "not JSON: " "$flow,}"
  wrong "not JSON: " hello
  wrong "not JSON: " '{"type":"flow}'
  wrong "not JSON: duplicate object key near '\"type\"'" '{"type":"pod","type":"pod","namespace":"a","name":"b"}'
  wrong "not JSON: duplicate object key" "$flow,$seen}"
  wrong "not JSON: " "$(printf '{"type":"fact","name":"\xff","value":"x"}')"
  wrong "not JSON: " '{"type":"fact","name":"a\u0000b","value":"x"}'
  wrong "not JSON: " "$(head -c 100000 /dev/zero | tr '\0' '[')"
  wrong "not JSON: " "$(head -c 70000 /dev/zero | tr '\0' x)"
}

@test "what is no object, or of no type" {
  wrong "expected an object" '[]'
  wrong "expected an object" '[{}]'
  wrong "\"type\": expected a string" '{}'
  wrong "\"type\": expected a string" '{"type":7}'
  wrong "\"type\": expected header, pod, fact, object, gap or flow" '{"type":"flows"}'
  wrong "\"type\": expected header, pod, fact, object, gap or flow" "{\"type\":\"$(head -c 70000 /dev/zero | tr '\0' x)\"}"
}

@test "what is missing in a line" {
  wrong '"version": expected 1' '{"type":"header","node":"n1"}'
  wrong '"namespace": expected a string' '{"type":"pod","name":"b"}'
  wrong '"name": expected a string' '{"type":"pod","namespace":"a"}'
  wrong '"from": expected a moment such as' '{"type":"pod","namespace":"a","name":"b","addresses":[{"address":"10.0.0.1"}]}'
  wrong '"value": expected a string' '{"type":"fact","name":"x"}'
  wrong '"until": expected a moment such as' '{"type":"gap","source":"log","from":"2026-01-31T12:00:00Z"}'
  wrong '"from": expected an object with an address' '{"type":"flow"}'
  wrong '"address": expected an IPv4 or IPv6 address' '{"type":"flow","from":{},"to":{}}'
  wrong '"protocol": expected a string' "{\"type\":\"flow\",$ends,$seen}"
  wrong '"first_seen": expected a moment such as' "{\"type\":\"flow\",$ends,\"protocol\":\"TCP\"}"
}

@test "members of a wrong type" {
  wrong '"version": expected' '{"type":"header","version":"1"}'
  wrong '"node": expected a string' "$flow,\"node\":7}"
  wrong '"connections": expected a whole number' "$flow,\"connections\":\"3\"}"
  wrong '"connections": expected a whole number' "$flow,\"connections\":1.5}"
  wrong '"connections": expected a whole number' "$flow,\"connections\":1e3}"
  wrong '"direction_certain": expected true or false' "$flow,\"direction_certain\":1}"
  wrong '"service": expected an object' "$flow,\"service\":\"10.96.0.1\"}"
  wrong '"address": expected an IPv4 or IPv6 address' "$flow,\"service\":{}}"
  wrong '"verdict": expected' "$flow,\"verdict\":3}"
  wrong '"addresses": expected an array' '{"type":"pod","namespace":"a","name":"b","addresses":"10.0.0.1"}'
  wrong '"address": expected an IPv4 or IPv6 address' '{"type":"pod","namespace":"a","name":"b","addresses":["10.0.0.1"]}'
  wrong '"from": expected a moment' '{"type":"pod","namespace":"a","name":"b","addresses":[{"address":"10.0.0.1","from":1769860800}]}'
}

@test "words and numbers that mean nothing here" {
  wrong '"node": expected a name' "$flow,\"node\":\"\"}"
  wrong '"version": expected 1' '{"type":"header","version":2,"node":"n1"}'
  wrong '"verdict": expected answered, one-way, refused, unanswered, denied or unknown' "$flow,\"verdict\":\"maybe\"}"
  wrong '"source": expected conntrack, table, log, rules, daemon, store or identity' '{"type":"gap","source":"x","from":"2026-01-31T12:00:00Z","until":"2026-01-31T12:00:00Z"}'
  wrong "\"protocol\": expected a protocol's name or number" "{\"type\":\"flow\",$ends,\"protocol\":\"FOO\",$seen}"
  wrong "\"protocol\": expected a protocol's name or number" "{\"type\":\"flow\",$ends,\"protocol\":\"256\",$seen}"
  wrong '"port": expected a whole number in range' "{\"type\":\"flow\",$ends,\"protocol\":\"TCP\",\"port\":65536,$seen}"
  wrong '"port": expected a whole number in range' "{\"type\":\"flow\",$ends,\"protocol\":\"TCP\",\"port\":-1,$seen}"
  wrong '"address": expected an IPv4 or IPv6 address' '{"type":"flow","from":{"address":"10.0.0.256"},"to":{"address":"10.0.0.2"}}'
  wrong '"address": expected an IPv4 or IPv6 address' '{"type":"flow","from":{"address":"10.0.0"},"to":{"address":"10.0.0.2"}}'
  wrong '"address": expected an address, or a prefix whose other bits are zero' '{"type":"flow","from":{"address":"10.0.0.1/8"},"to":{"address":"10.0.0.2"}}'
  wrong '"address": expected one address, as a pod has it' '{"type":"flow","from":{"address":"10.0.0.0/8","namespace":"shop","name":"web"},"to":{"address":"10.0.0.2"}}'
  wrong '"ended": expected what adds up to closed' '{"type":"flow","from":{"address":"10.0.0.1"},"to":{"address":"10.0.0.2"},"protocol":"TCP","first_seen":"2026-01-31T12:00:00Z","closed":2,"ended":{"reset":3}}'
  wrong '"translated": expected an IPv4 or IPv6 address' "$flow,\"translated\":\"host\"}"
  wrong '"value": expected an IPv4 or IPv6 address' '{"type":"fact","name":"address","value":"host"}'
}

@test "times that are none, and those in the wrong order" {
  for time in yesterday 2026-01-31 2026-02-30T00:00:00Z 2026-01-31T12:00:00 1769860800 1h ''; do
    wrong '"window": expected a moment such as 2026-01-31T12:00:00Z' "$flow,\"window\":\"$time\"}"
  done
  wrong '"last_seen": expected a moment that is not before first_seen' "$flow,\"last_seen\":\"2026-01-31T11:00:00Z\"}"
  wrong '"until": expected a moment that is not before from' '{"type":"gap","source":"log","from":"2026-01-31T12:00:00Z","until":"2026-01-31T11:00:00Z"}'
  wrong '"until": expected a moment that is not before from' '{"type":"pod","namespace":"a","name":"b","addresses":[{"address":"10.0.0.1","from":"2026-01-31T12:00:00Z","until":"2026-01-31T11:00:00Z"}]}'
}

@test "numbers that are huge" {
  wrong 'not JSON: too big integer' "$flow,\"connections\":99999999999999999999}"
  wrong '"connections": expected a whole number in range' "$flow,\"connections\":9223372036854775807}"
  wrong '"bytes_sent": expected a whole number in range' "$flow,\"bytes_sent\":9223372036854775807}"
  wrong '"length": expected a whole number in range' "$flow,\"window\":\"2026-01-31T12:00:00Z\",\"length\":4294967296}"
  wrong '"at_most": expected a whole number in range' '{"type":"gap","source":"log","from":"2026-01-31T12:00:00Z","until":"2026-01-31T12:00:00Z","at_most":-1}'
  wrong 'not JSON: ' "$flow,\"connections\":$(head -c 5000 /dev/zero | tr '\0' 9)}"
}

@test "pods of two nodes may have one name, and are told apart by their nodes" {
  for node in n1 n2; do
    printf '{"type":"pod","node":"%s","namespace":"a","name":"%s","addresses":[{"address":"10.0.%s.1","from":"2026-01-31T12:00:00Z"}]}\n' \
      $node same ${node#n} $node "$node-own" "${node#n}0"
  done > e.jsonl
  for node in n1 n2; do
    printf '{"type":"flow","node":"%s","from":{"address":"10.0.%s.1","namespace":"a","name":"same"},"to":{"address":"10.0.%s0.1","namespace":"a","name":"%s-own"},"protocol":"TCP","port":1,%s}\n' \
      $node ${node#n} ${node#n} $node "$seen"
  done >> e.jsonl
  "$report" import --into two.db e.jsonl
  same '[["n1","same","n1-own"],["n2","same","n2-own"]]' \
    "$("$report" flows --db two.db -o jsonl | jq -c -s 'map(select(.type == "flow") | [.node, .from.name, .to.name]) | sort')"
  again two.db
}

@test "pods that no line before has, or more than one" {
  wrong '"namespace": expected a string' '{"type":"flow","from":{"address":"10.0.0.1","name":"p"},"to":{"address":"10.0.0.2"}}'
  wrong 'no pod line of this node before it has a/p' "{\"type\":\"flow\",\"node\":\"n1\",\"from\":{\"address\":\"10.0.0.1\",\"namespace\":\"a\",\"name\":\"p\"},\"to\":{\"address\":\"10.0.0.2\"},\"protocol\":\"TCP\",\"port\":1,$seen}"
  named="{\"type\":\"flow\",\"from\":{\"address\":\"10.0.0.1\",\"namespace\":\"a\",\"name\":\"p\"},\"to\":{\"address\":\"10.0.0.2\"},\"protocol\":\"TCP\",\"port\":1,$seen}"
  pod='{"type":"pod","namespace":"a","name":"p"}'
  right "$pod" "$named"
  printf '%s\n' "$named" "$pod" > e.jsonl
  want 2 "$report" import --into new.db e.jsonl
  said 'e.jsonl:1: no pod line of this node before it has a/p'
  printf '%s\n' "${pod/\}/,\"uid\":\"1\"\}}" "${pod/\}/,\"uid\":\"2\"\}}" "$named" > e.jsonl
  want 2 "$report" import --into new.db e.jsonl
  said 'e.jsonl:3: more than one pod line has that name: give uid or sandbox'
  printf '%s\n' "${pod/\}/,\"node\":\"n1\"\}}" "$named" > e.jsonl
  want 2 "$report" import --into new.db e.jsonl
  said 'e.jsonl:2: no pod line of this node before it has a/p'
  nothing_left
}

@test "a NUL byte is no JSON, wherever it stands" {
  for line in '\0' '\0garbage' '  \0{"type":"bogus"}' '{"type":"fl\0ow"}' '{"type":"header","version":1}\0'; do
    printf '%s\n'"$line"'\n' "$header" > e.jsonl
    want 2 "$report" import --into new.db e.jsonl || { echo "$line"; return 1; }
    said 'e.jsonl:2: not JSON: '
    nothing_left
  done
}

@test "what is not text at all" {
  head -c 20000 "$report" > e.jsonl
  want 2 "$report" import --into new.db e.jsonl
  said 'e.jsonl:1: not JSON: '
  nothing_left
}

@test "all wrong lines are told, of each file by its name" {
  printf '%s\n{}\n[]\n' "$header" > one.jsonl
  printf '7\n' > two.jsonl
  want 2 "$report" import --into new.db one.jsonl two.jsonl
  said 'one.jsonl:2: '
  said 'one.jsonl:3: '
  said 'two.jsonl:1: '
  want 2 "$report" import --into new.db - < two.jsonl
  said 'standard input:1: '
  nothing_left
}

@test "very many wrong lines are counted instead of told" {
  yes x | head -n 20000 > e.jsonl
  want 2 "$report" import --into new.db e.jsonl
  [ "$(wc -l < err)" -lt 2000 ]
  grep -qi 'not shown\|more' err
  nothing_left
}

@test "a file that is there is never touched" {
  printf '%s\n' "$header" > e.jsonl
  for content in precious ''; do
    printf '%s' "$content" > new.db
    chmod 640 new.db
    before=$(stat -c '%i %s %a %Y' new.db)
    want 2 "$report" import --into new.db e.jsonl
    said 'new.db: File exists'
    same "$content" "$(cat new.db)"
    same "$before" "$(stat -c '%i %s %a %Y' new.db)"
    same new.db "$(ls -d new.db*)"
    rm new.db
  done
  record remote-pod
  before=$(sha256sum remote-pod.db)
  want 2 "$report" import --into remote-pod.db e.jsonl
  same "$before" "$(sha256sum remote-pod.db)"
}

@test "what lies beside a database that is to be made is somebody else's, and stays" {
  printf '%s\n' "$header" > good.jsonl
  echo x > bad.jsonl
  for ending in -wal -shm .lock; do
    echo precious > "new.db$ending"
    for file in good bad; do
      want 2 "$report" import --into new.db $file.jsonl
      said "new.db$ending: File exists"
      same precious "$(cat "new.db$ending")"
      same "new.db$ending" "$(ls -d new.db*)"
    done
    rm "new.db$ending"
  done
}

@test "a link that leads nowhere, a directory, a fifo are there, too" {
  printf '%s\n' "$header" > e.jsonl
  ln -s elsewhere link.db
  mkdir directory.db
  mkfifo fifo.db
  for name in link directory fifo; do
    want 2 "$report" import --into $name.db e.jsonl
    said "$name.db: File exists"
    [ -e $name.db ] || [ -L $name.db ]
    same $name.db "$(ls -d $name.db*)"
  done
  [ ! -e elsewhere ]
}

# half SIGNAL: an import that is ended in the midst of its lines, when it has written of some.
half() {
  local pid
  mkfifo lines
  "$report" import --into new.db lines 2> err &
  pid=$!
  exec 9> lines
  { cat "$golden/several-nodes/evidence.jsonl"; yes "$gap" | head -n 100; } >&9
  timeout 20 sh -c 'until [ "$(sqlite3 new.db.importing "SELECT count(*) > 0 FROM gap WHERE reason = '"'half'"'" 2> /dev/null)" = 1 ]; do :; done'
  [ ! -e new.db ]
  kill -s "$1" "$pid"
  wait "$pid" || true
  exec 9>&-
  rm lines
}

gap='{"type":"gap","node":"n1","source":"log","from":"2026-01-31T12:10:00Z","until":"2026-01-31T12:10:01Z","reason":"half"}'

@test "an import that was ended leaves what no command takes for a record, and the next one replaces it" {
  local command
  "$report" import --into whole.db "$golden/several-nodes/evidence.jsonl"
  for signal in KILL TERM; do
    half $signal
    [ ! -e new.db ]
    for command in $(questions); do
      want 3 "$report" "$command" --db new.db.importing
      said 'new.db.importing: not whole: an import that is not finished'
    done
    want 3 "$report" status --db new.db
    want 0 "$report" import --into new.db "$golden/several-nodes/evidence.jsonl"
    same new.db "$(ls -d new.db*)"
    diff <("$report" flows --db whole.db -o jsonl) <("$report" flows --db new.db -o jsonl)
    rm new.db
  done
}

@test "what an import that was ended left goes with one that fails, too" {
  half KILL
  echo x > bad.jsonl
  want 2 "$report" import --into new.db bad.jsonl
  nothing_left
}

@test "of two imports into one database the second makes none" {
  local pid
  mkfifo lines
  printf '%s\n' "$header" > e.jsonl
  "$report" import --into new.db lines &
  pid=$!
  exec 9> lines
  timeout 20 sh -c 'until [ -s new.db.importing.lock ] && [ -e new.db.importing-shm ]; do :; done'
  want 2 "$report" import --into new.db e.jsonl
  said "new.db.importing: in use by process $pid"
  cat e.jsonl >&9
  exec 9>&-
  wait $pid
  same new.db "$(ls -d new.db*)"
  want 0 "$report" status --db new.db
}

@test "a file that comes to the name while the import runs stays, and the import makes none" {
  local pid got=0
  mkfifo lines
  "$report" import --into new.db lines 2> err &
  pid=$!
  exec 9> lines
  echo precious > new.db
  printf '%s\n' "$header" >&9
  exec 9>&-
  wait $pid || got=$?
  same 2 $got
  said 'new.db: File exists'
  same precious "$(cat new.db)"
  same new.db "$(ls -d new.db*)"
}

@test "files that cannot be read, or written" {
  printf '%s\n' "$header" > e.jsonl
  want 2 "$report" import --into new.db missing.jsonl
  said 'missing.jsonl: cannot be read: No such file or directory'
  want 2 "$report" import --into new.db e.jsonl missing.jsonl
  want 2 "$report" import --into new.db .
  said 'netpol-report: error: .: Is a directory'
  want 2 "$report" import --into missing/new.db e.jsonl
  said 'missing/new.db.importing: No such file or directory'
  nothing_left
}

@test "a database that was made has mode 0640, and nothing beside it" {
  umask 0
  record remote-pod
  same 640 "$(stat -c %a remote-pod.db)"
  same remote-pod.db "$(ls -d remote-pod.db*)"
}

@test "a line of more than 16 MiB is refused while it is read" {
  { printf '%s' "$header"; head -c $(((16 << 20) - ${#header})) /dev/zero | tr '\0' ' '; } > long.jsonl
  want 0 "$report" import --into new.db long.jsonl
  rm new.db*
  printf ' ' >> long.jsonl
  want 2 "$report" import --into new.db long.jsonl
  said "netpol-report: error: long.jsonl:1: the line is longer than 16 MiB"
  nothing_left
  # One that never ends.
  printf '%s\n' "$header" > first.jsonl
  want 2 "$report" import --into new.db - < <(cat first.jsonl /dev/zero 2> /dev/null)
  said "netpol-report: error: standard input:2: the line is longer than 16 MiB"
  nothing_left
}

@test "a record with nothing in it is not complete, and no policy is made of it without a word" {
  want 0 "$report" import --into new.db /dev/null
  said 'warning: new.db: nothing is in it'
  want 0 "$report" status --db new.db
  grep -q '^complete  *no: nothing is recorded$' out
  same '{"nodes":[],"complete":false}' "$("$report" status --db new.db -o json | jq -c '{nodes, complete}')"
  want 0 "$report" policy --db new.db
  said 'warning: evidence: nothing was recorded in this time: nothing is proved'
  want 1 "$report" policy --db new.db --strict
}

@test "a node that had nothing to record, and lines without a header, are a record" {
  printf '%s\n' "$header" | "$report" import --into quiet.db
  printf '%s}\n' "$flow" | "$report" import --into bare.db
  for name in quiet bare; do
    want 0 "$report" status --db $name.db
    grep -q '^complete  *yes, as far as is known$' out
    "$report" status --db $name.db -o json | jq -e .complete
  done
  want 0 "$report" policy --db quiet.db
  said 'warning: evidence: nothing was recorded in this time: nothing is proved'
  want 0 "$report" policy --db bare.db
  not said 'nothing was recorded' > /dev/null
}
