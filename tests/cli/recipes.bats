#!/usr/bin/env bats
# What published recipes, the documentation's examples and the corners of the API mean: each case is
# a directory of tests/data/manifests, whose expected answer was written by hand.

load cli.bash

# answers CASE FILE [OPTION...]: what is allowed, row by row and in order.
answers() {
  local case=$abs_top_srcdir/tests/data/manifests/$1 file=$2
  shift 2
  want 0 "$report" reach -f "$case/manifests.yaml" --format json "$@"
  diff -u --label expected --label now <(jq -c '.[]' "$case/$file") <(jq -c '.[]' out)
}

# check CASE: … and nothing to complain of.
check() {
  answers "$1" expected.json
  silent err
}

# warned CASE MESSAGE: … and one thing to say.
warned() {
  answers "$1" expected.json
  said "warning: "
  said "$2"
  [ "$(wc -l < err)" -eq 1 ]
}

# wrong TEXT MESSAGE: a policy with that rule is an error, on that line, and no answer.
wrong() {
  {
    printf '%s\n' 'apiVersion: networking.k8s.io/v1' 'kind: NetworkPolicy' 'metadata: {name: p}'
    printf '%s\n' 'spec:' '  podSelector: {}' '  ingress:' "  - $1"
  } > wrong.yaml
  want 2 "$report" reach -f wrong.yaml --format json
  silent out
  said "error: wrong.yaml:7: "
  said "$2"
}

@test "every case has a test" {
  diff <(ls "$abs_top_srcdir/tests/data/manifests") \
    <(sed -nE 's/^  (check|warned|answers) ([a-z0-9-]+).*/\2/p' "$abs_top_srcdir/tests/cli/recipes.bats" | sort -u)
}

# Recipes.

@test "an application is closed to everybody" {
  check deny-all-to-app
}

@test "an application is open to its own pods" {
  check limit-to-app
}

@test "an application is open to all, in a namespace that is closed" {
  check allow-all-to-app
}

@test "all pods of a namespace are closed" {
  check deny-all-in-namespace
}

@test "all pods of a namespace are closed to other namespaces" {
  check deny-other-namespaces
}

@test "an application is open to all namespaces" {
  check allow-all-namespaces
}

@test "an application is open to namespaces by their labels" {
  check allow-a-namespace
}

@test "an application is open to some pods of another namespace" {
  check allow-pods-of-another-namespace
}

@test "an application is open to externals" {
  check allow-external
  check allow-external-to-a-port
}

@test "an application is open on one port" {
  check allow-only-a-port
}

@test "an application is open to several others" {
  check several-selectors
}

@test "an application begins nothing" {
  check deny-egress-of-app
}

@test "an application begins nothing but to ask for names" {
  check egress-to-dns-only
}

@test "the pods of a namespace begin nothing" {
  check deny-egress-of-namespace
}

@test "an application talks to some pods of another namespace" {
  check egress-to-pods-of-a-namespace
}

@test "an application does not leave the cluster" {
  check deny-external-egress
}

# The documentation's examples.

@test "all kinds of peers, in both directions" {
  check docs-both-directions
}

@test "the defaults of a namespace" {
  check docs-deny-ingress-by-default
  check docs-allow-all-ingress
  check docs-deny-egress-by-default
  check docs-allow-all-egress
  check docs-deny-all-by-default
}

@test "a range of ports" {
  check docs-range-of-ports
}

@test "several namespaces by their labels" {
  check docs-namespaces-by-label
}

# Corners.

@test "without policies all is allowed" {
  warned no-policies 'no NetworkPolicy'
}

@test "an empty list of rules is nobody" {
  check empty-ingress
}

@test "absent and empty ports are all ports" {
  check absent-and-empty-ports
}

@test "what policyTypes are where they are not written" {
  warned default-policy-types ':16: NetworkPolicy default/no-rule: spec.egress'
}

@test "rules of a direction that policyTypes leaves out are void" {
  warned void-rules ':20: NetworkPolicy default/ingress-only: spec.egress'
}

@test "a peer with an empty podSelector" {
  check empty-pod-selector-as-peer
}

@test "a block does not select pods by their addresses, unless it is told to" {
  answers block-of-pod-addresses expected.json
  answers block-of-pod-addresses with-ipblock-pods.json --ipblock-pods
}

@test "a named port that differs between replicas" {
  check replicas-with-different-ports
}

@test "replicas that do not differ are one row" {
  check replicas-that-agree
}

@test "named ports are the destination's" {
  check named-ports
}

@test "two selectors in one peer, or in two" {
  check one-peer-or-two
}

@test "both ends must allow the same port" {
  check both-ends-must-agree
}

@test "labels that are absent" {
  check labels-that-are-absent
}

@test "blocks of both families, with exceptions" {
  check blocks-with-exceptions
}

@test "kubernetes.io/metadata.name is a label of every namespace" {
  check namespace-names
}

@test "other labels of a namespace without an object are not known" {
  check namespace-without-object
}

@test "host-network pods are pods, or their node" {
  answers host-network expected.json
  answers host-network as-node.json --hostnetwork node
}

@test "templates of workloads, and pods that are over" {
  check workload-objects
}

@test "policies add up" {
  check several-policies
}

# Errors.

@test "an endPort below its port" {
  wrong 'ports: [{port: 80, endPort: 79}]' endPort
}

@test "an endPort without a number to begin at" {
  wrong 'ports: [{endPort: 80}]' endPort
  wrong 'ports: [{port: http, endPort: 80}]' endPort
}

@test "a peer that is nothing, or two things" {
  wrong 'from: [{}]' from
  wrong 'from: [{podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}]' ipBlock
}

@test "an exception that is not within its block" {
  wrong 'from: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/16]}}]' except
  wrong 'from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/8]}}]' except
  wrong 'from: [{ipBlock: {cidr: 10.0.0.0/8, except: ["::/96"]}}]' except
}

@test "selectors that ask for nothing" {
  wrong 'from: [{podSelector: {matchExpressions: [{key: a, operator: In}]}}]' values
  wrong 'from: [{podSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}}]' values
  wrong 'from: [{podSelector: {matchExpressions: [{key: a, operator: Is, values: [b]}]}}]' operator
}
