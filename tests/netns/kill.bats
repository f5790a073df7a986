#!/usr/bin/env bats
# kill -9 at random moments under load: connection by connection, what is recorded is what was promised.
# NETPOL_KILLS: how many (10); NETPOL_SEED: repeats a run.

tools='tests/netns/exchange'
kills=${NETPOL_KILLS:-10}
seed=${NETPOL_SEED:-$((RANDOM * 32768 + RANDOM))}
namespace_seconds=$((60 + 6 * kills))
load namespace.bash

@test "kill -9 under load: what is open or committed is exact, nothing counts twice, gaps cover the rest" {
  echo "# NETPOL_KILLS=$kills NETPOL_SEED=$seed" >&3
  cp "$abs_top_srcdir/tests/netns/kill.sql" "$work_dir"
  chmod 644 "$work_dir/kill.sql"
  in_namespace <<END
kills=$kills seed=$seed
$(cat "$BATS_TEST_DIRNAME/kill.bash")
END
  sed 's/^/# /' "$lab/summary" >&3
}
