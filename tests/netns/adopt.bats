#!/usr/bin/env bats
# What outlives a process whose sockets somebody keeps: queued events, the log group, the owned table.

load namespace.bash
load lanes.bash

@test "event socket, log group and owned table go from one process to the next, and away with the last copy" {
  run run_in_lanes test_adopt
  echo "$output"
  [ "$status" -eq 0 ]
}
