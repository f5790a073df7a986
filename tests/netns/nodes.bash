# The scripts of nodes.bats, after lab.sh: three nodes, each a network namespace with a netpold of its own, pods behind them.
#
#   node1 192.0.2.1 ─┐                       each node: pods 10.244.NODE.0/24 behind veth pairs,
#   node2 192.0.2.2 ─┼─ bridge "underlay"    netpold as node-NODE with $lab/NODE.db
#   node3 192.0.2.3 ─┘

in_node() {
  local number=$1
  shift
  ip netns exec "node$number" "$@"
}

nodes_start() {
  local number other
  mount -t tmpfs tmpfs /run
  mkdir -p /run/netns
  ip link set lo up
  ip link add underlay type bridge
  ip link set underlay up
  for number in 1 2 3; do
    ip netns add "node$number"
    ip link add "up$number" type veth peer name eth0 netns "node$number"
    ip link set "up$number" master underlay up
    ip -n "node$number" link set lo up
    ip -n "node$number" address add "192.0.2.$number/24" dev eth0
    ip -n "node$number" address add "10.244.$number.1/32" dev lo
    ip -n "node$number" link set eth0 up
    in_node "$number" sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0
    for other in 1 2 3; do
      [ "$other" = "$number" ] || ip -n "node$number" route add "10.244.$other.0/24" via "192.0.2.$other"
    done
    node_configure "$number"
  done
}

# Windows so short that connections reach over their ends.
node_configure() {
  mkdir -p "$lab/cni$1"
  cat > "$lab/$1.conf" <<END
[store]
path = $lab/$1.db
commit_interval = 100ms
flow_window = 1s
[conntrack]
dump_interval = 1s
[identity]
cni_results = $lab/cni$1
[node]
name = node-$1
END
}

# pod_on NODE NAME NUMBER
pod_on() {
  local id
  id=$(printf '%s' "$2-$3" | sha256sum | cut -c 1-64)
  ip netns add "$2"
  ip -n "node$1" link add "veth$3" type veth peer name eth0 netns "$2"
  ip -n "node$1" link set "veth$3" up
  ip -n "$2" link set lo up
  ip -n "$2" address add "10.244.$1.$3/32" dev eth0
  ip -n "$2" link set eth0 up
  ip -n "$2" route add "10.244.$1.1" dev eth0
  ip -n "$2" route add default via "10.244.$1.1"
  ip -n "node$1" route add "10.244.$1.$3/32" dev "veth$3"
  cat > "$lab/cni$1/.tmp" <<END
{"kind":"cniCacheV1","containerId":"$id","config":"e30=","ifName":"eth0","networkName":"pods","netns":"/run/netns/$2",
 "cniArgs":[["K8S_POD_NAMESPACE","shop"],["K8S_POD_NAME","$2"],["K8S_POD_INFRA_CONTAINER_ID","$id"],["K8S_POD_UID","uid-$2"]],
 "result":{"cniVersion":"1.0.0","interfaces":[{"name":"veth$3"},{"name":"eth0","sandbox":"/run/netns/$2"}],
 "ips":[{"interface":1,"address":"10.244.$1.$3/32"}]}}
END
  mv "$lab/cni$1/.tmp" "$lab/cni$1/pods-$id-eth0"
}

# node_rules NODE TYPE HOOK PRIORITY RULE...
node_rules() {
  local number=$1
  shift
  tables=$((${tables:-0} + 1))
  {
    printf 'table ip test%s {\n chain c {\n  type %s hook %s priority %s;\n' "$tables" "$1" "$2" "$3"
    shift 3
    printf '  %s\n' "$@"
    printf ' }\n}\n'
  } | in_node "$number" nft -f -
}

heard_of() {
  report --db "$lab/$1.db" status -o json | jq -e '.nodes | length == 1 and all(.until != null)'
}

# node_netpold NODE...: starts them, and waits until each has committed something
node_netpold() {
  local number
  for number; do
    ip netns exec "node$number" "$programs/netpold" --config "$lab/$number.conf" 2>> "$lab/$number.log" 3>&- &
    daemon[number]=$!
  done
  for number; do
    wait_for 20 grep -q 'netpold: recording' "$lab/$number.log"
    wait_for 20 heard_of "$number"
  done
}

node_end() {
  local signal=$1 number
  shift
  for number; do
    kill "-$signal" "${daemon[number]}"
    wait "${daemon[number]}" 2>/dev/null || [ "$signal" = KILL ] || die "$(cat "$lab/$number.log")"
    mv "$lab/$number.log" "$lab/$number.log.last"
  done
}

# of NODE...: those databases
of() {
  local number
  databases=()
  for number; do
    databases+=(--db "$lab/$number.db")
  done
}

# edge FILTER: does exactly one edge of the databases chosen pass this jq filter?
edge() {
  report edges "${databases[@]}" -o json > "$lab/edges"
  [ "$(jq "[.[] | select($1)] | length" "$lab/edges")" = 1 ] || die "$1: $(report edges "${databases[@]}"; cat "$lab/edges")"
}

no_edge() {
  report edges "${databases[@]}" -o json > "$lab/edges"
  jq -e "all(.[]; ($1) | not)" "$lab/edges" > "$lab/jq" || die "$1: $(report edges "${databases[@]}")"
}

# connections FILTER: how many, over all edges that pass
connections() {
  report edges "${databases[@]}" -o json | jq "[.[] | select($1) | .connections] | add // 0"
}
