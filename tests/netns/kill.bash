# The script of kill.bats, after lab.sh; needs $kills and $seed.
#
# The kernel's own word comes from conntrack(8): ends as they happen, and what is open when all is over.

milliseconds() {
  echo $((${EPOCHREALTIME/./} / 1000))
}

# for_milliseconds N
for_milliseconds() {
  sleep "$(($1 / 1000)).$(printf %03d $(($1 % 1000)))"
}

# Sets drawn, below the limit; the same for the same seed.
draw() {
  drawn=$((RANDOM % $1))
}

listens() {
  awk '$2 == 12 && $4 == "00000004"' /proc/net/netlink | grep -q .
}

truth_prepare() {
  sysctl -qw net.netfilter.nf_conntrack_acct=1 net.netfilter.nf_conntrack_timestamp=1 net.netfilter.nf_conntrack_events=1 \
    net.netfilter.nf_conntrack_udp_timeout=1 net.netfilter.nf_conntrack_udp_timeout_stream=2 \
    net.netfilter.nf_conntrack_tcp_timeout_time_wait=1
  rules filter forward 0 'ct state new counter'
  stdbuf -oL conntrack -E -e DESTROY -b 4000000 -o timestamp > "$lab/ended" 2> "$lab/recorder.log" 3>&- &
  recorder=$!
  wait_for 10 listens
  # An expired entry goes when somebody meets it: so that ends happen at all times, also while netpold is down.
  (while :; do
    conntrack -L > /dev/null 2>&1
    sleep 0.2
  done) &
  sweeper=$!
}

# of_connections: lines of conntrack(8) as address,time of the end,packets,bytes,packets,bytes
of_connections() {
  awk '/dst=10\.96\./ {
    address = ended = ""; n = 0
    for (i = 1; i <= NF; i++) {
      if ($i ~ /^\[[0-9]+\.[0-9]+\]?$/) ended = int(substr($i, 2) * 1000)
      else if ($i ~ /^dst=/ && address == "") address = substr($i, 5)
      else if ($i ~ /^(packets|bytes)=/) { split($i, pair, "="); count[n++] = pair[2] }
    }
    if (n == 4) printf "%s,%.0f,%s,%s,%s,%s\n", address, ended, count[0], count[1], count[2], count[3]
  }'
}

# recorder_catches_up: it has written of all that ended before this
recorder_catches_up() {
  echo last > /dev/udp/10.244.0.3/9
  conntrack -D -p udp --dport 9 > /dev/null 2>&1 || true
  wait_for 60 grep -q ' dport=9 ' "$lab/ended"
}

# truth_write END: what ended later was open when netpold ended, and is 0
truth_write() {
  conntrack -L 2> /dev/null | of_connections > "$lab/open.csv"
  recorder_catches_up
  kill "$recorder"
  wait "$recorder" || true
  { cat "$lab/open.csv"; of_connections < "$lab/ended"; } | awk -F, -v OFS=, -v end="$1" '!seen[$1]++ { if ($2 > end) $2 = 0; print }' \
    > "$lab/truth.csv"
}

# committed_write KILLED: what a kill left behind as closed
committed_write() {
  sqlite3 -readonly -csv "$db" "
    SELECT $1, destination, sum(packets_sent), sum(bytes_sent), sum(packets_received), sum(bytes_received)
    FROM edge
    WHERE destination LIKE '10.96.%' AND verdict <> 5 GROUP BY destination HAVING sum(closed) > 0" >> "$lab/committed.csv"
}

RANDOM=$seed
lab_start
sed -i 's/^commit_interval.*/&\nflow_window = 0/' "$config"
pod web 2; pod api 3
ip route add 10.96.0.0/12 via 10.244.0.3 dev veth3 onlink
ip -n api route add local 10.96.0.0/12 dev lo
truth_prepare
ip netns exec api "$programs/exchange" serve 7000 2> "$lab/serve.log" &
wait_for 10 listening api t 7000
ip netns exec web "$programs/exchange" ask 7000 "$seed" 300 40 > "$lab/begun" 2> "$lab/ask.log" &
asker=$!
: > "$lab/up.csv"
: > "$lab/committed.csv"
for ((i = 0; i < kills; i++)); do
  netpold_start
  since=$(milliseconds)
  draw 2500
  for_milliseconds "$drawn"
  until=$(milliseconds)
  netpold_kill
  echo "$since,$until" >> "$lab/up.csv"
  committed_write "$until"
  draw 900
  for_milliseconds "$drawn"
done
netpold_start
since=$(milliseconds)
for_milliseconds 3000
kill -USR1 "$asker" || die "$(cat "$lab/ask.log")"
wait_for 10 test -s "$lab/begun"
netpold_stop
end=$(milliseconds)
echo "$since,$end" >> "$lab/up.csv"
kill "$sweeper"
truth_write "$end"
[ "$(wc -l < "$lab/truth.csv")" = "$(cat "$lab/begun")" ] ||
  die "$(cat "$lab/begun") connections were begun, $(wc -l < "$lab/truth.csv") are known to the recorder: $(cat "$lab/recorder.log")"
cd "$lab" || exit
sqlite3 -cmd "ATTACH 'file:$db?mode=ro' AS flows" check.db < "$programs/kill.sql" > result
grep '^summary' result > summary
[ "$(wc -l < result)" -eq 1 ] || die "seed $seed: $(head -n 40 result)"
