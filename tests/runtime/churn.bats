#!/usr/bin/env bats
# Real pods that come and go while they talk, on few addresses: every edge has the right pod at both ends. The driver's log
# is the truth (churn.c, churn.sh), churn.sql compares.

bats_require_minimum_version 1.5.0

setup_file() {
  export cluster=$BATS_TEST_DIRNAME/../../contrib/demo/cluster.sh
  export programs=${abs_top_builddir:-$PWD}
  export churn=$programs/tests/runtime/churn seconds=${NETPOL_CHURN_SECONDS:-30}
}

setup() {
  local missing
  # shellcheck source=../../contrib/demo/cluster.sh
  . "$cluster"
  missing=$(cluster_missing) || skip "$missing"
  command -v conntrack sqlite3 > /dev/null || skip 'missing: conntrack or sqlite3 (packages of these names)'
  export directory=$BATS_TEST_TMPDIR driver=$BATS_TEST_DIRNAME/churn.sh
}

# in_cluster FUNCTION: in namespaces of its own; what it leaves is gone with them.
in_cluster() {
  declare -fx all_told blind_netpold_begin scenario_end "$1"
  # shellcheck disable=SC2016
  (cluster_enter "$directory" timeout --foreground --kill-after=10 $((seconds + 120)) bash -c '
    set -u
    . "$cluster"
    . "$driver"
    trap scenario_end EXIT
    trap "exit 1" TERM
    "$1"' bash "$1") 3>&-
}

scenario_end() {
  local status=$?
  [ $status -eq 0 ] || tail -n 20 "$directory"/*.log "$directory/node/containerd.log"
  churn_end
  exit $status
}

# all_told NAME VIEW...: netpold recorded all answers, ended well, and its record is as it was.
all_told() {
  wait_until 20 churn_answered "$1" || echo "$1: not all answers are recorded"
  netpold_end "$1" && churn_judged "$@"
}

# Beside another one, that has rules of its own.
blind_netpold_begin() {
  netpold_begin blind '[identity]' 'cri_socket = none' '[nftables]' 'manage_rules = no' '[log-group new]' 'group = 4791' 'meaning = new' || return 1
  "$programs/netpold" --config "$directory/blind.conf" --print-rules | sed 's/inet netpol/inet blind/' | nft -f -
}

everyone_is_who_they_are() {
  local status=0
  churn_begin && netpold_begin here '[identity]' "cri_socket = $CLUSTER/containerd.sock" && blind_netpold_begin || return 1
  churn_for "$seconds" 50
  # So that both hear of every end, which one of them would hear of after the other has gone.
  conntrack -F || return 1
  all_told here fault unlabelled || status=1
  all_told blind fault || status=1
  diff <(churn_unlabelled here) <(churn_unlabelled blind) > "$directory/difference" || status=1
  head -n 20 "$directory/difference"
  return $status
}

@test "pods that come and go on 20 addresses: every edge has the right pod at both ends, and nothing but labels needs the runtime" {
  run in_cluster everyone_is_who_they_are
  echo "$output"
  echo "# $(grep '^[^|]*: ' "$directory/here.judgement" | paste -sd ,)" >&3
  [ "$status" -eq 0 ]
}

interrupted() {
  churn_begin || return 1
  local runtime=('[identity]' "cri_socket = $CLUSTER/containerd.sock")
  netpold_begin here "${runtime[@]}" || return 1
  churn_for 10 60 &
  local churn_pid=$!
  wait_until 60 churn_has 100 || return 1
  netpold_end here && netpold_begin here "${runtime[@]}" || return 1
  wait_until 60 churn_has 200 || return 1
  crash_the_runtime || return 1
  wait $churn_pid
  netpold_end here && churn_judged here lie unlabelled
}

@test "netpold and the runtime are started again while pods come and go: no edge has a wrong pod" {
  run in_cluster interrupted
  echo "$output"
  [ "$status" -eq 0 ]
}
