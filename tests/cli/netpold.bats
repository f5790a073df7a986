#!/usr/bin/env bats
# What netpold says before it records anything: options, configuration, rules. None of this needs a right or a device.

load cli.bash

# bad CONTENT LINE MESSAGE: a configuration with that content is refused for that line.
bad() {
  printf "$1" > bad.conf
  for arguments in --check-config --print-rules ''; do
    want 2 "$daemon" --config bad.conf --db none/flows.db $arguments
    silent out
    said "netpold: error: bad.conf:$2: $3"
  done
}

good() {
  printf "$1" > good.conf
  want 0 "$daemon" --config good.conf --check-config
  silent out
  silent err
}

@test "--help and --version are on standard output, with 0" {
  for help in --help -h; do
    want 0 "$daemon" $help
    silent err
    grep -q '^Usage: netpold ' out
    for option in --config --db --check-config --print-rules --help --version; do
      grep -q -- "$option" out
    done
    not grep -nE '.{121}' out
  done
  want 0 "$daemon" --version
  silent err
  [ "$(wc -l < out)" -eq 1 ]
  grep -qE '^netpold [0-9]+\.[0-9]+' out
  same "$(sed 's/netpold //' out)" "$("$report" --version | sed 's/netpol-report //')"
}

@test "a help that cannot be written is an error" {
  [ -c /dev/full ] || skip "/dev/full is missing"
  not full "$daemon" --help
  not full "$daemon" --version
}

@test "rules that cannot be written are an error" {
  [ -c /dev/full ] || skip "/dev/full is missing"
  not full "$daemon" --config /dev/null --print-rules
  said "No space left on device"
}

@test "unknown options, operands and missing arguments are refused" {
  want 2 "$daemon" --frob
  said "'--frob'"
  want 2 "$daemon" -x
  said "'x'"
  want 2 "$daemon" record
  said "netpold: unexpected operand 'record'"
  for option in --config --db; do
    want 2 "$daemon" $option
    said "'$option'"
    silent out
  done
  want 2 "$daemon" --config /dev/null --db ''
  said "netpold: --db '': expected the name of a file"
  silent out
}

@test "a good configuration has nothing to be said" {
  good ''
  good '# comment\n; comment\n\n[store]\npath = /tmp/flows.db\nflow_window = 0\nretention = 90d ; a quarter\n[node]\nname = worker-3.example.net\n'
  good '[store]\r\nretention = 30d\r\n'
  good '[identity]\ncni_results = none\n'
  good '[conntrack]\nbuffer_size = 64K\ndump_interval = 1h\n\n[log-group new]\ngroup = 65535'
  want 0 "$daemon" --config /dev/null --check-config
  silent err
}

@test "sections and keys that are unknown" {
  bad '[stor]\npath = /x\n' 1 "unknown section 'stor': expected [store], [conntrack]"
  bad '\n\n[store]\nretenton = 30d\n' 4 "unknown key 'retenton'"
  bad 'path = /x\n' 1 ""
  bad '[log-group old]\ngroup = 1\n' 1 "unknown section 'log-group old'"
}

@test "keys that are there twice" {
  bad '[store]\nretention = 30d\nretention = 31d\n' 3 "repeated key 'retention'"
  bad '[store]\nretention = 30d\n[node]\nname = a\n[store]\nretention = 30d\n' 6 "repeated key 'retention'"
}

@test "values that are out of range, or none" {
  bad '[store]\nretention = 5\n' 2 "retention '5': expected a duration from 60s to 3650d"
  bad '[store]\nretention = 59s\n' 2 "retention '59s': expected a duration from 60s to 3650d"
  bad '[store]\nretention = 99999999999999999999d\n' 2 "retention "
  bad '[store]\nretention =\n' 2 "retention '': expected"
  bad '[store]\nflow_window = 25h\n' 2 "flow_window '25h': expected a duration of at most 24h"
  bad '[store]\ncommit_interval = 99ms\n' 2 "commit_interval '99ms': expected"
  bad '[store]\npath = flows.db\n' 2 "path 'flows.db': expected an absolute path"
  bad '[conntrack]\nbuffer_size = 1M5\n' 2 "buffer_size '1M5': expected a size"
  bad '[conntrack]\ndump_interval = 2h\n' 2 "dump_interval '2h': expected"
  bad '[nftables]\nmanage_rules = maybe\n' 2 "manage_rules 'maybe': expected"
  bad '[log-group new]\ngroup = 0\n' 2 "group '0': expected an NFLOG group from 1 to 65535"
  bad '[log-group new]\nmeaning = deny\n' 2 "meaning 'deny': expected"
  bad '[identity]\ncni_results = /a b\n' 2 "cni_results "
  bad '[node]\nname = a/b\n' 2 "name 'a/b': expected"
}

@test "lines that are none" {
  bad '[store]\nnonsense\n' 2 ""
  bad '[store\npath = /x\n' 1 ""
  bad "[store]\npath = /$(head -c 300 /dev/zero | tr '\0' x)\n" 2 ""
  bad '[store]\npath = /\001x\n' 2 ""
  printf '[store]\n\0path = /x\n' > bad.conf
  want 2 "$daemon" --config bad.conf --check-config
  said "bad.conf:2: "
}

@test "all errors are told, each with its line" {
  bad '[stor]\n[store]\nretention = 5\npath = x\n[node]\nname = /\n' 1 "unknown section"
  said "bad.conf:3: retention"
  said "bad.conf:4: path"
  said "bad.conf:6: name"
  [ "$(wc -l < err)" -eq 4 ]
}

@test "a configuration that is missing, or cannot be read" {
  for arguments in --check-config --print-rules ''; do
    want 2 "$daemon" --config missing.conf $arguments
    silent out
    said "netpold: error: missing.conf: cannot be read: No such file or directory"
    want 2 "$daemon" --config . $arguments
    said "netpold: error: .: cannot be read: Is a directory"
  done
  printf '[store]\n' > closed.conf
  chmod 0 closed.conf
  [ "$(id -u)" -ne 0 ] || powerless=(setpriv --inh-caps=-all --bounding-set=-all)
  want 2 "${powerless[@]}" "$daemon" --config closed.conf --check-config
  said "netpold: error: closed.conf: cannot be read: Permission denied"
}

@test "what is not text at all" {
  head -c 20000 "$daemon" > bad.conf
  want 2 "$daemon" --config bad.conf --check-config
  said "bad.conf:1: "
}

@test "--print-rules prints the table, with the configured group" {
  want 0 "$daemon" --config /dev/null --print-rules
  silent err
  grep -q '^table inet netpol {$' out
  grep -q 'type filter hook forward priority -300; policy accept;' out
  grep -q ' log group 4790 ' out
  not grep -qE '\b(drop|reject)\b' out
  cp out default
  printf '[log-group new]\ngroup = 77\n' > good.conf
  want 0 "$daemon" --config good.conf --print-rules
  diff <(sed 's/log group 4790 /log group 77 /' default) out
}

@test "--check-config and --print-rules make no database" {
  want 0 "$daemon" --config /dev/null --db "$PWD/flows.db" --check-config
  want 0 "$daemon" --config /dev/null --db "$PWD/flows.db" --print-rules
  [ -z "$(ls -d flows.db* 2>/dev/null)" ]
}
