# Mutants of generated policies that must be caught: of each kind one line, {"kind", "list", "expected"}, in which each
# policy is changed once in each direction, and what that must deny: [{"subject", "direction", "protocol", "port"}].
# Input: {"policies": what `policy` printed, "edges": what `edges` printed, "pods": what `pods` printed}.
#
# What is changed must matter, by construction: an edge that worked needs a port that one rule alone of its subject's one
# policy and direction has, so without that rule, or that port of it, that side of the edge is denied; and so it is where
# the rule names one peer alone and that is made another. Not needed are what a pod says to itself or to its own node,
# what may run the other way, and what another node's record tells better (translated sources).

def direction_of($side): if $side == "from" then "egress" else "ingress" end;
def peer_end($side): if $side == "from" then "to" else "from" end;

def worked:
  (.verdict == "answered" or .verdict == "one-way") and .direction_certain and .port != null
  and (.protocol == "TCP" or .protocol == "UDP" or .protocol == "SCTP");

# Has it one end of a workload, and at the other nobody whom policies do not concern?
def counts($side):
  .[$side] as $subject | .[peer_end($side)] as $peer
  | $subject.kind == "pod" and $subject.workload != null and $peer.kind != "unknown"
  and ($side == "from" or .translated == null)
  and ([$subject.namespace, $subject.name] != [$peer.namespace, $peer.name])
  and ($peer.kind != "node" or $peer.name != $subject.node);

# The policies that are for the pod; none where its labels are not known.
def policies_for($policies; $pods):
  . as $subject
  | ($pods | map(select(.namespace == $subject.namespace and .name == $subject.name)) | .[0].labels) as $labels
  | select($labels != null)
  | [$policies.items | to_entries[]
     | select(.value.metadata.namespace == $subject.namespace)
     | select(.value.spec.podSelector.matchLabels | to_entries | all($labels[.key] == .value))];

def has_port($edge): .protocol == $edge.protocol and .port <= $edge.port and $edge.port <= (.endPort // .port);

# The places of the rules that have the port.
def rules_with($edge; $direction):
  [.spec[$direction] | to_entries[] | select(.value.ports | any(has_port($edge))) | .key];

# Each side of an edge that has one policy, and that one rule for it.
def needs($policies; $pods):
  . as $edge | ("from", "to") as $side
  | select(worked and counts($side))
  | ($edge[$side] | policies_for($policies; $pods)) as $own
  | select($own | length == 1)
  | direction_of($side) as $direction
  | ($own[0].value | rules_with($edge; $direction)) as $rules
  | select($rules | length == 1)
  | {at: $own[0].key, direction: $direction, rule: $rules[0],
     expected: {subject: ($edge[$side] | "\(.namespace)/\(.workload | split("/")[1])[\(.workload | split("/")[0])]"),
       direction: $direction, protocol: $edge.protocol, port: $edge.port}};

def another_peer:
  if .ipBlock then .ipBlock.cidr |= if contains(":") then "100::1/128" else "192.0.2.255/32" end
  else .podSelector = {matchLabels: {mutant: "yes"}} end;

def another_namespace: .namespaceSelector = {matchLabels: {"kubernetes.io/metadata.name": "elsewhere"}};

# One kind of change to the policy; nothing where it would not matter.
def mutate($kind; $need):
  ["spec", $need.direction, $need.rule] as $rule
  | (if $need.direction == "egress" then "to" else "from" end) as $peers
  | ($rule + [$peers, 0]) as $peer
  | if $kind == "rule" then delpaths([$rule])
    elif $kind == "port" then setpath($rule + ["ports"]; getpath($rule).ports
      | map(if has_port($need.expected) then {protocol, port: 1} else . end))
    elif getpath($rule)[$peers] | length > 1 then empty
    elif $kind == "peer" then setpath($peer; getpath($peer) | another_peer)
    elif getpath($peer).ipBlock then empty
    else setpath($peer; getpath($peer) | another_namespace) end;

.policies as $policies | .pods as $pods
| ([.edges[] | needs($policies; $pods)] | unique | group_by([.at, .direction]) | map(.[0])) as $needs
| ("rule", "port", "peer", "namespace") as $kind
| reduce $needs[] as $need ({kind: $kind, list: $policies, expected: []};
    ([.list.items[$need.at] | mutate($kind; $need)]) as $mutant
    | if $mutant == [] then . else .list.items[$need.at] = $mutant[0] | .expected += [$need.expected] end)
| select(.expected != [])
