#!/usr/bin/env bats
# How policies are printed: --explain, --canary, and what a network plugin makes of them.

load cli.bash

policy() {
  "$report" policy --db "${db:-shop.db}" --inventory inventory.yaml "$@"
}

# specs: of the objects in the JSON in out.
specs() {
  jq -S '.items[].spec' "$1"
}

# on_cilium [CASE]: the case, or node-and-external, where the node's network plugin is Cilium.
on_cilium() {
  local case=$golden/${1:-node-and-external}
  cp "$case/inventory.yaml" .
  {
    cat "$case/evidence.jsonl"
    echo '{"type":"fact","node":"n1","name":"dataplane.plugin","value":"cilium","since":"2026-01-31T12:00:00Z"}'
  } > cilium.jsonl
  "$report" import --into cilium.db cilium.jsonl
}

@test "--explain changes what is said, and nothing that is allowed" {
  record shop
  policy -o json > plain
  for how in none comments annotations; do
    want 0 policy --explain $how -o json
    diff <(specs plain) <(specs out)
    want 0 policy --explain $how
    "$abs_top_builddir/tests/unit/policy/check_published" out
  done
}

@test "comments are yaml's; without them no line is one" {
  record shop
  policy > out
  grep -q '^ *# Deployment/web: 45 connections, via api.shop:80$' out
  for how in none annotations; do
    policy --explain $how > out
    not grep '#' out
  done
  policy -o json > out
  not grep '#' out
}

@test "annotations say of each peer in a line of its own what the comments say" {
  record shop
  want 0 policy --explain annotations -o json
  [ "$(jq '.items | length' out)" -eq "$(jq '[.items[].metadata.annotations["netpol/evidence"]] | length' out)" ]
  jq -r '.items[].metadata.annotations["netpol/evidence"]' out > lines
  grep -q '^ingress from app=web, TCP 8080: Deployment/web: 45 connections, via api.shop:80; seen 2026' lines
  peers=$(jq '[.items[].spec | (.ingress[].from[], .egress[].to[])] | length' out)
  [ "$(grep -c '^[ie][ng]' lines)" -eq "$peers" ]
}

@test "what is wider than what was seen is annotated, explained or not" {
  record shop
  for how in none comments annotations; do
    policy --explain $how -o json > out
    same '{"api-netpol":false,"db-netpol":true,"web-netpol":true}' \
      "$(jq -c '.items | map({(.metadata.name): (.metadata.annotations["netpol/wider"] // "" | test("DNS, not all of which was seen"))}) | add' out)"
    [ "$(grep -c '"netpol/evidence"' out)" -eq "$([ $how = annotations ] && echo 3 || echo 0)" ]
  done
  policy --exact -o json > out
  jq -e 'all(.items[].metadata; .annotations // {} | has("netpol/wider") | not)' out
}

@test "--canary narrows every subject, and no peer" {
  record shop
  for kind in networkpolicy calico-staged; do
    policy --for $kind -o json > all
    want 0 policy --for $kind --canary netpol.example/canary=yes --default-deny -o json
    jq -e 'all(.items[].spec.podSelector.matchLabels; .["netpol.example/canary"] == "yes")' out
    jq 'del(.items[] | select(.metadata.name == "default-deny")) | del(.items[].spec.podSelector.matchLabels["netpol.example/canary"])' out > without
    diff <(specs all) <(specs without)
  done
  policy --for cilium --canary netpol.example/canary=yes -o json > out
  jq -e 'all(.items[].spec.endpointSelector.matchLabels; .["netpol.example/canary"] == "yes")' out
  [ "$(grep -c netpol.example/canary out)" -eq "$(jq '.items | length' out)" ]
}

@test "a workload that has another value already gets no canary, and a warning" {
  record shop
  want 0 policy --canary app=web -o json
  same '["web-netpol"]' "$(jq -c '[.items[].metadata.name]' out)"
  said 'Deployment/api in shop: no policy: it selects pods with app=api, and none of them can be a canary with app=web'
  want 1 policy --canary app=web --strict
}

@test "what is no label is no canary" {
  for label in '' a =b a/=b a=b=c 'a=b c' "a=$(printf 'x%.0s' {1..64})"; do
    want 2 "$report" policy --canary "$label"
    said "--canary '$label': expected a label"
  done
}

@test "cilium: nodes, the API server and the world are entities, and no address of theirs is left" {
  on_cilium
  db=cilium.db
  want 0 policy --for cilium -o json
  same '["host","kube-apiserver","remote-node","world"]' \
    "$(jq -c '[.items[].spec | (.ingress[].fromEntities, .egress[].toEntities) | select(.)[]] | unique' out)"
  not grep -F 192.0.2.1 out
  jq -r '.items[].metadata.annotations["netpol/wider"]' out > wider
  grep -q '^ingress from the nodes, TCP 9100: an entity in place of its addresses$' wider
  grep -q '^egress to the API server, TCP 6443: .*an entity in place of its addresses$' wider
  grep -q '^ingress from the world, TCP 80: clients that were not seen; an entity in place of its addresses$' wider
  not said 'policyCIDRMatchMode'
}

@test "cilium: pods on the network of their node are nodes" {
  record host-network-aborts-the-run
  db=host-network-aborts-the-run.db
  want 0 policy -o json
  grep -F '"cidr"' out
  want 0 policy --for cilium -o json
  not grep -F '"cidr"' out
  grep -F '"remote-node"' out
}

@test "on Cilium a node's address is warned of, with what names it" {
  on_cilium
  db=cilium.db
  want 0 policy
  said 'Pod/web in shop: nodes or the API server are peers by their addresses, where Cilium does not look for them unless its policyCIDRMatchMode has nodes: --for cilium has entities in their place'
  want 0 policy --for cilium --exact
  said 'without --exact they are entities'
  want 0 policy --for cilium
  not said 'policyCIDRMatchMode'
  record node-and-external
  db=node-and-external.db want 0 policy
  not said 'policyCIDRMatchMode'
  db=node-and-external.db want 0 policy --for cilium --exact
  said 'without --exact they are entities'
}

@test "on Cilium a pod's address is warned of, and is in no policy of Cilium's" {
  on_cilium unknown-labels
  db=cilium.db
  want 0 policy --include unlabelled
  said 'Pod/web in shop: pods are peers by their addresses, where Cilium does not look for pods that it manages'
  want 0 policy
  not said 'does not look for pods'
  want 0 policy --for cilium --include unlabelled
  said 'Pod/web in shop: no CiliumNetworkPolicy: pods are peers by their addresses'
  not grep -q CIDRSet out
  want 0 policy --for cilium
  not said 'no CiliumNetworkPolicy'
}

@test "cilium: what was asked of own nodes alone is the host, and of others, too, all nodes" {
  record agent-on-own-node
  db=agent-on-own-node.db
  want 0 policy --for cilium -o json
  same '[["8125",["host"]],["8126",["host"]],["10250",["host","remote-node"]]]' \
    "$(jq -c '[.items[].spec.egress[] | select(.toEntities) | .toEntities as $who | .toPorts[].ports[] | [.port, $who]]
      | sort_by(.[0] | tonumber)' out)"
}
