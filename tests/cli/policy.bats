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
  same "# 105 connections on 7 edges are allowed
# $seen
# left out: 1 edge (2 connections) denied; used with --include denied
apiVersion: v1" "$(head -n 4 out)"
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
  same "# 107 connections on 8 edges are allowed
# $seen
apiVersion: v1" "$(head -n 3 out)"
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
  same "$(printf 'shop/%s\n' api-netpol db-netpol web-netpol default-deny)" "$(names)"
  jq -e '.items[3].spec == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [], "egress": []}' out
  want 0 policy --default-deny --workload deploy/web --direction egress -o json
  same "$(printf 'shop/%s\n' web-netpol default-deny)" "$(names)"
  said 'namespace shop: default-deny cuts off those without a policy, from DNS as well: Deployment/api, StatefulSet/db'
}

@test "a workload with pods where nothing is recorded has a partial policy, and none with --strict" {
  record shop
  cat > more.yaml <<'YAML'
kind: Pod
metadata:
  namespace: shop
  name: web-6b5f8d7c9-aaaaa
  labels: {app: web, pod-template-hash: 6b5f8d7c9}
  ownerReferences: [{kind: ReplicaSet, name: web-6b5f8d7c9, controller: true}]
spec: {nodeName: n9}
status: {phase: Running, podIP: 10.244.9.9}
YAML
  want 0 policy --inventory more.yaml -o json
  said 'Deployment/web in shop: its policy is partial: 1 of 2 pods is on nodes without a record here (n9)'
  jq -e '.items[] | select(.metadata.name == "web-netpol").metadata.annotations["netpol/partial"] | contains("n9")' out
  want 1 policy --inventory more.yaml -o json --strict
  said 'Deployment/web in shop: no policy, as it would be partial: 1 of 2 pods'
  same "$(printf 'shop/%s\n' api-netpol db-netpol)" "$(names | grep ^shop)"
}

# counted FILE: "EDGES CONNECTIONS" that are allowed or left out, by the head of a list.
counted() {
  sed '/^apiVersion/q' "$1" | tr -d ',(' | awk '
    / allowed/ { connections = $2; edges = $5 }
    /^# left out/ { edges += $4; connections += $6 }
    END { print edges, connections }'
}

@test "every edge with a pod is allowed or left out, and every connection once" {
  for case in classes direction-of-two-nodes lost-events several-nodes source-nat two-nodes uncertain-direction verdicts-of-two-nodes; do
    echo "$case"
    rm -f inventory.yaml
    record "$case"
    [ -e inventory.yaml ] || echo '{kind: List, items: []}' > inventory.yaml
    want 0 "$report" policy --db "$case.db" --inventory inventory.yaml
    same "$("$report" edges --db "$case.db" --inventory inventory.yaml -o json |
      jq -r '[.[] | select(.from.kind == "pod" or .to.kind == "pod")] | "\(length) \(map(.connections) | add)"')" \
      "$(counted out)"
  done
}

@test "what a node hides in the same way is told together, for both directions at once" {
  record shop
  fact='{"type":"fact","node":"node-a","name":"dataplane.%s","value":"%s","since":"2026-01-31T12:00:00Z"}\n'
  node=$(jq -r 'select(.type == "header").node' "$golden/shop/evidence.jsonl" | head -n 1)
  {
    cat "$golden/shop/evidence.jsonl"
    printf "${fact/node-a/$node}" same-node 'no: eBPF' cross-node 'yes: ' service 'no: eBPF' external 'partly: offload'
  } | "$report" import --into hidden.db -
  want 0 "$report" policy --db hidden.db --inventory inventory.yaml
  hidden="hidden on $node: connections between pods of this node, through service addresses (eBPF)"
  hidden+='; connections with what is no pod, partly (offload)'
  said "Deployment/web in shop: its policy is partial: $hidden"
  # The comment goes on in lines that are indented.
  sed -z 's/\n#   / /g' out | grep -qxF "# ingress and egress are partial: $hidden"
}

@test "many gaps of a node are one problem for each source of losses, and push out no other" {
  {
    cat "$golden/partial/evidence.jsonl"
    jq -nc --arg day 2026-01-31T12: '
      def gap($node; $source; $at; $length): ($day + ("0\($at)" | .[-2:])) as $minute |
        {type: "gap", node: $node, source: $source, from: "\($minute):00Z", until: "\($minute):\($length)Z", reason: "it was full",
          at_most: 2};
      (range(40) | gap("n1"; "conntrack"; .; 10)), gap("n1"; "conntrack"; 50; 30),
      gap("n1"; "log"; 5; 11), (range(3) | gap("n3"; "log"; .; 10))'
    echo '{"type":"header","version":1,"node":"n3","from":"2026-01-31T12:00:00Z","until":"2026-01-31T14:00:00Z"}'
  } | jq -sc 'sort_by(.type != "header")[]' | "$report" import --into gaps.db -
  want 0 "$report" policy --db gaps.db --inventory "$golden/partial/inventory.yaml"
  said 'evidence of n1: 41 conntrack gaps, 7m 10s together, at most 82 events; the longest from 2026-01-31T12:50:00Z to 2026-01-31T12:50:30Z: it was full'
  said 'evidence of n1: log gap from 2026-01-31T12:05:00Z to 2026-01-31T12:05:11Z: it was full (at most 2)'
  said 'Deployment/api in shop: its policy is partial'
  same 3 "$(grep -c 'evidence of n3: log gap from' err)"
  same 5 "$(grep -c 'evidence of' err)"
}

@test "a direction that is withheld is told in the policy itself, whatever is explained" {
  record too-many-blocks
  limits="--inventory inventory.yaml --block-threshold 2 --max-blocks 4"
  text='one of its ports needs more blocks outside of the cluster than --max-blocks 4'
  want 0 "$report" policy --db too-many-blocks.db $limits
  grep -qxF "# egress is withheld: $text" out
  for explain in none comments annotations; do
    want 0 "$report" policy --db too-many-blocks.db -o json --explain $explain $limits
    same "egress: $text" "$(jq -r '.items[0].metadata.annotations["netpol/withheld"]' out)"
  done
  want 0 "$report" policy --db too-many-blocks.db --direction ingress $limits
  ! grep withheld out
}

@test "a threshold of 1 is the least, and makes blocks wherever two addresses allow one" {
  record too-many-blocks
  sed 's/198.51.102.7/198.51.100.9/' "$golden/too-many-blocks/evidence.jsonl" | "$report" import --into near.db
  for db in too-many-blocks near; do
    want 0 "$report" policy --db $db.db --inventory inventory.yaml --block-threshold 1 -o json
    jq -r '.items[].spec.egress[].to[].ipBlock.cidr // empty' out > $db
  done
  same 6 "$(grep -c '/32$' too-many-blocks)"
  same 4 "$(grep -c '/32$' near)"
  same 198.51.100.0/28 "$(grep -v '/32$' near)"
  want 2 "$report" policy --db near.db --block-threshold 0
  said "--block-threshold '0': expected a number from 1"
}
