#!/usr/bin/env bats
# policy: what is said of what the policies allow, and which directions they have.

load cli.bash

policy() {
  "$report" policy --db shop.db --inventory inventory.yaml "$@"
}

seen='of what was seen from 2026-01-31T12:01:00Z to 2026-01-31T12:02:40Z'

# names: of the policies in the JSON in out.
names() {
  jq -r '.items[].metadata | .namespace + "/" + .name' out
}

@test "the head of the list says what is allowed and what is left out" {
  record shop
  want 0 policy
  same "# 105 connections on 7 edges are allowed, $seen
# left out: 1 edge (2 connections) denied; used with --include denied
apiVersion: v1" "$(head -n 3 out)"
  ! grep -F 'are allowed' err
}

@test "where there are no comments it is said beside the list, and is no problem" {
  record remote-pod
  want 0 "$report" policy --db remote-pod.db --inventory inventory.yaml -o json --strict
  jq -e '.kind == "List"' out
  [ "$(grep -c ' are allowed' err)" -eq 1 ]
  want 0 "$report" policy --db remote-pod.db --inventory inventory.yaml --explain none --strict
  [ "$(head -n 1 out)" = 'apiVersion: v1' ]
  [ "$(grep -c '^netpol-report: note: .* are allowed' err)" -eq 1 ]
}

@test "--include brings in what is left out, for that reason alone" {
  record shop
  want 0 policy --include refused
  grep -qxF '# left out: 1 edge (2 connections) denied; used with --include denied' out
  want 0 policy --include denied
  [ "$(head -n 2 out | tail -n 1)" = 'apiVersion: v1' ]
  [ "$(head -n 1 out)" = "# 107 connections on 8 edges are allowed, $seen" ]
}

@test "--min-connections leaves out what is rare" {
  record shop
  want 0 policy --min-connections 10
  grep -q '^# left out: .* with too few connections$' out
  want 0 policy --min-connections 20 -o json
  same '["8080/TCP"]' "$(jq -c '[.items[] | select(.metadata.name == "api-netpol").spec.ingress[].ports[] | "\(.port)/\(.protocol)"]' out)"
  ! names | grep -q db-netpol
}

@test "--direction gives one policy type, and rules of that direction alone" {
  record shop
  want 0 policy --direction egress -o json
  jq -e '.items | length > 0 and all(.[].spec; .policyTypes == ["Egress"] and has("egress") and (has("ingress") | not))' out
  want 0 policy --direction ingress -o json
  jq -e '.items | length > 0 and all(.[].spec; .policyTypes == ["Ingress"] and (has("egress") | not))' out
  said '54 connections on 4 edges are allowed'
  said '3 edges (51 connections) of the other direction'
}

@test "--default-deny isolates the namespaces that have a policy, and says whom it cuts off" {
  record shop
  want 0 policy --default-deny -n shop -o json
  same "$(printf 'shop/%s\n' api-netpol db-netpol default-deny web-netpol)" "$(names)"
  jq -e '.items[2].spec | .podSelector.matchLabels // {} | . == {}' out
  jq -e '.items[2].spec | del(.podSelector) == {"policyTypes": ["Ingress", "Egress"], "ingress": [], "egress": []}' out
  want 0 policy --default-deny --workload deploy/web --direction egress -o json
  same "$(printf 'shop/%s\n' default-deny web-netpol)" "$(names)"
  said 'namespace shop: default-deny cuts off those without a policy, from DNS as well: Deployment/api, StatefulSet/db'
}
