#!/usr/bin/env bats
# Evidence in, answers out, byte for byte. Each case is a directory beside this file; see golden.bash.

load golden.bash

setup() {
  unset NETPOL_DB
  export LC_ALL=C
  report=$abs_top_builddir/netpol-report
  golden=$abs_top_srcdir/tests/golden
  cd "$BATS_TEST_TMPDIR"
}

compare() {
  local file=$1 case=$2
  answer "$file" > "actual-$file" || {
    echo "$case: the command for $file failed"
    cat "actual-$file"
    return 1
  }
  diff -u --label "$case/$file" --label "now" "$golden/$case/$file" "actual-$file"
}

# mutants: those of the case at hand, from its policies.
mutants() {
  ask edges json > edges 2>/dev/null
  ask pods json > pods 2>/dev/null
  jq -cn --slurpfile policies policies --slurpfile edges edges --slurpfile pods pods \
    '{policies: $policies[0], edges: $edges[0], pods: $pods[0]}' | jq -cf "$golden/mutate.jq"
}

# proved CASE: the policies generated deny nothing that worked, and leave nothing in doubt, but for what unproved() has; and
# each mutant of them denies what it must.
proved() {
  ask policy json > policies 2>/dev/null
  if [ "$(jq '.items | length' policies)" -eq 0 ]; then
    ask verify json --with-generated > verified 2>/dev/null || [ $? -eq 2 ]
    [ ! -s verified ]
    return
  fi
  ask verify json --with-generated > verified 2>/dev/null || [ $? -eq 1 ]
  diff -u --label "what $1 may leave unproved" --label "what is not proved" <(unproved "$1") <(jq -r '("denied", "unknown") as $list
    | .[$list][] | [$list, .subject, .direction, .peer, .protocol, .port] | map(tostring) | join("|")' verified | sort) || return 1
  mutants > mutants
  [ -s mutants ]
  jq -c .list mutants | while IFS= read -r list; do
    ask verify json -f - <<< "$list" 2>/dev/null || [ $? -eq 1 ]
  done > answers
  jq -en --slurpfile mutants mutants --slurpfile answers answers '
    [$mutants, $answers] | transpose | map(. as [$mutant, $answer] |
      ($mutant.expected - ($answer.denied | map({subject, direction, protocol, port}))) | select(. != [])
      | [$mutant.kind, .]) | if . == [] then true else ., false end'
}

# check CASE: compares each of its expected files; shows all that differ.
check() {
  local case=$1 file failed=0
  prepare "$golden/$case"
  [ -n "$(expected "$golden/$case")" ]
  for file in $(expected "$golden/$case"); do
    compare "$file" "$case" || failed=1
  done
  if [ ! -e "$golden/$case/problems.txt" ]; then
    answer problems.txt > actual-problems.txt
    diff -u --label "$case has no problems.txt" --label "now" /dev/null actual-problems.txt || failed=1
  fi
  proved "$case" || failed=1
  return $failed
}

@test "every directory is a case with a test of its own, and every test has its directory" {
  diff <(cd "$golden" && ls -d */ | tr -d / | sort) <(sed -n 's/^  check \([a-z0-9-]*\)$/\1/p' "$golden/golden.bats" | sort)
}

@test "a rule, a port, a peer and a namespace are changed, in both directions, and that is caught" {
  prepare "$golden/two-nodes"
  ask policy json > policies 2>/dev/null
  mutants > made
  diff <(printf '%s\n' namespace peer port rule) <(jq -r .kind made | sort)
  jq -es 'map(select([.expected[].direction] | unique | length == 2)) | length == 4' made
  proved two-nodes
}

@test "the order in which flows were written does not matter" {
  for case in "$golden"/*/; do
    echo "$case"
    prepare "$case"
    { grep -v '"type":"flow"' "$case/evidence.jsonl"; grep '"type":"flow"' "$case/evidence.jsonl" | tac; } > backward
    rm golden.db
    "$report" import --into golden.db backward
    for file in $(expected "$case"); do
      [[ $file == flows.* ]] || diff -u "$case/$file" <(answer "$file")
    done
  done
}

@test "nodes in one file and in several give the same answers" {
  for case in several-nodes two-nodes changed-hands clock-skew masqueraded-clients verdicts-of-two-nodes; do
    echo "$case"
    prepare "$golden/$case"
    databases=()
    for node in n1 n2 n3; do
      "$report" flows --db golden.db --node "$node" --format jsonl 2>/dev/null | "$report" import --into "$case-$node.db" -
      databases+=(--db "$case-$node.db")
    done
    for command in edges denied pods; do
      diff -u <("$report" --db golden.db "$command" --inventory inventory.yaml --format json 2>&1) \
        <("$report" "${databases[@]}" "$command" --inventory inventory.yaml --format json 2>&1)
    done
    diff -u <("$report" --db golden.db policy --inventory inventory.yaml 2>&1) \
      <("$report" "${databases[@]}" policy --inventory inventory.yaml 2>&1)
    diff -u <("$report" --db golden.db status --inventory inventory.yaml | sed '/^store  /d') \
      <("$report" "${databases[@]}" status --inventory inventory.yaml | sed '/^store  /d')
  done
}

@test "shop: replicas behind a service address, their database, DNS on another node, and an intruder who is denied" {
  check shop
}

@test "ambiguous-address: what two pods had at once belongs to neither" {
  check ambiguous-address
}

@test "remote-pod: a peer that only the inventory knows" {
  check remote-pod
}

@test "two-nodes: both ends of a connection get their policies" {
  check two-nodes
}

@test "node-and-external: nodes, the API server, metadata and the world are blocks of one address, IPv6 too" {
  check node-and-external
}

@test "source-nat: ingress names the client as the pod saw it" {
  check source-nat
}

@test "unknown-labels: neither subjects nor peers without labels are guessed" {
  check unknown-labels
}

@test "dns-named-port: an unseen resolver's ports by the names of its containers' ports" {
  check dns-named-port
}

@test "icmp-and-portless: SCTP has a port, the rest is left out and named" {
  check icmp-and-portless
}

@test "uncertain-direction: what was picked up in mid-stream is in no policy" {
  check uncertain-direction
}

@test "same-selector: workloads that no label tells apart share a policy" {
  check same-selector
}

@test "yaml-strings: labels that YAML 1.1 takes for something else are quoted" {
  check yaml-strings
}

@test "service-without-endpoints: the cause of a denial" {
  check service-without-endpoints
}

@test "folded-external: a prefix that stands for many addresses is a block, and nobody in particular; with the cluster's own in it, none" {
  check folded-external
}

@test "several-nodes: a connection between nodes counts once, and each end's policy has what its node saw" {
  check several-nodes
}

@test "changed-hands: windows tell whose an address was while an edge lasted" {
  check changed-hands
}

@test "classes: what a peer is, and how that is known" {
  check classes
}

@test "mesh: what proxies hide is said once" {
  check mesh
}

@test "dataplane: what each node hides, what it hid before, and what nobody knows" {
  check dataplane
}

@test "node-port: behind a node that others came in by nobody is known" {
  check node-port
}

# facts LINE...: what a node n tells beside that all is seen
facts() {
  {
    echo '{"type":"header","version":1,"node":"n","from":"2026-01-31T12:00:00Z","until":"2026-01-31T14:00:00Z"}'
    for aspect in same-node cross-node service external denied; do
      printf '{"type":"fact","node":"n","name":"dataplane.%s","value":"yes","since":"2026-01-31T12:00:00Z"}\n' "$aspect"
    done
    printf '{"type":"fact","node":"n","name":"dataplane.%s","value":"%s","since":"2026-01-31T12:00:00Z"}\n' "$@"
  } > facts.jsonl
  rm -f facts.db
  "$report" import --into facts.db facts.jsonl
}

complete() {
  "$report" status --db facts.db "$@" | sed -n 's/^complete *//p'
}

@test "a record is complete where all is seen; as far as is known where that is not; and not where anything is hidden" {
  facts same-node yes
  [ "$(complete)" = yes ]
  facts denied partly:\ reason
  [ "$(complete)" = yes ]
  facts external unknown:\ reason
  [ "$(complete)" = 'yes, as far as is known' ]
  [ "$("$report" status --db facts.db -o json | jq .complete)" = true ]
  facts denied no:\ reason
  [ "$(complete)" = no ]
  [ "$("$report" status --db facts.db -o json | jq .complete)" = false ]
  facts external unknown:\ reason denied no:\ reason
  [ "$(complete)" = no ]
}

@test "what was hidden before counts up to its own end, and what was hidden in part up to its own" {
  facts was.no.same-node '2026-01-31T12:30:00Z worst' was.partly.same-node '2026-01-31T13:00:00Z less'
  was() {
    "$report" status --db facts.db "$@" -o json | jq -c '.dataplane[0].same_node.was | [.seen, .until, .reason]'
  }
  [ "$(was)" = '["no","2026-01-31T12:30:00Z","worst"]' ]
  [ "$(complete)" = no ]
  [ "$(was --since 2026-01-31T12:30:00Z)" = '["partly","2026-01-31T13:00:00Z","less"]' ]
  [ "$(complete --since 2026-01-31T12:30:00Z)" = yes ]
  [ "$(was --since 2026-01-31T13:00:00Z)" = '[null,null,null]' ]
}

@test "labels-recorded: with the labels of the container runtime no inventory is needed" {
  check labels-recorded
}

@test "volatile-by-change: what changed on one pod is no selector in its namespace" {
  check volatile-by-change
}

@test "custom-owner: what makes pods anew for each revision or run, of any kind" {
  check custom-owner
}

@test "contradiction: a pod whose sources do not agree gives no policy and no peer" {
  check contradiction
}

@test "contradiction-at-the-destination: what its own node cannot say of a pod the client's clock does not" {
  check contradiction-at-the-destination
}

@test "clock-skew: whose an address was at a handover is what its own node says" {
  check clock-skew
}

@test "handover-in-one-window: pods that one of the nodes tells apart, at either end" {
  check handover-in-one-window
}

@test "masqueraded-clients: those behind one address stay apart, whatever they asked" {
  check masqueraded-clients
}

@test "denied-after-gap: what was denied is denied, and no more" {
  check denied-after-gap
}

@test "gaps-on-both-sides: who has more has missed less" {
  check gaps-on-both-sides
}

@test "deleted-at-the-destination: the beginning is with the node that still has it" {
  check deleted-at-the-destination
}

@test "verdicts-of-two-nodes: each connection once, as the node has it that knows more" {
  check verdicts-of-two-nodes
}

@test "direction-of-two-nodes: who saw a connection begin tells who has not" {
  check direction-of-two-nodes
}

@test "moved-node-address: an address is of the node that had it then, and of none where none had" {
  check moved-node-address
}

@test "inventory-pod-in-time: a pod of the inventory had its address since it started" {
  check inventory-pod-in-time
}

@test "stored-objects-in-time: what a node stored of pods binds their addresses for as long as it was so" {
  check stored-objects-in-time
}

@test "further-networks: what the inventory tells of them carries no policy, and they are each node's own" {
  check further-networks
}

@test "link-local-egress: an address that pods of each node have is the one of the node that saw it" {
  check link-local-egress
}

@test "known-networks: published ranges stand for their addresses, but those with an address of the cluster" {
  check known-networks
}

@test "external-ingress: what clients outside reached is open to all of them; private ones that come straight stay" {
  check external-ingress
}

@test "load-balancer-reaches-pods-straight: its own addresses change, so its port is open; of others at a service a note tells" {
  check load-balancer-reaches-pods-straight
}

@test "pools-in-time: one that was deleted is the cluster's own as long as anything was seen while it was there" {
  check pools-in-time
}

@test "learned-cidr: or to the blocks of those that were seen" {
  check learned-cidr
}

# What users of other generators complained of: each case is named after it, its title says what is done here, and a thread or
# the program of which it is told.

@test "service-port-instead-of-target-port: the port that the pods listen on (kubescape/node-agent#943)" {
  check service-port-instead-of-target-port
}

@test "service-ports: for plugins that look before translation, and the address with them (cloudnativelabs/kube-router#905)" {
  check service-ports
}

@test "selectors-pinned-to-a-replica: revisions, replicas, runs, places and versions are no selectors (kubescape/node-agent#942)" {
  check selectors-pinned-to-a-replica
}

@test "labels-that-drift: what replicas have in common is one peer and one policy (inspektor-gadget/inspektor-gadget)" {
  check labels-that-drift
}

@test "empty-selector-after-filtering: no label that is left means no policy and no peer, never all pods (kubescape/storage)" {
  check empty-selector-after-filtering
}

@test "workloads-must-be-restarted: what was open before the record began is in it (kubescape/kubescape#1823)" {
  check workloads-must-be-restarted
}

@test "nothing-is-generated: a problem says why, and what to supply (kubescape/kubescape#1751, #1861)" {
  check nothing-is-generated
}

@test "dns-blocked-by-the-result: those who answer, at their own port, for all (inspektor-gadget/inspektor-gadget#5338)" {
  check dns-blocked-by-the-result
}

@test "dns-not-observed: the usual DNS pods are assumed, and a note says so (otterize/intents-operator#428)" {
  check dns-not-observed
}

@test "resolver: its own policy lets in all who may ask it (otterize/intents-operator#386)" {
  check resolver
}

@test "node-local-dns: a cache on the node that was seen is allowed to all, beside the resolver" {
  check node-local-dns
}

@test "node-local-dns-not-seen: a cache whose traffic nobody tracks is allowed to all, where the inventory has it" {
  check node-local-dns-not-seen
}

@test "dns-upstream: whom the resolver asks is its own affair, though nobody was seen to ask it" {
  check dns-upstream
}

@test "resolver-of-nodes: its policy lets in all nodes, of which one was seen to ask it" {
  check resolver-of-nodes
}

@test "host-network-aborts-the-run: such pods are the node; they get no policy, and a note says why (inspektor-gadget/inspektor-gadget#5300)" {
  check host-network-aborts-the-run
}

@test "api-server-as-cluster-ip: what is behind the service; as a client it is its node (kubescape/helm-charts#762)" {
  check api-server-as-cluster-ip
}

@test "node-peers-left-out: they are addresses, the own one where others were seen, as pods move (projectcalico/calico#13249)" {
  check node-peers-left-out
}

@test "kubelet-probes-blocked: the own node needs no rule, and what is left out so is counted (cloudnativelabs/kube-router#1017)" {
  check kubelet-probes-blocked
}

@test "agent-on-own-node: what a pod asks of its own node is a peer, as plugins hold it to policy; for Cilium the host" {
  check agent-on-own-node
}

@test "api-server-in-three-places: one answered, and the others of its EndpointSlice are allowed, too" {
  check api-server-in-three-places
}

@test "clients-behind-their-node: the pod sees the node; the client and the other nodes are allowed beside it" {
  check clients-behind-their-node
}

@test "led-to-itself: a service that led its own pod to itself leads it to another replica tomorrow" {
  check led-to-itself
}

@test "dead-pods-shown-as-external: what a replica did that is gone counts for its workload (stackrox/stackrox#8782)" {
  check dead-pods-shown-as-external
}

@test "wrong-owner-after-reuse: an address that moved gives each pod its own edges (otterize/network-mapper#120)" {
  check wrong-owner-after-reuse
}

@test "lost-events: status is not complete, and policy warns (cilium/cilium#15112, inspektor-gadget/inspektor-gadget#2011)" {
  check lost-events
}

@test "short-history: a store that held its limit says so, and policy warns (cilium/hubble#1737)" {
  check short-history
}

@test "policies-too-big: replicas are one peer, and peers at the same ports share a rule (inspektor-gadget/inspektor-gadget#373)" {
  check policies-too-big
}

@test "ip-explosion: many addresses outside become blocks, none of which has an address of the cluster (kubescape/node-agent#861)" {
  check ip-explosion
}

@test "too-many-blocks: the direction is withheld" {
  check too-many-blocks
}

@test "try-before-enforce: policies for the pods with one more label only (cilium/cilium#9580)" {
  check try-before-enforce
}

@test "other-formats: the same policies as objects of other APIs (kubescape/kubescape#2437, cilium/hubble#1376)" {
  check other-formats
}

@test "tcp-and-udp-on-one-port: one does not hide the other (inspektor-gadget/inspektor-gadget)" {
  check tcp-and-udp-on-one-port
}

@test "one-external-address-left: each address with its ports and protocols (antrea-io/theia)" {
  check one-external-address-left
}

@test "namespace-by-its-label-name: the label that the API server sets is what tells namespaces (antrea-io/theia)" {
  check namespace-by-its-label-name
}

@test "random-names: revisions and runs keep the name of what makes them (antrea-io/theia)" {
  check random-names
}

@test "sctp-is-unknown: it is a protocol of the API (antrea-io/theia)" {
  check sctp-is-unknown
}

@test "ipv6-as-32: one address has as many bits as its family (kubescape/storage)" {
  check ipv6-as-32
}

@test "service-without-selector: who answered behind it; its own address where nobody is known to (kubescape/node-agent)" {
  check service-without-selector
}

@test "udp-above-1023: any port; statsd is allowed, and the comment says that nobody answered (kubescape/node-agent)" {
  check udp-above-1023
}

@test "equal-workload-names: namespace and kind tell them apart, in names and peers" {
  check equal-workload-names
}

@test "policy-without-protocol: it is always there, and the port is the one that was used (accuknox/discovery-engine#666)" {
  check policy-without-protocol
}

@test "refused-and-unanswered: what did not work is in edges and in no policy (accuknox/discovery-engine#281)" {
  check refused-and-unanswered
}

# What the options of policy change.

@test "exact: nothing but what was seen" {
  check exact
}

@test "direction: only the one that was asked for, and the other stays free" {
  check direction
}

@test "include: what was refused, and the own node, are allowed where that is asked for, and marked" {
  check include
}

@test "min-connections: what was rarer is left out and counted" {
  check min-connections
}

@test "ranges: more neighbouring ports than the threshold, protocol by protocol" {
  check ranges
}

@test "default-deny: for each namespace with a policy, and who is cut off is named" {
  check default-deny
}

@test "ready-only: workloads of which too little is known get no policy yet" {
  check ready-only
}

@test "partial: pods on a node without a record are missed in both directions" {
  check partial
}
