#!/usr/bin/env bats
# import reads what Hubble and Inspektor Gadget print: the edges, policies and gaps that come of it, and lines that are wrong.
#
# tests/data/import has a record of each, in the format that its documentation describes, and beside it what is expected of
# each command, as FORMAT.COMMAND.

load cli.bash

setup_file() {
  data=$abs_top_srcdir/tests/data/import
  export data
}

# answers FORMAT: all commands with an expected answer give it.
answers() {
  local file command
  cp "$data/$1.jsonl" .
  want 0 "$report" import --into new.db "$1.jsonl"
  diff -u --label import --label now "$data/$1.import" err
  for file in "$data/$1".*; do
    command=${file##*.}
    case $command in
      jsonl | import) continue ;;
      status) "$report" status --db new.db | sed '/^store  /d' > out ;;
      problems) "$report" policy --db new.db 2> out > /dev/null ;;
      *) "$report" "$command" --db new.db 2> /dev/null > out ;;
    esac
    diff -u --label "$1.$command" --label now "$file" out
  done
}

# refused MESSAGE LINE: after a good line of the same kind it is refused, with file and line; no database is made.
refused() {
  { head -n 1 "$data/hubble.jsonl"; printf '%s\n' "$2"; } > e.jsonl
  want 2 "$report" import --into new.db e.jsonl || { echo "$2"; return 1; }
  said "netpol-report: error: e.jsonl:2: $1"
  same "" "$(ls -d new.db* 2>/dev/null || true)"
}

@test "flows of Hubble" { answers hubble; }

@test "events of Inspektor Gadget" { answers inspektor-gadget; }

@test "what was imported comes back as lines of evidence, and the same once more" {
  for format in hubble inspektor-gadget; do
    rm -f first.db second.db
    "$report" import --into first.db "$data/$format.jsonl" 2> /dev/null
    "$report" flows --db first.db -o jsonl > first.jsonl
    "$report" import --into second.db first.jsonl
    "$report" flows --db second.db -o jsonl | diff first.jsonl -
    diff <("$report" policy --db first.db 2>&1) <("$report" policy --db second.db 2>&1)
  done
}

@test "the same lines in files of their own, by node, make the same edges and policies" {
  jq -c 'select(.node_name != "default/n2")' "$data/hubble.jsonl" > n1.jsonl
  jq -c 'select(.node_name == "default/n2")' "$data/hubble.jsonl" > n2.jsonl
  "$report" import --into whole.db "$data/hubble.jsonl" 2> /dev/null
  "$report" import --into parts.db n2.jsonl n1.jsonl 2> /dev/null
  for command in edges pods policy; do
    diff <("$report" $command --db whole.db 2> /dev/null) <("$report" $command --db parts.db 2> /dev/null)
  done
  # And in a database for each node, but for db-0: its own node saw it only after the attempt that was denied elsewhere.
  "$report" import --into n1.db n1.jsonl 2> /dev/null
  "$report" import --into n2.db n2.jsonl 2> /dev/null
  diff <("$report" edges --db whole.db 2> /dev/null | grep -v 5432) <("$report" edges --db n1.db --db n2.db 2> /dev/null | grep -v 5432)
  diff <("$report" policy --db whole.db 2> /dev/null) <("$report" policy --db n1.db --db n2.db 2> /dev/null)
}

@test "bare flows, as the older hubble prints them, are the same flows" {
  jq -c '.flow // .' "$data/hubble.jsonl" > bare.jsonl
  "$report" import --into whole.db "$data/hubble.jsonl" 2> /dev/null
  "$report" import --into bare.db bare.jsonl 2> /dev/null
  diff <("$report" edges --db whole.db 2> /dev/null) <("$report" edges --db bare.db 2> /dev/null)
}

@test "the order of lines does not matter, nor that some come twice" {
  "$report" import --into whole.db "$data/hubble.jsonl" 2> /dev/null
  cat "$data/hubble.jsonl" "$data/hubble.jsonl" > twice.jsonl
  "$report" import --into twice.db twice.jsonl 2> /dev/null
  diff <("$report" policy --db whole.db 2> /dev/null) <("$report" policy --db twice.db 2> /dev/null)
}

@test "lines of several kinds go into one database; a node of two of them is named" {
  cat > own.jsonl <<'LINES'
{"type":"header","version":1,"node":"n4","from":"2026-01-31T12:00:00Z","until":"2026-01-31T14:00:00Z"}
{"type":"flow","node":"n4","from":{"address":"10.0.4.1"},"to":{"address":"10.0.2.20"},"protocol":"TCP","port":8080,"first_seen":"2026-01-31T12:01:00Z"}
LINES
  want 0 "$report" import --into all.db own.jsonl "$data/hubble.jsonl"
  not grep -q twice err
  same '["n1","n2","n3","n4"]' "$("$report" status --db all.db -o json | jq -c '[.nodes[].name]')"
  "$report" edges --db all.db -o json 2> /dev/null |
    jq -e 'map(select(.from.address == "10.0.4.1")) | length == 1 and .[0].to.name == "api-0"'
  sed -i s/n4/n1/ own.jsonl
  want 0 "$report" import --into both.db own.jsonl "$data/hubble.jsonl"
  said "netpol-report: warning: n1: lines of netpold and of another recorder tell of this node: what both saw counts twice"
}

@test "lines that are wrong" {
  refused 'not JSON: ' "$(head -n 2 "$data/hubble.jsonl" | tail -n 1 | cut -c 1-300)"
  refused 'not JSON: ' '{"flow":{"verdict":"FORWARDED","verdict":"DROPPED"}}'
  refused '"time": expected a moment such as' '{"flow":{"verdict":"FORWARDED"}}'
  refused '"time": expected a moment such as' '{"flow":{},"time":"yesterday"}'
  refused '"source": expected an IPv4 or IPv6 address' '{"flow":{"time":"2026-01-31T12:00:00Z","IP":{"source":"x"}}}'
  refused '"source_port": expected a whole number in range' \
    '{"flow":{"time":"2026-01-31T12:00:00Z","l4":{"TCP":{"source_port":-1}}}}'
  refused '"SYN": expected true or false' '{"flow":{"time":"2026-01-31T12:00:00Z","l4":{"TCP":{"flags":{"SYN":"yes"}}}}}'
  refused '"pod_name": expected a name of at most 253 bytes' \
    "{\"flow\":{\"time\":\"2026-01-31T12:00:00Z\",\"source\":{\"namespace\":\"a\",\"pod_name\":\"$(head -c 70000 /dev/zero | tr '\0' x)\"}}}"
  refused '"num_events_lost": expected a whole number in range' '{"lost_events":{"num_events_lost":-1},"time":"2026-01-31T12:00:00Z"}'
  refused '"timestamp": expected a moment such as' \
    '{"type":"connect","src":{"addr":"10.0.0.1","port":1},"dst":{"addr":"10.0.0.2","port":2}}'
  refused '"daddr": expected an IPv4 or IPv6 address' '{"operation":"connect","saddr":"10.0.0.1","timestamp":1769860800000000000}'
  refused '"pktType": expected OUTGOING or HOST' \
    '{"pktType":"LOOP","podIP":"10.0.0.1","addr":"10.0.0.2","proto":"tcp","port":1,"timestamp":1769860800000000000}'
  refused '"timestamp": expected events with a time' '{"endpoint":{"addr":"10.0.0.1","port":80},"egress":1,"k8s":{}}'
}

@test "a packet under way that a policy dropped does not prove who asked" {
  cat > flow.jsonl <<'LINES'
{"flow":{"time":"2026-01-31T12:00:00Z","verdict":"DROPPED","drop_reason_desc":"POLICY_DENIED","IP":{"source":"10.0.2.30","destination":"10.0.1.10"},"l4":{"TCP":{"source_port":7300,"destination_port":45000,"flags":{"ACK":true}}},"source":{"ID":7,"namespace":"shop","pod_name":"db-0"},"destination":{"namespace":"shop","pod_name":"web-1"},"node_name":"n1"}}
LINES
  "$report" import --into new.db flow.jsonl
  same '[["web-1","db-0",7300,"denied",false]]' \
    "$("$report" edges --db new.db -o json | jq -c '[.[] | [.from.name, .to.name, .port, .verdict, .direction_certain]]')"
  sed -i 's/"ACK"/"SYN"/' flow.jsonl
  "$report" import --into syn.db flow.jsonl
  same '[["db-0","web-1",45000,"denied",true]]' \
    "$("$report" edges --db syn.db -o json | jq -c '[.[] | [.from.name, .to.name, .port, .verdict, .direction_certain]]')"
}

@test "a node of which all events were lost has a gap over the whole record" {
  cat > events.jsonl <<'LINES'
{"type":"warn","message":"lost 7 samples","k8s":{"node":"n2"}}
{"type":"connect","src":{"addr":"10.0.0.1","port":1000},"dst":{"addr":"10.0.0.2","port":80},"timestamp":"2026-01-31T12:00:00Z","k8s":{"node":"n1"}}
{"type":"connect","src":{"addr":"10.0.0.1","port":1001},"dst":{"addr":"10.0.0.2","port":80},"timestamp":"2026-01-31T12:05:00Z","k8s":{"node":"n1"}}
LINES
  "$report" import --into new.db events.jsonl
  "$report" status --db new.db > out
  grep -q '^gap  *conntrack on n2, 2026-01-31T12:00:00Z to 2026-01-31T12:05:00Z: Inspektor Gadget lost events.*(at most 7)' out
  grep -q '^complete  *no' out
  # Nothing tells when: there is no database that would look complete.
  head -n 1 events.jsonl > lost.jsonl
  want 2 "$report" import --into lost.db lost.jsonl
  said "netpol-report: error: n2: events of this node were lost, and no event of any node tells when"
  same "" "$(ls -d lost.db* 2>/dev/null || true)"
}
