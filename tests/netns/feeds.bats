#!/usr/bin/env bats
# The kernel's streams against a real kernel: filters, delivery, dumps.

load namespace.bash
load lanes.bash

@test "events are filtered, delivered and dumped as the headers say" {
  run run_in_lanes test_feeds
  echo "$output"
  [ "$status" -eq 0 ]
}
