# shellcheck shell=bash disable=SC2154
# Pods that come and go while they talk: for scripts in cluster_enter that have read cluster.sh. $directory, $programs and
# $churn (the program of churn.c) are set.
#
#   churn_begin                    a cluster whose addresses are few, one pod that stays, and who speaks first
#   churn_for SECONDS PODS         pods made and removed at random, on as many addresses as there are, so long and at least so
#                                  many; all are gone after it
#   crash_the_runtime              meanwhile
#   netpold_begin NAME [LINE...]   netpold on $directory/NAME.db, with more lines of configuration
#   netpold_end NAME               ends it
#   churn_answered NAME            are all answers recorded? What nobody answers is, at the latest, when netpold ends
#   churn_judged NAME VIEW...      is all that was said recorded, as it was? prints what is in the views (churn.sql), in
#                                  which nothing may be, and figures
#   churn_unlabelled NAME          what it says but for what labels tell and what hangs on a few ms, line by line, to compare
#   churn_end                      nothing is left
#
# Every pod has a serial number; $log/pods.csv says when it was made and removed (columns: churn.sql).

CHURN_WORKERS=19 # with the one that stays, as many as there are addresses
CHURN_FIRST=10.244.1.2
CHURN_LAST=10.244.1.21
CHURN_DOORS=3 # so many speak to the runtime at once
RETRY=3000000 # µs after which netpold asks a runtime again that did not answer
FOREVER=4102444800000000 # µs since the epoch

declare -A netpold=()
talking=()

churn_begin() {
  log=$directory/log
  mkdir -p "$log"
  : > "$log/calls.csv"; : > "$log/results.csv"; : > "$log/first.csv"; : > "$log/pods.csv"; : > "$log/failed"
  echo 0 > "$log/again.csv"
  cluster_start "$directory/node" $CHURN_FIRST $CHURN_LAST || return 1
  # What is sent to an address that no pod has goes out, and nobody answers. What a pod sends before the way back to it is
  # there is no less forwarded.
  sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 || return 1
  ip link add nowhere type bridge && ip link set nowhere arp off up && ip route add "$CLUSTER_SUBNET" dev nowhere || return 1
  # As with a service proxy, connections are tracked whether netpold runs or not: what it finds at its start began before.
  # A connection arrives with its first packet, which is not confirmed before it is forwarded. TCP may send that again from
  # the same port: that is another connection if the one before was reset just then (churn.sql).
  nft -f - <<'RULES' || return 1
table ip proxy {
	set arrived {
		type inet_proto . ipv4_addr . inet_service
		flags dynamic
		size 65536
	}
	chain forward {
		type filter hook forward priority 0
		ct status ! confirmed th dport 20000-60000 update @arrived { meta l4proto . ip daddr . th dport counter }
	}
}
RULES
  cat > "$directory/redirect" <<'RULES'
table ip churn {
	chain arriving {
		type nat hook prerouting priority dstnat
		tcp dport 20000-60000 redirect to :8080
		udp dport 20000-60000 redirect to :8080
	}
}
RULES
  sandbox_begin 1 || return 1
  server=$address
  serve 1
  stop_begin=$FOREVER stop_end=$FOREVER removed=$FOREVER
  sandbox_written 1
  "$churn" first "$log" "$server" >> "$directory/churn.log" 2>&1 3>&- &
  talking+=($!)
}

churn_end() {
  local name
  for name in "${!netpold[@]}"; do
    kill "${netpold[$name]}" 2>/dev/null
  done
  kill "${talking[@]}" 2>/dev/null
  cluster_stop
}

# in_pod COMMAND...: in the background, in the network of the pod $netns; adds to $talking.
in_pod() {
  nsenter --net="/run/netns/$netns" -- "$@" >> "$directory/churn.log" 2>&1 3>&- &
  talking+=($!)
}

# Translation begins before anything is said: of a connection that it finds under way it would make a second one.
serve() {
  nsenter --net="/run/netns/$netns" -- nft -f "$directory/redirect" 2>> "$directory/churn.log" || return 1
  in_pod "$churn" serve "$1"
}

# call SERIAL MILLISECONDS
call() {
  in_pod "$churn" call "$log" "$1" "$address" $CHURN_FIRST $CHURN_LAST "$2"
}

# at_the_door COMMAND...: not too many at once
at_the_door() {
  local door
  exec {door}> "$directory/door.$((RANDOM % CHURN_DOORS))"
  flock "$door"
  "$@"
  local status=$?
  exec {door}>&-
  return $status
}

# Nobody waits for an answer of the runtime meanwhile, but for who takes a pod down: it asks again.
crash_the_runtime() {
  local number door doors=()
  for ((number = 0; number < CHURN_DOORS; number++)); do
    exec {door}> "$directory/door.$number"
    flock "$door"
    doors+=("$door")
  done
  cluster_crash
  local status=$?
  echo $((${EPOCHREALTIME/./} + RETRY)) > "$log/again.csv"
  # What the runtime inherited of it is let go, too.
  for door in "${doors[@]}"; do
    flock --unlock "$door"
    exec {door}>&-
  done
  return $status
}

# sandbox_begin SERIAL: sets sandbox, address, netns, uid, run_begin, run_end.
sandbox_begin() {
  local result
  uid=$(printf '00000000-0000-4000-8000-%012d' "$1")
  run_begin=${EPOCHREALTIME/./}
  sandbox=$(pod_request lab "pod-$1" "$uid" app=churn "serial=$1" | cri RunPodSandbox 2>> "$log/failed")
  run_end=${EPOCHREALTIME/./}
  [[ $sandbox =~ \"(.*)\" ]] || return 1
  sandbox=${BASH_REMATCH[1]}
  result=$(< "/var/lib/cni/results/pods-$sandbox-eth0")
  [[ $result =~ \"address\":\"([0-9.]+)/ ]] && address=${BASH_REMATCH[1]} || return 1
  [[ $result =~ /netns/(cni-[0-9a-f-]+)\" ]] && netns=${BASH_REMATCH[1]}
}

# sandbox_end: of $sandbox; sets stop_begin, stop_end, removed.
sandbox_end() {
  stop_begin=${EPOCHREALTIME/./}
  until cri StopPodSandbox <<< "pod_sandbox_id: \"$sandbox\"" 2>> "$log/failed"; do
    sleep 0.2
  done
  stop_end=${EPOCHREALTIME/./}
  until cri RemovePodSandbox <<< "pod_sandbox_id: \"$sandbox\"" 2>> "$log/failed"; do
    sleep 0.2
  done
  removed=${EPOCHREALTIME/./}
}

# sandbox_written SERIAL
sandbox_written() {
  echo "$1,$uid,$address,$netns,$run_begin,$run_end,$stop_begin,$stop_end,$removed" >> "$log/pods.csv"
}

# pause_for MILLISECONDS
pause_for() {
  sleep "$(($1 / 1000)).$(printf %03d $(($1 % 1000)))"
}

# One pod's life: it is short and speaks to its end; or it serves, and falls silent before its end; or speaks to its end.
life() {
  local serial=$1 talking=() leave='at_the_door sandbox_end'
  at_the_door sandbox_begin "$serial" || { sleep 0.2; return; }
  case $((RANDOM % 3)) in
  0)
    call "$serial" 0
    pause_for $((RANDOM % 60 + 20))
    leave=sandbox_end
    ;;
  1)
    serve "$serial"
    call "$serial" $((RANDOM % 4000 + 200))
    wait "$!"
    ;;
  2)
    serve "$serial"
    call "$serial" 0
    pause_for $((RANDOM % 4000 + 200))
    ;;
  esac
  $leave
  kill -KILL "${talking[@]}" 2>/dev/null
  wait "${talking[@]}" 2>/dev/null
  sandbox_written "$serial"
}

# worker NUMBER SECONDS PODS
worker() {
  local serial=$(($1 * 1000)) end=$((SECONDS + $2))
  RANDOM=$serial
  while [ "$SECONDS" -lt "$end" ] || [ "$(wc -l < "$log/pods.csv")" -lt "$3" ]; do
    life $((++serial))
  done
}

churn_for() {
  local number workers=()
  for ((number = 1; number <= CHURN_WORKERS; number++)); do
    worker "$number" "$1" "$2" 2>> "$directory/churn.log" &
    workers+=($!)
  done
  wait "${workers[@]}"
}

netpold_begin() {
  local name=$1
  shift
  : > "$directory/$name.log"
  printf '%s\n' '[store]' "path = $directory/$name.db" '[conntrack]' 'dump_interval = 1s' '[node]' 'name = here' "$@" \
    > "$directory/$name.conf"
  "$programs/netpold" --config "$directory/$name.conf" >> "$directory/$name.log" 2>&1 3>&- &
  netpold[$name]=$!
  wait_until 20 netpold_told "$name" && kill -0 "${netpold[$name]}"
}

netpold_told() {
  grep -q 'netpold: recording' "$directory/$1.log" || ! kill -0 "${netpold[$1]}"
}

netpold_end() {
  local pid=${netpold[$1]}
  unset "netpold[$1]"
  kill "$pid" && wait "$pid"
}

report() {
  local name=$1
  shift
  "$programs/netpol-report" --db "$directory/$name.db" "$@" 2>> "$directory/churn.log"
}

churn_answered() {
  local answers recorded
  answers=$(grep -c answered "$log/results.csv")
  recorded=$(report "$1" edges --format json | jq '
    [.[] | select(.port >= 20000 and .verdict == "answered") | .connections] | add // 0')
  [ "$recorded" -ge "$answers" ]
}

# churn_has COUNT: so many calls were answered
churn_has() {
  [ "$(grep -c answered "$log/results.csv")" -ge "$1" ]
}

# What came to the node to be forwarded, a line each: protocol, port, address, connections
churn_arrived() {
  nft -j list set ip proxy arrived | jq -r '
    .nftables[].set.elem // empty | .[].elem | [(.val.concat[0] | ascii_upcase), .val.concat[2, 1], .counter.packets] | @csv'
}

churn_judged() {
  local name=$1 view select=() faults=0
  shift
  for view; do
    select+=("SELECT * FROM $view LIMIT 20")
    faults+=" + (SELECT count(*) FROM $view)"
  done
  report "$name" edges --format json > "$log/edges.json" && report "$name" pods --format json > "$log/pods.json" &&
    report "$name" flows --format jsonl | jq -s 'map(select(.type == "flow"))' > "$log/flows.json" &&
    churn_arrived > "$log/arrived.csv" || return 1
  echo "== $name"
  (
    cd "$log" || exit 1
    sqlite3 -batch :memory: ".read ${driver%.sh}.sql" ".output parting" "SELECT port, protocol, address FROM parting" ".output" \
      "${select[@]}" "SELECT * FROM testimony LIMIT 40" "SELECT what || ': ' || value FROM figure" "SELECT $faults" 2>&1
  ) | tee "$directory/$name.judgement"
  [ "$(tail -n 1 "$directory/$name.judgement")" = 0 ]
}

# Where an address was just taken from its pod, or given to it, only what was said to it, not who had it. Names of sources are
# its own, and so are the moments at which it heard of a beginning or an end: on these hangs whether what was refused has somebody,
# and whether an address that was nobody's at first is ambiguous. Where it looked at a connection before the pod had a name, what
# was sent until then stays with nobody: amounts are compared in sum. So is what has nobody known at an end: in which window each
# counted it decides what else that window tells of the address.
churn_unlabelled() {
  report "$1" edges --format json | jq -cS --rawfile parting "$log/parting" '
    def sum(rows): rows[0] + {connections: rows | map(.connections) | add,
      ended: rows | map(.ended | to_entries[]) | group_by(.key) | map({key: .[0].key, value: map(.value) | add}) | from_entries};
    ($parting | split("\n") | map({(.): true}) | add) as $parting |
    map(select(.port >= 20000) | .group = "\(.port)|\(.protocol)|\(.to.address)") |
    map(select($parting[.group] | not)) as $settled |
    ($settled | map(select(.connections != 0) | del(.first_seen, .last_seen, .packets_sent, .packets_received, .bytes_sent, .bytes_received) |
      (.from, .to) |= (del(.workload, .class_reason) | if .kind == "unknown" then del(.class) else . end)) |
      group_by(del(.connections, .ended))[] | sum(.)),
    ($settled | group_by(.group)[] | {group: .[0].group, first_seen: map(.first_seen) | min,
      packets: [map(.packets_sent), map(.packets_received)] | map(add), bytes: [map(.bytes_sent), map(.bytes_received)] | map(add)}),
    (map(select($parting[.group])) | group_by(.group)[] | {group: .[0].group, connections: map(.connections) | add})' | sort
}
