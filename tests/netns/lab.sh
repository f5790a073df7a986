# A node in a network namespace: pods behind routed veth pairs, CNI state on disk, netpold beside them.
# Sourced by each test's script, which runs as root of a user namespace of its own; needs $programs and $lab.
#
#              the node (this namespace)                 each pod: a network namespace
#   netpold ── 10.244.0.1, fd00:244::1 ── veth ── eth0 10.244.0.N/32, fd00:244::N/128

set -euo pipefail
db=$lab/flows.db
cni=$lab/cni
config=$lab/netpold.conf
export NETPOL_DB=$db

die() {
  echo "FAILED: $*" >&2
  [ ! -s "$lab/netpold.log" ] || sed 's/^/netpold: /' "$lab/netpold.log" >&2
  exit 1
}

# wait_for SECONDS COMMAND...: until it succeeds
wait_for() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || die "waited in vain for: $*"
    read -r -t 0.05 <> <(:) || true
  done
}

lab_start() {
  mount -t tmpfs tmpfs /run
  mkdir -p /run/netns "$cni"
  ip link set lo up
  sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.rp_filter=0
  ip address add 10.244.0.1/32 dev lo
  ip -6 address add fd00:244::1/128 dev lo nodad
  configure
}

# configure [LINE...]: netpold.conf with quick intervals, and more lines at its end
configure() {
  cat > "$config" <<END
[store]
path = $db
commit_interval = 100ms
[identity]
cni_results = $cni
host_local = ${host_local:-none}
kindnet = none
aws_vpc_cni = none
cilium = none
oci_bundles = none
cri_socket = none
[node]
name = node-a
END
  printf '%s\n' "${@:-[conntrack]
dump_interval = 1s}" >> "$config"
}

# cni_file NAME NUMBER NAMESPACE: the result as libcni writes it
cni_file() {
  local id
  id=$(sandbox_id "$1" "$2")
  cat > "$cni/.tmp-$1" <<END
{"kind":"cniCacheV1","containerId":"$id","config":"e30=","ifName":"eth0","networkName":"pods","netns":"/run/netns/$1",
 "cniArgs":[["IgnoreUnknown","1"],["K8S_POD_NAMESPACE","$3"],["K8S_POD_NAME","$1"],["K8S_POD_INFRA_CONTAINER_ID","$id"],
 ["K8S_POD_UID","uid-$1"]],"result":{"cniVersion":"1.0.0","interfaces":[{"name":"veth$2"},{"name":"eth0","sandbox":"/run/netns/$1"}],
 "ips":[{"interface":1,"address":"10.244.0.$2/32"},{"interface":1,"address":"fd00:244::$2/128"}]}}
END
  mv "$cni/.tmp-$1" "$cni/pods-$id-eth0"
}

# sandbox_id NAME NUMBER
sandbox_id() {
  printf '%s' "$1-$2" | sha256sum | cut -c 1-64
}

# allocate NAME NUMBER: the address as host-local notes it, below $host_local
allocate() {
  mkdir -p "$host_local/pods"
  printf '%s\r\neth0' "$(sandbox_id "$1" "$2")" > "$host_local/pods/10.244.0.$2"
}

# pod NAME NUMBER [NAMESPACE]
pod() {
  pod_network "$1" "$2"
  cni_file "$1" "$2" "${3:-shop}"
}

# grow_old NAME NUMBER: the pod has been there for a minute
grow_old() {
  touch -d '1 minute ago' "$cni/pods-$(sandbox_id "$1" "$2")-eth0"
}

# pod_network NAME NUMBER: a pod of which nothing is on disk
pod_network() {
  ip netns add "$1"
  ip link add "veth$2" type veth peer name eth0 netns "$1"
  ip link set "veth$2" up
  ip -n "$1" link set lo up
  ip -n "$1" address add "10.244.0.$2/32" dev eth0
  ip -n "$1" -6 address add "fd00:244::$2/128" dev eth0 nodad
  ip -n "$1" link set eth0 up
  ip -n "$1" route add 10.244.0.1 dev eth0
  ip -n "$1" route add default via 10.244.0.1
  ip route add "10.244.0.$2/32" dev "veth$2"
  ip -6 address add fe80::1/64 dev "veth$2" nodad
  ip -n "$1" -6 address add "fe80::1:$2/64" dev eth0 nodad
  ip -n "$1" -6 route add default via fe80::1 dev eth0
  ip -6 route add "fd00:244::$2/128" via "fe80::1:$2" dev "veth$2"
}

# pod_end NAME NUMBER
pod_end() {
  [ -z "${host_local:-}" ] || rm -f "$host_local/pods/10.244.0.$2"
  rm -f "$cni/pods-$(sandbox_id "$1" "$2")-eth0"
  ip netns delete "$1"
  ip link delete "veth$2" 2>/dev/null || true
}

# rules TYPE HOOK PRIORITY RULE...: a table of its own with one chain
rules() {
  local type=$1 hook=$2 priority=$3
  shift 3
  tables=$((${tables:-0} + 1))
  {
    printf 'table inet test%s {\n chain c {\n  type %s hook %s priority %s;\n' "$tables" "$type" "$hook" "$priority"
    printf '  %s\n' "$@"
    printf ' }\n}\n'
  } | nft -f -
}

in_pod() {
  local name=$1
  shift
  ip netns exec "$name" "$@"
}

# serve POD SPEC: a socat listener that echoes, up when this returns
serve() {
  local kind=${2%%:*} port
  in_pod "$1" socat "$2,fork,reuseaddr" EXEC:cat >/dev/null 2>&1 3>&- &
  port=${2#*:}
  case $kind in
  TCP*) wait_for 10 listening "$1" t "${port%%,*}" ;;
  UDP*) wait_for 10 listening "$1" u "${port%%,*}" ;;
  esac
}

listening() {
  in_pod "$1" ss -Hln"$2" "sport = :$3" | grep -q .
}

# say POD SPEC: one exchange with an echo; fails if nothing comes back
say() {
  exchange 20 "$@"
}

# unheard POD SPEC: nothing comes back for 3 s
unheard() {
  ! exchange 3 "$@"
}

# exchange SECONDS POD SPEC
exchange() {
  [ "$(echo hello | in_pod "$2" timeout "$1" socat -t 3 - "$3" 2>/dev/null)" = hello ]
}

# hold POD ADDRESS PORT: a connection to an echo that stays open
hold() {
  # shellcheck disable=SC2016
  in_pod "$1" bash -c 'exec 5<> "/dev/tcp/$1/$2"; echo held >&5; read -r line <&5; echo "$line" > "$3"; exec sleep 1000' hold \
    "$2" "$3" "$lab/held-$1" 3>&- &
  wait_for 10 grep -qs held "$lab/held-$1"
}

# traffic POD PORT: connections one after the other, as long as $lab/go is there; a line in $lab/made for each
traffic() {
  touch "$lab/go" "$lab/made"
  while [ -e "$lab/go" ]; do
    say "$1" "TCP:10.244.0.3:$2" && echo made >> "$lab/made"
  done 3>&- 5>&- &
  traffic=$!
}

made() {
  wc -l < "$lab/made"
}

# more COUNT: so many connections more than now
more() {
  local before
  before=$(made)
  wait_for 20 eval '[ "$(made)" -ge '$((before + $1))' ]'
}

# with_faults: the next netpold_start preloads the module of setup_faults, which does as faults LINE... says.
with_faults() {
  faults
  netpold_wrapper="env LD_PRELOAD=$programs/faults.so FAULTS_CONTROL=$lab/faults FAULTS_FOLDER=$lab/data"
  netpold_wrapper="$netpold_wrapper ASAN_OPTIONS=verify_asan_link_order=0"
}

faults() {
  echo "$*" > "$lab/faults.new"
  mv "$lab/faults.new" "$lab/faults"
}

netpold_start() {
  # shellcheck disable=SC2086
  ${netpold_wrapper:-} "$programs/netpold" --config "$config" 2>> "$lab/netpold.log" 3>&- &
  netpold=$!
  wait_for 20 grep -q 'netpold: recording' "$lab/netpold.log"
}

# is_watched FOLDER: by netpold
is_watched() {
  grep -qs "^inotify .* ino:$(printf %x "$(stat -c %i "$1")") " "/proc/$netpold/fdinfo/"*
}

netpold_stop() {
  local status=0
  kill -TERM "$netpold"
  wait "$netpold" || status=$?
  [ "$status" -eq 0 ] || die "netpold ended with $status"
  : > "$lab/netpold.log.last"
  cat "$lab/netpold.log" >> "$lab/netpold.log.last"
  : > "$lab/netpold.log"
}

netpold_kill() {
  kill -KILL "$netpold"
  wait "$netpold" 2>/dev/null || true
  : > "$lab/netpold.log"
}

report() {
  "$programs/netpol-report" "$@"
}

# edges FILTER: does any edge pass this jq filter?
has_edge() {
  report edges -o json | jq -e "any(.[]; $1)" >/dev/null
}

# sum FILTER FIELD: over the edges that pass
sum_edges() {
  report edges -o json | jq "[.[] | select($1) | .$2] | add // 0"
}

# lost: the gaps, but those of who had an address
lost() {
  report status -o json | jq '[.gaps[] | select(.source != "identity")]'
}
