#!/usr/bin/env bats
# More than netpold can read: the node's forwarding does not suffer from it, and what is missed is bounded.

tools='tests/bench/offer'
load namespace.bash
load load.bash

@test "stopped for 5 s under what the buffer can take meanwhile: every connection is recorded, and then it knows what is live" {
  in_namespace <<END
$loaded
loaded_lab
netpold_start
stopped_for_5_s \$((\$(buffered_events) / 15))
END
}

@test "stopped for 6 s under all that a namespace can carry: forwarding goes on, and a gap covers what is missing" {
  in_namespace <<END
$loaded
loaded_lab
rate=\$((\$(cat /proc/sys/net/netfilter/nf_conntrack_max) / 5))
[ "\$rate" -lt 50000 ] || rate=50000
# pace: new connections a second until the moment SECONDS from now
pace() {
  local count=\$(offered) begin=\${EPOCHREALTIME/./}
  sleep "\$1"
  paced=\$(((\$(offered) - count) * 1000000 / (\${EPOCHREALTIME/./} - begin)))
}
netpold_start
udp_timeout 1
offer -r "\$rate" -d 14 > "\$lab/offered" 3>&- &
load=\$!
wait_for 10 eval '[ "\$(offered)" -gt 0 ]'
pace 3; before=\$paced
kill -STOP "\$netpold"
pace 6; stopped=\$paced
kill -CONT "\$netpold"
wait "\$load"
echo "\$before/s before, \$stopped/s while netpold was stopped (\$((stopped * 100 / before)) %)" > "\$lab/summary"
wait_for 90 eval '[ "\$(in_table)" = 0 ]'
wait_for 60 eval '[ "\$(told_live)" = 0 ]'
netpold_stop
missing=\$((\$(offered) - \$(recorded)))
echo "\$(offered) offered, \$(recorded) recorded, gaps of at most \$(gap_bounds)" >> "\$lab/summary"
[ "\$stopped" -ge \$((before * 80 / 100)) ] || die "\$(cat "\$lab/summary")"
[ "\$missing" -ge 0 ] || die "more than there were: \$(cat "\$lab/summary")"
[ "\$missing" = 0 ] || report status -o json | jq -e '([.gaps[].at_most] | any(. == null)) or ([.gaps[].at_most] | add) >= '"\$missing" ||
  die "\$(cat "\$lab/summary"): \$(report status)"
END
  sed 's/^/# /' "$lab/summary" >&3
}
