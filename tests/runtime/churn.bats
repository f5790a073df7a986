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
  export directory=$BATS_TEST_TMPDIR driver=$BATS_TEST_DIRNAME/churn.sh
}

# in_cluster FUNCTION: in namespaces of its own; what it leaves is gone with them.
in_cluster() {
  declare -fx "$1" scenario_end
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

everyone_is_who_they_are() {
  churn_begin || return 1
  netpold_begin here || return 1
  churn_for "$seconds"
  wait_until 20 churn_answered here || echo 'not all answers are recorded'
  netpold_end here || return 1
  churn_judged here
  local status=$?
  cat "$directory/judgement"
  return $status
}

@test "pods that come and go on 20 addresses: every edge has the right pod at both ends" {
  run in_cluster everyone_is_who_they_are
  echo "$output"
  [ "$status" -eq 0 ]
}
