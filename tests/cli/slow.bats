#!/usr/bin/env bats
# Who reads the answer may be slow, or never read at all: the writer's log shrinks all the same.

load cli.bash

PODS=1200 # each command prints more than a pipe holds
WINDOWS=60 # flows are more than a page

# One file for all tests: many pods, edges, denials, gaps and windows.
setup_file() {
  cd "$BATS_FILE_TMPDIR"
  awk -v pods=$PODS -v windows=$WINDOWS '
    function name(i) { return sprintf("pod-%d", i) }
    function address(i) { return sprintf("10.%d.%d.%d", 1 + int(i / 62500), int(i / 250) % 250, i % 250 + 1) }
    function moment(i) { return sprintf("2026-01-31T%02d:%02d:00Z", 1 + int(i / 60) % 22, i % 60) }
    BEGIN {
      print "{\"type\":\"header\",\"version\":1,\"node\":\"n1\",\"from\":\"2026-01-31T00:00:00Z\",\"until\":\"2026-02-01T00:00:00Z\"}"
      for (i = 0; i < pods; i++)
        printf "{\"type\":\"pod\",\"node\":\"n1\",\"namespace\":\"shop\",\"name\":\"%s\",\"addresses\":[{\"address\":\"%s\",\"from\":\"2026-01-31T00:00:00Z\"}]}\n", name(i), address(i)
      for (i = 0; i < pods; i++)
        printf "{\"type\":\"gap\",\"node\":\"n1\",\"source\":\"log\",\"from\":\"%s\",\"until\":\"%s\",\"reason\":\"a reason of some length, number %d, so that the answer is long\"}\n", moment(i), moment(i), i
      for (w = 0; w < windows; w++)
        for (i = 0; i < pods; i++)
          printf "{\"type\":\"flow\",\"node\":\"n1\",\"window\":\"%s\",\"length\":60000,\"from\":{\"address\":\"%s\"},\"to\":{\"address\":\"%s\"},\"protocol\":\"TCP\",\"port\":%d,\"verdict\":\"%s\",\"first_seen\":\"%s\"}\n", moment(w), address(i), address((i + 1) % pods), 80 + w % 2, w % 2 ? "denied" : "answered", moment(w)
    }' > record.jsonl
  awk -v pods=$PODS 'BEGIN {
    print "kind: List\nitems:"
    for (i = 0; i < pods; i++)
      printf "- kind: Pod\n  metadata: {name: pod-%d, namespace: shop, labels: {app: pod-%d}}\n", i, i
  }' > inventory.yaml
  "$abs_top_builddir/netpol-report" import --into record.db record.jsonl
}

# A writer: a connection that stays, so that there is a log.
writer_begin() {
  cp "$BATS_FILE_TMPDIR/record.db" live.db
  coproc WRITER { exec sqlite3 -batch live.db 2>&1; }
  writer_pid=$WRITER_PID
  tell "PRAGMA journal_mode = WAL; UPDATE node SET heartbeat = heartbeat + 1;"
}

# tell SQL: runs it, and prints what it printed.
tell() {
  local line
  printf '%s\n' "$1" "SELECT 'told';" >&"${WRITER[1]}"
  while read -r -t 60 line <&"${WRITER[0]}" && [ "$line" != told ]; do
    printf '%s\n' "$line"
  done
  [ "$line" = told ]
}

writer_end() {
  echo .quit >&"${WRITER[1]}"
  wait "$writer_pid"
}

# The log has something in it, and shall be emptied; "0|..." if that could be done.
empty_log() {
  tell "UPDATE node SET heartbeat = heartbeat + 1; PRAGMA wal_checkpoint(TRUNCATE);"
}

# ask_unread COMMAND...: nobody reads its answer but for the first byte, which is in "first". The rest can be had from 7.
ask_unread() {
  rm -f answer
  mkfifo answer
  "$@" > answer 2> err 3>&- &
  asker=$!
  exec 7< answer
  read -r -N 1 -t 60 -u 7 first
  [ -d "/proc/$asker" ]
}

@test "a snapshot that stands keeps the log from being emptied" {
  writer_begin
  coproc READER { exec sqlite3 -batch live.db; }
  reader_pid=$READER_PID
  printf 'BEGIN; SELECT count(*) FROM node;\n' >&"${READER[1]}"
  read -r -t 60 line <&"${READER[0]}"
  [ "$line" = 1 ]
  [[ $(empty_log) == 1\|* ]]
  echo .quit >&"${READER[1]}"
  wait "$reader_pid"
  [[ $(empty_log) == 0\|* ]]
  writer_end
}

@test "no question keeps the log from being emptied while its answer is not read" {
  cp "$BATS_FILE_TMPDIR/inventory.yaml" .
  writer_begin
  for question in status pods flows "flows -o jsonl" "flows -o csv" edges "edges -o json" denied policy "policy -o json"; do
    echo "$question"
    options=(--inventory inventory.yaml)
    [[ $question != flows* ]] || options=()
    # shellcheck disable=SC2086
    ask_unread "$report" --db live.db $question "${options[@]}"
    [ -n "$first" ]
    [[ $(empty_log) == 0\|* ]]
    # It is not done: somebody is still to read.
    [ "$(wc -c <&7)" -gt 65536 ]
    exec 7<&-
    wait "$asker"
    [ ! -s err ] || [[ $question == policy* ]]
  done
  writer_end
}

@test "nor while it waits for its inventory" {
  writer_begin
  mkfifo inventory
  "$report" --db live.db edges --inventory - < inventory > answer 2> err 3>&- &
  asker=$!
  exec 7> inventory
  timeout 60 sh -c "until ls -l /proc/$asker/fd | grep -q live.db; do :; done"
  # The look at the file that it opens may last a moment.
  tell "PRAGMA busy_timeout = 5000;"
  [[ $(empty_log) == 0\|* ]]
  cat "$BATS_FILE_TMPDIR/inventory.yaml" >&7
  exec 7>&-
  wait "$asker"
  [ -s answer ]
  writer_end
}

@test "flows come once each, though the writer goes on while their reader waits" {
  writer_begin
  "$report" --db live.db flows -o jsonl > before
  ask_unread "$report" --db live.db flows -o jsonl
  # Another window of every edge, more in those that are there, and one that goes.
  tell "INSERT INTO flow SELECT window + 86400000, edge, sequence, length, connections, closed, counted, packets_sent,
      packets_received, bytes_sent, bytes_received, timed_out, reset, evicted, deleted, vanished, first_seen, last_seen
      FROM flow WHERE window = (SELECT min(window) FROM flow);
    UPDATE flow SET connections = connections + 1; UPDATE edge SET connections = connections + $WINDOWS / 2;"
  [[ $(empty_log) == 0\|* ]]
  { printf '%s' "$first"; cat <&7; } > after
  exec 7<&-
  wait "$asker"
  grep -c '"type": "flow"' before
  [ "$(grep -c '"type": "flow"' before)" -eq $((PODS * WINDOWS)) ]
  # The last page is the newest state.
  tail -n 1 before | grep -q '"connections": 1,'
  tail -n 1 after | grep -q '"connections": 2,'
  diff <(sed 's/"connections": [0-9]*/"connections": N/' before) <(sed 's/"connections": [0-9]*/"connections": N/' after)
  writer_end
}
