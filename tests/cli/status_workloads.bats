#!/usr/bin/env bats
# What is known of each workload: status --workloads, policy --ready-only, and directions that are partial.

load cli.bash

# flow NODE FROM TO PORT CONNECTIONS FIRST [LAST]: both ends are ADDRESS or NAME=ADDRESS.
flow() {
  local node=$1 from to
  from=$(end_of "$2") to=$(end_of "$3")
  printf '{"type":"flow","node":"%s","from":%s,"to":%s,"protocol":"TCP","port":%s,"connections":%s,"closed":%s,"first_seen":"%s","last_seen":"%s"}\n' \
    "$node" "$from" "$to" "$4" "$5" "$5" "$6" "${7:-$6}"
}

end_of() {
  case $1 in
  *=*) printf '{"address":"%s","namespace":"shop","name":"%s"}' "${1#*=}" "${1%%=*}" ;;
  *) printf '{"address":"%s"}' "$1" ;;
  esac
}

# A header and the pods of it: NODE NAME=ADDRESS...
node() {
  local node=$1 pod
  shift
  printf '{"type":"header","version":1,"node":"%s","from":"2026-01-01T00:00:00Z","until":"2026-01-04T00:00:00Z"}\n' "$node"
  for pod in "$@"; do
    printf '{"type":"pod","node":"%s","namespace":"shop","name":"%s","addresses":[{"address":"%s","from":"2026-01-01T06:00:00Z"}]}\n' \
      "$node" "${pod%%=*}" "${pod#*=}"
  done
}

# Three days: web is settled, api got a new client on the last one, job hardly does anything, and far runs elsewhere.
n1() {
  node n1 web=10.1.0.1 job=10.1.0.3
  flow n1 web=10.1.0.1 10.2.0.1 8080 150 2026-01-01T07:00:00Z 2026-01-01T08:00:00Z
  flow n1 web=10.1.0.1 203.0.113.5 443 1 2026-01-02T07:00:00Z
  flow n1 job=10.1.0.3 10.2.0.1 8080 5 2026-01-03T12:00:00Z 2026-01-03T13:00:00Z
  printf '%s\n' '{"type":"gap","node":"n1","source":"daemon","from":"2026-01-02T12:00:00Z","until":"2026-01-02T12:30:00Z","reason":"netpold was not running"}' \
    '{"type":"gap","node":"n1","source":"conntrack","from":"2026-01-02T12:10:00Z","until":"2026-01-02T13:00:00Z","reason":"overflow"}' \
    '{"type":"gap","node":"n1","source":"log","from":"2026-01-02T18:00:00Z","until":"2026-01-02T19:00:00Z","at_most":0,"reason":"nothing"}'
}

n2() {
  node n2 api=10.2.0.1
  flow n2 10.1.0.1 api=10.2.0.1 8080 150 2026-01-01T07:00:00Z 2026-01-01T08:00:00Z
}

pod() {
  printf -- '---\n{kind: Pod, apiVersion: v1, metadata: {namespace: shop, name: %s, labels: {app: %s}}, spec: {nodeName: %s}, status: {phase: Running, podIP: %s}}\n' \
    "$1" "$2" "$3" "$4"
}

inventory() {
  pod web web n1 10.1.0.1
  pod job job n1 10.1.0.3
  pod api api n2 10.2.0.1
  pod far far n3 10.3.0.1
}

prepare() {
  n1 | "$report" import --into n1.db -
  n2 | "$report" import --into n2.db -
  inventory > inventory.yaml
}

ask() {
  "$report" status --workloads --db n1.db --db n2.db --inventory inventory.yaml "$@"
}

@test "each workload has how long it was observed, what was seen, and what it lacks, in a line that a terminal has room for" {
  prepare
  want 0 ask
  cat > expected << 'END'
NAMESPACE  WORKLOAD  STATE     OBSERVED  CONNECTIONS  PODS    UNSEEN  WHY NOT READY
shop       Pod/api   settling  2d 18h            155  1 of 1  0.00 %  new edges in the last day
shop       Pod/far   learning  0s                  0  0 of 1  -       no node with its pods was recorded
shop       Pod/job   learning  2d 17h              5  1 of 1  0.00 %  fewer than 100 connections
shop       Pod/web   ready     2d 17h            151  1 of 1  0.66 %
END
  sed 's/ *$//' out | diff -u expected -
  silent err
}

@test "CSV has plain numbers, JSON the same and null for what is not known" {
  prepare
  want 0 ask -o csv
  cat > expected << 'END'
NAMESPACE,WORKLOAD,STATE,SINCE,OBSERVED,GAPS,MISSING,CONNECTIONS,EDGES,ONCE,NEW EDGES,NEW A DAY,UNSEEN,PODS SEEN,PODS KNOWN,WHY NOT READY
shop,Pod/api,settling,2026-01-01T06:00:00Z,237600,0,0,155,2,0,1,0.5714,0.0000,1,1,new edges in the last day
shop,Pod/far,learning,,0,0,0,0,0,0,0,,,0,1,no node with its pods was recorded
shop,Pod/job,learning,2026-01-01T06:00:00Z,234000,1,3600,5,1,0,1,0.5854,0.0000,1,1,fewer than 100 connections
shop,Pod/web,ready,2026-01-01T06:00:00Z,234000,1,3600,151,2,1,0,0.5854,0.0066,1,1,
END
  tr -d '\r' < out | diff -u expected -

  want 0 ask -o json
  same '{"namespace":"shop","kind":"Pod","name":"web","state":"ready","reason":null,"observed":{"since":"2026-01-01T06:00:00Z","seconds":234000,"gaps":1,"gap_seconds":3600},"connections":151,"edges":{"distinct":2,"once":1,"new_in_last_day":0,"new_a_day":0.5854},"unseen":0.0066,"pods":{"seen":1,"known":1}}' \
    "$(jq -c '.[] | select(.name == "web")' out)"
  same '["learning",null,0,null,null,{"seen":0,"known":1}]' \
    "$(jq -c '.[] | select(.name == "far") | [.state, .observed.since, .observed.seconds, .edges.new_a_day, .unseen, .pods]' out)"
}

@test "the order of databases changes nothing" {
  prepare
  for format in table csv json; do
    want 0 ask -o "$format"
    "$report" status --workloads --db n2.db --db n1.db --inventory inventory.yaml -o "$format" | diff out -
  done
}

@test "workloads are those asked for, of the node and the time asked for" {
  prepare
  want 0 ask -n shop --workload po/job -o csv
  same "Pod/job" "$(sed 1d out | cut -d, -f2)"
  silent err
  want 0 ask -n nowhere -o csv
  same 1 "$(wc -l < out)"
  said "warning: nowhere: "
  want 1 ask --workload deploy/nothing --strict
  said "no such workload is known"
  want 0 ask --strict
  # n2 alone did not see web.
  want 0 ask --node n2 -o json
  same '{"api":"2026-01-01T06:00:00Z","far":null,"job":null,"web":null}' \
    "$(jq -c 'map({(.name): .observed.since}) | add' out)"
  want 0 ask --since 2026-01-03T00:00:00Z --until 2026-01-03T12:00:01Z -o json
  same '["2026-01-03T00:00:00Z",43201]' "$(jq -c '.[] | select(.name == "job").observed | [.since, .seconds]' out)"
}

@test "status as a whole has no workloads and is no CSV" {
  prepare
  for options in "-n shop" "--workload po/web" "-o csv"; do
    want 2 "$report" status --db n1.db $options
    said "needs --workloads"
    silent out
  done
  want 0 "$report" status --db n1.db -A
}

@test "policy --ready-only has the workloads that status calls ready" {
  prepare
  want 0 "$report" policy --db n1.db --db n2.db --inventory inventory.yaml -o json
  same 'api-netpol job-netpol web-netpol' "$(jq -r '[.items[].metadata.name] | join(" ")' out)"
  want 0 "$report" policy --db n1.db --db n2.db --inventory inventory.yaml -o json --ready-only
  same 'web-netpol' "$(jq -r '[.items[].metadata.name] | join(" ")' out)"
}

@test "a node that went on in another database missed what was between them" {
  prepare
  { node n1 web=10.1.0.1; flow n1 web=10.1.0.1 203.0.113.5 443 500 2026-01-02T07:00:00Z; } |
    sed 's/"until":"2026-01-04T/"until":"2026-01-03T/' | "$report" import --into first.db -
  { node n1 web=10.1.0.1; flow n1 web=10.1.0.1 203.0.113.5 443 500 2026-01-06T07:00:00Z; } |
    sed 's/"from":"2026-01-01T00:00:00Z","until":"2026-01-04T/"from":"2026-01-05T00:00:00Z","until":"2026-01-07T/' |
    "$report" import --into second.db -
  for order in "first.db second.db" "second.db first.db"; do
    read -r one other <<< "$order"
    want 0 "$report" status --workloads --db "$one" --db "$other" --inventory inventory.yaml --workload po/web -o json
    same '["ready","2026-01-01T06:00:00Z",90,1,48]' \
      "$(jq -c '.[] | [.state, .observed.since, (.observed.seconds / 3600), .observed.gaps, (.observed.gap_seconds / 3600)]' out)"
  done
}

# names OPTION...: the policies that are made with --strict of n1.db.
strictly() {
  "$report" policy --db n1.db --inventory inventory.yaml -o json --strict "$@" 2> /dev/null > out || [ $? -eq 1 ]
  jq -r '[.items[].metadata.name] | join(" ")' out
}

@test "what is partial is withheld with --strict: a pod elsewhere, and a dataplane that hides" {
  prepare
  same 'job-netpol web-netpol' "$(strictly)"
  pod web-2 web n3 10.3.0.2 >> inventory.yaml
  same 'job-netpol' "$(strictly)"
  # A pod that is done does nothing more.
  sed -i 's/phase: Running, podIP: 10.3.0.2/phase: Succeeded, podIP: 10.3.0.2/' inventory.yaml
  same 'job-netpol web-netpol' "$(strictly)"

  fact='{"type":"fact","node":"n1","name":"%s","value":"%s","since":"2026-01-01T00:00:00Z"}\n'
  for hidden in 'same-node no' 'cross-node partly' 'service no' 'external partly'; do
    rm n1.db
    { n1; printf "$fact" "dataplane.${hidden% *}" "${hidden#* }: eBPF"; } | "$report" import --into n1.db -
    same '' "$(strictly)"
  done
  # Denied attempts are no reason to allow anything; what was hidden before the interval does not matter.
  rm n1.db
  {
    n1
    printf "$fact" dataplane.denied 'no: eBPF'
    printf "$fact" dataplane.same-node 'yes: '
    printf "$fact" dataplane.was.no.same-node '2026-01-01T05:00:00Z eBPF'
  } | "$report" import --into n1.db -
  same '' "$(strictly)"
  same 'job-netpol web-netpol' "$(strictly --since 2026-01-01T06:00:00Z)"
}

# compiled OPTION...: what policy makes of both nodes, but for problems.
compiled() {
  "$report" policy --db n1.db --db n2.db --inventory inventory.yaml "$@" 2> /dev/null
}

@test "policy says of each workload how much is known of it" {
  prepare
  known='ready: observed since 2026-01-01T06:00:00Z for 2d 17h less 1 gap of 1h; 1 of 1 pod seen; 151 connections on 2 edges, 0 new in the last day, 0.59 new a day; about 0.66 % unseen'
  # A line of a comment ends where a reviewer still reads it.
  same "$known" "$(compiled | sed -n '/^# Pod\/web$/{n;:more;/^# /{s/^# *//;p;n;bmore}}' | paste -sd ' ')"
  not grep -q '^ *#.\{100\}' <(compiled)
  compiled --explain annotations -o json > out
  jq -r '.items[] | select(.metadata.name == "web-netpol").metadata.annotations["netpol/evidence"]' out | grep -qxF "$known"
  for options in '--explain none' '--explain none -o json' '-o json'; do
    not grep -q 'observed since' <(compiled $options)
  done
}

@test "whether Kubescape's objects are complete does not depend on how they are explained" {
  prepare
  sed -i 's/{nodeName: \(n[0-9]\)}/{nodeName: \1, containers: [{name: main}]}/' inventory.yaml
  compiled --for kubescape -o json |
    jq -c '[.items[] | select(.kind == "NetworkNeighborhood") | [.metadata.name, .metadata.annotations["kubescape.io/completion"]]]' > expected
  same '[["pod-api","partial"],["pod-job","partial"],["pod-web","complete"]]' "$(cat expected)"
  for explain in none annotations; do
    compiled --for kubescape -o json --explain "$explain" |
      jq -c '[.items[] | select(.kind == "NetworkNeighborhood") | [.metadata.name, .metadata.annotations["kubescape.io/completion"]]]' |
      diff expected -
  done
}
