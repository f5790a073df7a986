#!/usr/bin/env bats
# The kernel's streams against a real kernel: filters, delivery, dumps, the sums of the log group and its rule.

load namespace.bash
load lanes.bash

@test "events are filtered, delivered and dumped, and packets accounted for, as the headers say" {
  run run_in_lanes test_feeds
  echo "$output"
  [ "$status" -eq 0 ]
}
