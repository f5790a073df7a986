#!/usr/bin/env bats
# policy --for KIND: the same policies for several APIs, held to the fields that these publish.

load cli.bash

policy() {
  "$report" policy --db "${db:-shop.db}" --inventory inventory.yaml "$@"
}

with_containers() {
  sed -i 's/nodeName: n1}/nodeName: n1, containers: [{name: main}]}/' inventory.yaml
}

# held FILE COUNT: so many objects, and nothing wrong with them.
held() {
  same "$1: $2 objects, 0 wrong" "$("$abs_top_builddir/tests/unit/policy/check_published" "$1")"
}

# many COUNT: many.db, in which a pod speaks with so many addresses outside.
many() {
  rm -f many.db
  jq -cn --argjson count "$1" '
    {type: "header", version: 1, node: "n1", from: "2026-01-31T12:00:00Z", until: "2026-01-31T14:00:00Z"},
    {type: "pod", node: "n1", namespace: "shop", name: "web",
      addresses: [{address: "10.244.1.2", from: "2026-01-31T12:00:00Z"}]},
    (range($count) | {type: "flow", node: "n1", from: {address: "10.244.1.2"},
      to: {address: "203.\(. / 16384 | floor).\(. / 64 % 256 | floor).\(. % 64 * 4)"},
      protocol: "TCP", port: 443, first_seen: "2026-01-31T12:05:30Z"})' > many.jsonl
  printf '{kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}}}\n' > inventory.yaml
  "$report" import --into many.db many.jsonl
}

# of KIND [FILE]: the objects of that kind in a JSON list.
of() {
  jq -c ".items[] | select(.kind == \"$1\")" "${2:-out}"
}

@test "every kind has its objects, explained or not, and its API takes them" {
  record shop
  with_containers
  for kind in $(kinds); do
    count=3
    [ "$kind" != kubescape ] || count=6
    for how in none comments annotations; do
      policy --for "$kind" --explain $how > "$kind.yaml"
      held "$kind.yaml" $count
    done
    policy --for "$kind" -o json > "$kind.json"
    held "$kind.json" $count
  done
}

@test "the kinds are those that the manual and the help tell" {
  same "networkpolicy
kubescape
cilium
calico-staged
clusternetworkpolicy" "$(kinds | tr ' ' '\n')"
}

@test "what is hard to say in other cases is still what the APIs take" {
  for case in folded-external further-networks masqueraded-clients mesh node-and-external same-selector several-nodes; do
    record "$case"
    for kind in $(kinds); do
      db=$case.db policy --for "$kind" -o json > printed.json 2> err
      held printed.json "$(jq '.items | length' printed.json)"
    done
    [ "$(db=$case.db policy -o json | jq '.items | length')" -gt 0 ]
  done
}

@test "a version is asked for with its group or without, and is one of the kind's" {
  record shop
  group=policy.networking.k8s.io
  for asked in v1alpha2 v1beta1; do
    for version in $asked $group/$asked; do
      want 0 policy --for clusternetworkpolicy --api-version $version -o json
      same $group/$asked "$(jq -r '[.items[].apiVersion] | unique[]' out)"
    done
  done
  want 0 policy --for clusternetworkpolicy -o json
  same $group/v1alpha2 "$(jq -r '[.items[].apiVersion] | unique[]' out)"
  want 2 policy --for clusternetworkpolicy --api-version v1
  said "--api-version 'v1': expected one of $group/v1alpha2, $group/v1beta1"
  want 2 policy --api-version v1beta1
  said "--api-version 'v1beta1': expected one of networking.k8s.io/v1"
}

@test "kubescape: neighbours are those of the workload's container, and without its name there are none" {
  record shop
  want 0 policy --for kubescape -o json
  said 'Deployment/api in shop: no NetworkNeighborhood: no container of it is known by name'
  same '' "$(of NetworkNeighborhood)"
  same 3 "$(of GeneratedNetworkPolicy | wc -l)"
  with_containers
  want 0 policy --for kubescape -o json
  same '["deployment-api","main",["TCP-8080"],{"matchLabels":{"app":"web"}}]' \
    "$(of NetworkNeighborhood | jq -c 'select(.metadata.name == "deployment-api") |
      [.metadata.name, (.spec.containers[] | .name, (.ingress[] | [.ports[].name], .podSelector))]')"
  # Two hours are no day.
  same '"partial"' "$(of NetworkNeighborhood | jq '.metadata.annotations["kubescape.io/completion"]' | sort -u)"
}

@test "kubescape: the policy inside is the one that is printed without --for" {
  record shop
  policy --explain annotations -o json > plain.json
  policy --for kubescape --explain annotations -o json > out
  same "$(jq -c '.items[]' plain.json)" "$(of GeneratedNetworkPolicy | jq -c .spec)"
}

@test "clusternetworkpolicy: names tell the namespace, and the last rule denies the rest" {
  record shop
  want 0 policy --for clusternetworkpolicy -o json
  same "shop.api-netpol
shop.db-netpol
shop.web-netpol" "$(jq -r '.items[].metadata.name' out)"
  same '["Deny","Deny"]' "$(jq -c '[.items[0].spec | .ingress[-1].action, .egress[-1].action]' out)"
  same '[["Accept"],["Accept"]]' "$(jq -c '[.items[0].spec | .ingress[:-1], .egress[:-1] | map(.action) | unique]' out)"
  same null "$(jq -c '.items[0].metadata.namespace' out)"
}

@test "clusternetworkpolicy: ingress from addresses cannot be said, and there is a warning in its place" {
  record masqueraded-clients
  db=masqueraded-clients.db want 0 policy --for clusternetworkpolicy -o json
  said 'no ClusterNetworkPolicy: its ingress has peers that are addresses'
}

@test "no default-deny in a namespace where a policy could not be said, and a count of what is missing" {
  record masqueraded-clients
  db=masqueraded-clients.db want 0 policy --for clusternetworkpolicy --default-deny -o json
  same "shop.job-netpol
shop.web-netpol" "$(jq -r '.items[].metadata.name' out)"
  said 'namespace shop: no default-deny: it would cut off those whose policies could not be said: Pod/api'
  said '1 of 3 policies could not be said as clusternetworkpolicy: 1 edge (4 connections) is not allowed'
  not grep -q 'default-deny cuts off' err
  db=masqueraded-clients.db want 0 policy --for cilium --default-deny -o json
  same default-deny "$(jq -r '.items[-1].metadata.name' out)"
  not grep -q 'could not be said' err
}

@test "a default-deny of canaries takes nothing from those who can be none" {
  record shop
  want 0 policy --canary app=web --default-deny -o json
  same "web-netpol
default-deny" "$(jq -r '.items[].metadata.name' out)"
  not grep -q 'could not be said' err
}

@test "an object that kubectl apply cannot take is told, and one that nothing stores is not printed" {
  many 7000
  db=many.db want 0 policy --block-threshold 99999 --max-blocks 99999
  said 'use kubectl apply --server-side'
  held out 1
  many 42000
  db=many.db want 0 policy --block-threshold 99999 --max-blocks 99999 --default-deny
  said 'it is left out, for Kubernetes stores no more than 1.5 MiB'
  said 'no default-deny'
  said '1 of 1 policy could not be said as networkpolicy: 42000 edges (42000 connections) are not allowed'
  grep -qx 'items: \[\]' out
  db=many.db want 1 policy --block-threshold 99999 --max-blocks 99999 --strict
  # Nor is it judged.
  want 2 "$report" verify --db many.db --inventory inventory.yaml --with-generated --block-threshold 99999 --max-blocks 99999 --default-deny
  said 'no default-deny'
  said '1 of 1 policy could not be said as networkpolicy: 42000 edges (42000 connections) are not allowed'
  said 'there is no NetworkPolicy in what is generated'
}

@test "the policies that the golden cases expect are what the API takes" {
  # Some expect none.
  want 0 "$abs_top_builddir/tests/unit/policy/check_published" $(grep -L '^items: \[\]$' "$golden"/*/policy*.yaml)
}
