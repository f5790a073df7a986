#!/usr/bin/env bats
# What netpol-report says to options and operands, right and wrong.

load cli.bash

# wrong MESSAGE ARGUMENT...: is refused with 2, an empty standard output and that message.
wrong() {
  local message=$1
  shift
  want 2 "$report" "$@"
  silent out
  said "$message"
}

@test "without a command: the help on standard error, and 2" {
  want 2 "$report"
  silent out
  "$report" --help | diff - err
}

@test "an unknown command or option before it is named" {
  wrong "unknown command 'frob'" frob
  wrong "see netpol-report --help" frob
  wrong "unknown command ''" ''
  wrong "unknown option '--frob'" --frob
  wrong "unknown option '-x'" -x status
  wrong "unknown option '--format'" --format json status
}

@test "an option before the command without its argument is named" {
  wrong "--db needs an argument" --db
}

@test "an empty name is no file" {
  wrong "netpol-report edges: --db '': expected the name of a file" edges --db ''
  wrong "netpol-report: --db '': expected the name of a file" --db '' edges
  wrong "netpol-report: --db '': expected the name of a file" --db= edges
  wrong "netpol-report import: --into '': expected the name of a file" import --into ''
}

@test "an empty name is no namespace and no node" {
  wrong "netpol-report edges: --namespace '': expected a name" edges -n ''
  wrong "netpol-report edges: --node '': expected a name" edges --node=
}

@test "what cannot be a label is not one to ignore" {
  wrong "netpol-report policy: --ignore-label 'a b': expected the key of a label" policy --ignore-label 'a b'
  wrong "netpol-report policy: --ignore-label '': expected the key of a label" policy --ignore-label ''
}

@test "standard input is read once, so that it is one thing only" {
  wrong "netpol-report policy: --inventory and --known-networks cannot both be standard input" \
    policy --known-networks - --inventory -
  wrong "netpol-report edges: --inventory and --inventory cannot both be standard input" edges --inventory - --inventory -
  wrong "netpol-report reach: -f and -f cannot both be standard input" reach -f - -f -
}

@test "an unknown option of a command is named, and where its help is" {
  for command in $(commands); do
    wrong "netpol-report $command: unknown option '--frob'" "$command" --frob
    wrong "see netpol-report $command --help" "$command" --frob
    wrong "netpol-report $command: unknown option '-x'" "$command" -x
    wrong "netpol-report $command: unknown option '-x'" "$command" -xA
    wrong "netpol-report $command: --help takes no argument" "$command" --help=all
  done
}

@test "an option that another command takes is unknown" {
  wrong "unknown option '--node'" policy --node n1
  wrong "unknown option '--since'" pods --since 1h
  wrong "unknown option '--inventory'" flows --inventory i.yaml
  wrong "unknown option '--db'" import --db f.db
  wrong "unknown option '--into'" edges --into f.db
}

@test "a missing argument is named" {
  for option in --db --format -o --since --until --namespace -n --workload --node --inventory; do
    wrong "netpol-report edges: $option needs an argument" edges "$option"
  done
  wrong "netpol-report edges: -n needs an argument" edges -An
  wrong "netpol-report import: --into needs an argument" import --into
  wrong "netpol-report import: --into FILE is missing" import
  wrong "netpol-report import: --into FILE is missing" import evidence.jsonl
}

@test "an operand that is too much is named" {
  for command in $(questions); do
    wrong "netpol-report $command: unexpected operand 'more'" "$command" more
  done
}

@test "a format that a command does not have is refused, with those it has" {
  wrong "--format 'yaml': expected one of table (default), json, jsonl, csv" edges --format yaml
  wrong "--format 'table': expected one of json, yaml (default)" policy -o table
  wrong "--format 'json': expected one of table (default), jsonl, csv" flows -ojson
  wrong "--format 'JSON': expected one of" status --format=JSON
  wrong "--format '': expected one of" status --format=
}

@test "what is no time is refused" {
  for time in x '' 30 30x -1h 2026-01-31 2026-02-30T00:00:00Z 2026-01-31T25:00:00Z 2026-01-31T12:00:00 99999999999999d 1h30m; do
    wrong "netpol-report edges: --since '$time': expected a moment such as 2026-01-31T12:00:00Z, or an age" edges --since "$time"
    wrong "netpol-report edges: --until '$time': expected" edges --until "$time"
  done
}

@test "bounds without room between them are refused" {
  wrong "--since is not before --until" edges --since 2026-01-31T12:00:00Z --until 2026-01-31T11:00:00Z
  wrong "--since is not before --until" edges --since 2026-01-31T12:00:00Z --until 2026-01-31T12:00:00Z
  wrong "--since is not before --until" edges --since 1h --until 2h
}

@test "what is no workload is refused" {
  for workload in api '' / deploy/ /api; do
    wrong "--workload '$workload': expected KIND/NAME" edges --workload "$workload"
  done
}

@test "--help of everything is on standard output, with 0, and needs no database" {
  export NETPOL_DB=/nonexistent/flows.db
  for help in --help -h; do
    want 0 "$report" $help
    silent err
    grep -q '^Usage: netpol-report ' out
    for command in $(commands); do
      want 0 "$report" "$command" $help
      silent err
      grep -q "^Usage: netpol-report $command " out
      grep -q -- '--help' out
      grep -q '^Exit status: 0 done; 1 ' out
      want 0 "$report" --db other.db "$command" $help
    done
  done
}

@test "the help fits into 80 columns" {
  { "$report" --help; "$daemon" --help; for command in $(commands); do "$report" "$command" --help; done; } > all
  not grep -nE '.{81}' all
  not grep -n ' $' all
}

@test "--version is one line on standard output" {
  want 0 "$report" --version
  silent err
  [ "$(wc -l < out)" -eq 1 ]
  grep -qE '^netpol-report [0-9]+\.[0-9]+' out
}

@test "options may be shortened, joined with =, and end with --" {
  record remote-pod
  want 0 "$report" edges --db=remote-pod.db
  want 0 "$report" edges --db remote-pod.db -ojson
  want 0 "$report" --db=remote-pod.db edges --form json
  want 0 "$report" edges --db remote-pod.db --
  wrong "unexpected operand '--db'" edges -- --db
}
