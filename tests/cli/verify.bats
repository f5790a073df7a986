#!/usr/bin/env bats
# verify: the record against policies that somebody wrote, and those that would be generated.

load cli.bash

# policy NAME APP SPEC: a NetworkPolicy in shop, on one line.
policy() {
  printf -- '---\n{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {namespace: shop, name: %s}, ' "$1"
  printf 'spec: {podSelector: {matchLabels: {app: %s}}, %s}}\n' "$2" "$3"
}

from_web='ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 8080}]}]'

verify() {
  "$report" verify --db shop.db --inventory inventory.yaml "$@"
}

# found LIST: what verify's JSON in the file out has there, a line each.
found() {
  jq -r ".$1[] | [.subject, .direction, .policy, .peer, .protocol, .port, .connections] | join(\" \")" out
}

@test "without policies there is nothing to verify" {
  want 2 "$report" verify --db never.db
  silent out
  said 'nothing to verify: -f PATH or --with-generated is missing'
}

@test "files without a policy, and a record that gives none, are nothing to verify either" {
  record shop
  echo '{apiVersion: v1, kind: Namespace, metadata: {name: shop}}' > p.yaml
  want 2 verify -f p.yaml
  silent out
  said 'nothing to verify: there is no NetworkPolicy in what -f names'
  want 2 verify --with-generated -n nowhere
  said 'nothing to verify: there is no NetworkPolicy in what is generated'
  want 0 verify -f p.yaml --drift
}

@test "files without a policy are no warning beside policies that are generated" {
  record shop
  echo '{apiVersion: v1, kind: Namespace, metadata: {name: shop}}' > p.yaml
  want 0 verify -f p.yaml --with-generated
  not grep 'no NetworkPolicy is among them' err
}

@test "how policies are generated is refused where none are" {
  echo '{apiVersion: v1, kind: Namespace, metadata: {name: shop}}' > p.yaml
  want 2 "$report" verify --db never.db -f p.yaml --exact --min-connections 2
  silent out
  said '--exact is about policies that are generated: --with-generated is missing'
  want 3 "$report" verify --db never.db -f p.yaml --exact --with-generated
}

@test "standard input is one thing only" {
  want 2 "$report" verify --db never.db -f - --inventory -
  said '-f and --inventory cannot both be standard input'
}

@test "policies that allow what was answered pass" {
  record shop
  policy api api "$from_web" > p.yaml
  want 0 verify -f p.yaml -o json
  same true "$(jq .passed out)"
  same '{"edges":0,"connections":0}' "$(jq -c .sums.denied out)"
}

@test "what would be denied is told by workload, direction, policy, peer and port" {
  record shop
  policy api api "${from_web/8080/9090}" > p.yaml
  want 1 verify -f p.yaml -o json
  same "$(jq -r '.[] | select(.verdict == "answered" and .from.workload == "Deployment/web" and .to.workload == "Deployment/api")
    | .connections' <("$report" edges --db shop.db --inventory inventory.yaml -o json) | jq -s add)" \
    "$(jq '[.denied[].connections] | add' out)"
  same 'shop/api[Deployment] ingress shop/api shop/web[Deployment] TCP 8080' "$(found denied | cut -d' ' -f1-6)"
  same "$(jq .denied[0].file out)" '"p.yaml"'
  want 1 verify -f p.yaml
  grep -q '^would be denied:$' out
  grep -qE '^shop/api\[Deployment\] +ingress +shop/api +shop/web\[Deployment\] +TCP 8080 +[0-9]+ +2026-' out
}

@test "many addresses outside are one row of the table, and each its own in JSON and CSV" {
  for i in 1 2 3 4 5; do
    printf '{"type":"flow","node":"n1","from":{"address":"10.244.1.2"},"to":{"address":"203.0.113.%d"},"protocol":"TCP","port":%d,"connections":%d,"first_seen":"2026-01-31T12:0%d:00Z"}\n' \
      $i 443 $i $i $i 80 $((10 - i)) $i
  done > flows.jsonl
  {
    echo '{"type":"header","version":1,"node":"n1","from":"2026-01-31T12:00:00Z","until":"2026-01-31T14:00:00Z"}'
    echo '{"type":"pod","node":"n1","namespace":"shop","name":"web-1","labels":{"app":"web"},"addresses":[{"address":"10.244.1.2","from":"2026-01-31T12:00:00Z"}]}'
    cat flows.jsonl
  } > e.jsonl
  "$report" import --into many.db e.jsonl
  policy web web 'policyTypes: [Egress], egress: [{ports: [{port: 80}], to: [{ipBlock: {cidr: 203.0.113.3/32}}]}]' > p.yaml
  want 1 "$report" verify --db many.db -f p.yaml -o json
  same 9 "$(jq '.denied | length' out)"
  want 1 "$report" verify --db many.db -f p.yaml -o csv
  same 9 "$(grep -c ^denied, out)"
  want 1 "$report" verify --db many.db -f p.yaml
  sed -n '/^would be denied:/,/^$/p' out | sed -n 's/^shop\/web-1\[Pod\] *egress *shop\/web *\(.*[^ ]\)  *\(TCP [0-9]*\) *\([0-9]*\)  *\([^ ]*\).*/\1|\2|\3|\4/p' |
    sed 's/ *|/|/' > lines
  same '4 peers: 203.0.113.1, 203.0.113.2, 203.0.113.4, 1 more in --format csv|TCP 80|28|2026-01-31T12:05:00Z
5 peers: 203.0.113.5, 203.0.113.4, 203.0.113.3, 2 more in --format csv|TCP 443|15|2026-01-31T12:05:00Z' "$(cat lines)"
  want 1 "$report" verify --db many.db -f p.yaml --explain
  grep -q '5 peers: .* egress of shop/web-1\[Pod\]: isolated by' out
}

@test "every format tells the same" {
  record shop
  policy api api 'policyTypes: [Ingress]' > p.yaml
  want 1 verify -f p.yaml -o csv
  same 'FINDING,SUBJECT,DIRECTION,POLICY,RULE,PEER,PORT,CONNECTIONS,LAST SEEN,WHY' "$(head -n 1 out | tr -d '\r')"
  rows=$(grep -c ^denied, out)
  want 1 verify -f p.yaml -o json
  same "$rows" "$(jq '.denied | length' out)"
  want 1 verify -f p.yaml
  same "$rows" "$(sed -n '/^would be denied:/,/^$/p' out | grep -c ' ingress ')"
}

@test "what labels leave open is unknown, and fails unless it shall not" {
  record unknown-labels
  mv unknown-labels.db shop.db
  policy web web "ingress: [{from: [{podSelector: {matchLabels: {app: other}}}], ports: [{port: 80}]}]" > p.yaml
  want 1 verify -f p.yaml -o json
  same 0 "$(jq '.denied | length' out)"
  [ "$(jq '.unknown | length' out)" -gt 0 ]
  jq -e '.unknown | all(.why != null)' out
  want 0 verify -f p.yaml -o json --unknown allow
  want 2 verify -f p.yaml --unknown perhaps
  said "expected deny or allow"
}

@test "--explain names the policies that isolate, and the rules that name the peer, with file and line" {
  record shop
  { policy all api 'policyTypes: [Ingress]'; policy api api "${from_web/8080/9090}"; } > p.yaml
  want 1 verify -f p.yaml -o json --explain
  same '[{"policy":"shop/all","file":"p.yaml","line":2,"certain":true},{"policy":"shop/api","file":"p.yaml","line":4,"certain":true}]' \
    "$(jq -c .denied[0].because.ingress.isolated_by out)"
  same '["shop/api","spec.ingress[0]",["TCP 9090"]]' \
    "$(jq -c '.denied[0].because.ingress.allowed_by[] | [.policy, .rule, .ports]' out)"
  want 1 verify -f p.yaml --explain
  grep -qE 'p.yaml:2 +ingress of shop/api\[Deployment\]: isolated by shop/all \(p.yaml:2\), ' out
  want 1 verify -f p.yaml -o csv --explain
  head -n 1 out | tr -d '\r' | grep -q ',WHERE,BECAUSE$'
}

@test "what was denied and would be allowed is told" {
  record shop
  policy db db 'ingress: [{}]' > p.yaml
  want 0 verify -f p.yaml -o json
  same 'shop/db[StatefulSet] ingress shop/db TCP 5432' "$(found allowed_now | cut -d' ' -f1-3,5-6)"
  policy db db "${from_web/8080/5432}" > p.yaml
  want 1 verify -f p.yaml -o json
  same '' "$(found allowed_now)"
}

@test "what was denied and may be allowed is told apart, and not summed up" {
  record shop
  policy db db 'ingress: [{ports: [{port: postgres}]}]' > p.yaml
  want 0 "$report" verify --db shop.db --unknown allow -f p.yaml -o json
  same '[null]' "$(jq -c '[.allowed_now[].allowed]' out)"
  same 0 "$(jq .sums.allowed_now.edges out)"
  want 0 "$report" verify --db shop.db --unknown allow -f p.yaml
  grep -q '^was denied, and would be allowed or may be:$' out
  grep -qE ' TCP 5432 +unknown ' out
  want 0 "$report" verify --db shop.db --unknown allow -f p.yaml -o csv
  grep -q '^perhaps allowed now,' out
  policy db db 'ingress: [{}]' > p.yaml
  want 0 verify -f p.yaml -o json
  same '[true]' "$(jq -c '[.allowed_now[].allowed]' out)"
  same "$(jq '[.allowed_now[].edges] | add' out)" "$(jq .sums.allowed_now.edges out)"
}

@test "what is allowed and was never used is told, and what the record is worth for that" {
  record shop
  policy api api 'ingress: [{from: [{podSelector: {matchLabels: {app: web}}}, {ipBlock: {cidr: 203.0.113.0/24, except: [203.0.113.9/32]}}], ports: [{port: 8080}, {port: 9999, endPort: 10005}]}]' > p.yaml
  policy none none 'ingress: [{}]' >> p.yaml
  want 0 verify -f p.yaml -o json
  jq -r '.unused[] | [.policy, .rule, .peer, .port, .used, .why] | map(tostring) | join("|")' out > unused
  grep -qx 'shop/api|spec.ingress\[0\]|null|TCP 9999-10005|false|null' unused
  grep -qx 'shop/api|spec.ingress\[0\]|203.0.113.0/24 except 203.0.113.9/32|null|false|null' unused
  grep -qx 'shop/none|null|null|null|false|it selects no pod that is known' unused
  same 3 "$(wc -l < unused)"
  same true "$(jq .evidence.short out)"
  want 0 verify -f p.yaml
  grep -q 'too short to show what is done once a week' out
}

@test "what many policies have and nobody uses is one counted row of the table" {
  record shop
  for name in a b c d e; do
    policy "$name" api 'ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 8080}, {port: 53}]}]'
    policy "none-$name" "none-$name" 'ingress: [{}]'
  done > p.yaml
  policy f web "egress: [{to: [{podSelector: {matchLabels: {app: api}}}], ports: [{port: 54}]}, {}], policyTypes: [Egress]" >> p.yaml
  want 0 verify -f p.yaml
  sed -n '/^allowed, and never used:/,/^$/p' out > rows
  same '5 policies: shop/a, shop/b, shop/c, 2 more in --format csv TCP 53' "$(awk -F '  +' '/ 53 /{print $1, $4}' rows)"
  same 5 "$(grep -c '^shop/none-' rows)"
  same 1 "$(grep -c '^shop/f .*TCP 54' rows)"
  same 9 "$(grep -c . rows)"
  want 0 verify -f p.yaml -o csv
  same 11 "$(grep -c '^unused,' out)"
}

@test "what is there on purpose is told apart from what is not used, as long as it stays as it was generated" {
  record shop
  want 0 "$report" policy --db shop.db --inventory inventory.yaml -o json
  cp out made.json
  want 0 verify -f made.json -o json
  same 0 "$(jq '.unused_sums | .unused + .perhaps' out)"
  same "$(jq '.unused | length' out)" "$(jq .unused_sums.wider out)"
  same 2 "$(jq .unused_sums.wider out)"
  same '["DNS, not all of which was seen"]' "$(jq -c '[.unused[].wider] | unique' out)"
  same "$(jq -cS .unused_sums out)" "$(verify --with-generated -o json 2> /dev/null | jq -cS .unused_sums)"
  want 0 verify -f made.json
  grep -qx 'unused      0, and 2 allowed on purpose' out
  grep -qx 'allowed on purpose beyond what was seen, and never used:' out
  ! grep -x 'allowed, and never used:' out
  want 0 verify -f made.json -o csv
  same 2 "$(grep -c '^"unused, wider",' out)"
  # A label that is misspelt is named beside what it denies.
  jq '(.items[] | select(.metadata.name == "api-netpol").spec.ingress[0].from[0].podSelector.matchLabels.app) = "wbe"' made.json > misspelt.json
  want 1 verify -f misspelt.json -o json
  same '["pods app=wbe","it names no pod that is known"]' "$(jq -c '.unused[] | select(.policy == "shop/api-netpol" and .wider == null) | [.peer, .why]' out)"
  jq '(.items[] | select(.metadata.name == "db-netpol").spec.egress[0].ports) += [{"protocol": "TCP", "port": 5353}]' made.json > edited.json
  want 0 verify -f edited.json -o json
  same '["shop/db-netpol"]' "$(jq -c '[.unused[] | select(.wider == null).policy] | unique' out)"
  ! grep 'netpol/wider' err
  jq '(.items[] | select(.metadata.name == "db-netpol").metadata.annotations["netpol/wider"]) = "and 2 more"' made.json > cut.json
  want 0 verify -f cut.json
  said 'NetworkPolicy shop/db-netpol: annotation netpol/wider has no room for all that it would say'
}

@test "a forged word of what is there on purpose changes no verdict, and says nothing of its own" {
  record shop
  local wide='ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}, {namespaceSelector: {}}], ports: [{port: 1024, endPort: 9999}]}]'
  # forged WORDS: plain.yaml with these words for peers that it has, and for some that it has not.
  forged() {
    local peer lines=
    for peer in '0.0.0.0/0, TCP 1024-9999' 'all pods, TCP 1024-9999' '192.0.2.1/32, TCP 1'; do
      lines+="ingress from $peer: $1\\\\negress to $peer: $1\\\\n"
    done
    sed "s|name: [a-z]*|&, annotations: {netpol/wider: \"$lines\"}|" plain.yaml
  }
  { policy db db "$wide"; policy web web 'policyTypes: [Egress]'; } > plain.yaml
  forged 'clients that were not seen, and pods where ipBlock covers them' > words.yaml
  forged 'approved by the auditors' > approved.yaml
  grep -q 'annotations: {netpol/wider: "ingress from' approved.yaml
  want 1 verify -f plain.yaml -o json
  cp out plain.json
  same true "$(jq '.allowed_now | length > 0 and all(.[]; .allowed)' out)"
  same true "$(jq '.denied | length > 0' out)"
  for policy in words approved; do
    want 1 verify -f $policy.yaml -o json
    same "$(jq -c 'del(.unused, .unused_sums) | del(.. | .file?)' plain.json)" "$(jq -c 'del(.unused, .unused_sums) | del(.. | .file?)' out)"
    same "$(jq '.unused_sums | add' plain.json)" "$(jq '.unused_sums | add' out)"
    cp out $policy.json
  done
  same '["0.0.0.0/0"]' "$(jq -c '[.unused[] | select(.wider).peer]' words.json)"
  same "$(jq -c '.unused | map(del(.file))' plain.json)" "$(jq -c '.unused | map(del(.file))' approved.json)"
}

@test "gaps are warned of, as policy does, and told beside what was never used" {
  record lost-events
  want 0 "$report" verify --db lost-events.db --inventory inventory.yaml --with-generated
  grep -qE '^gaps +[0-9]+, and what was in ' out
  grep ' gap from ' err > mine
  "$report" policy --db lost-events.db --inventory inventory.yaml 2>&1 > generated | grep ' gap from ' | diff - mine
}

@test "a drift is judged by the gaps of its own time" {
  record lost-events
  policy all web 'ingress: [{}]' > p.yaml
  last=$("$report" status --db lost-events.db -o json | jq -r '[.. | .until? // empty] | max')
  want 0 "$report" verify --db lost-events.db --inventory inventory.yaml -f p.yaml --drift
  said ' gap from '
  want 0 "$report" verify --db lost-events.db --inventory inventory.yaml -f p.yaml --drift --since "$last"
  ! grep ' gap from ' err
}

@test "a time in which nothing was recorded proves nothing" {
  record shop
  policy api api "$from_web" > p.yaml
  want 0 verify -f p.yaml --since 2026-01-31T13:59:00Z --until 2026-01-31T14:00:00Z
  said 'evidence: nothing was recorded in this time: nothing is proved'
  grep -q '^evidence    none: nothing was recorded in this time$' out
  want 1 verify -f p.yaml --since 2026-01-31T13:59:00Z --until 2026-01-31T14:00:00Z --strict
  want 0 verify -f p.yaml
  ! grep 'nothing is proved' err
  grep -q '^evidence    from 2026-' out
  policy dns dns 'ingress: [{}]' > p.yaml
  want 0 verify -f p.yaml -n nowhere
  said 'evidence: nothing that is asked for worked in this time: nothing is proved'
}

@test "a node that was not heard of up to the end of the interval is told" {
  record shop
  policy all api 'ingress: [{}]' > p.yaml
  want 0 verify -f p.yaml --drift --since 1h
  silent out
  said 'warning: evidence of n1: last heard of at 2026-01-31T'
  said ', before the end of the interval'
  want 1 verify -f p.yaml --drift --since 1h --strict
  want 0 verify -f p.yaml --until 2026-02-01T00:00:00Z
  said 'evidence of n1: last heard of at '
  want 0 verify -f p.yaml
  ! grep 'last heard of' err
  want 0 verify -f p.yaml --until "$(sed -n 's/.*last heard of at \([^,]*\),.*/\1/p' <("$report" verify --db shop.db -f p.yaml --drift 2>&1) | head -n 1)"
  ! grep 'last heard of' err
}

@test "a policy that is for nobody, or for nobody who was recorded, is told" {
  record shop
  {
    policy none none 'policyTypes: [Ingress]'
    policy lost api 'policyTypes: [Ingress]' | sed 's/namespace: shop/namespace: shpo/'
    policy db db 'ingress: [{}]'
  } > p.yaml
  want 0 verify -f p.yaml -o json
  said 'NetworkPolicy shop/none: selects no pod that is known'
  said 'NetworkPolicy shpo/lost: selects no pod: no namespace shpo is known'
  ! grep 'NetworkPolicy shop/db' err
  want 0 verify -f p.yaml -n shop -o json
  said 'NetworkPolicy shpo/lost: selects no pod'
  same 2 "$(jq '[.unused[] | select(.why == "it selects no pod that is known")] | length' out)"
  record remote-pod
  pod=$("$report" pods --db remote-pod.db --inventory inventory.yaml -o json |
    jq -c '[.[] | select(.sources == ["inventory"] and .labels != null)][0]')
  jq -c '{apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: {namespace, name: "there"},
    spec: {podSelector: {matchLabels: .labels}, policyTypes: ["Ingress"]}}' <<< "$pod" > p.yaml
  want 0 "$report" verify --db remote-pod.db --inventory inventory.yaml -f p.yaml
  said "/there: none of the pods it selects was recorded on its own node: nothing is known of what it would deny"
}

@test "without an inventory, or labels, what is missing is told" {
  record shop
  policy api api "$from_web" > p.yaml
  "$report" verify --db shop.db -f p.yaml > out 2> err || [ $? -eq 1 ]
  said 'inventory: no object of the cluster is known: addresses of pods and nodes that were not recorded count as external; give'
  verify -f p.yaml > out 2> err
  ! grep 'count as external' err
  record unknown-labels
  want 0 "$report" verify --db unknown-labels.db --inventory inventory.yaml -f p.yaml
  grep -qE 'pods: of [0-9]+ of [0-9]+ the labels are not known; give' err
}

@test "--with-generated is what policy prints, with the same file and effect" {
  record shop
  "$report" policy --db shop.db --inventory inventory.yaml 2> problems > generated
  want 0 verify --with-generated -o json
  jq 'del(.policies) | .. |= if type == "object" then del(.file) else . end' out > mine
  same '{"given":0,"generated":3}' "$(jq -c .policies out)"
  want 0 verify -f generated -o json
  diff mine <(jq 'del(.policies) | .. |= if type == "object" then del(.file) else . end' out)
}

@test "a generated policy replaces one of the same name, and adds to the others" {
  record shop
  { policy api-netpol api 'policyTypes: [Ingress]'; policy mine api 'ingress: [{}]'; } > p.yaml
  want 0 verify -f p.yaml --with-generated -o json
  same '{"given":1,"generated":3}' "$(jq -c .policies out)"
  said 'note: p.yaml:2: NetworkPolicy api-netpol in shop is replaced by the generated one of that name'
}

@test "the interval and the filters choose what is judged" {
  record shop
  policy api api 'policyTypes: [Ingress]' > p.yaml
  want 0 verify -f p.yaml --since 2026-01-31T13:00:00Z
  want 0 verify -f p.yaml -n kube-system
  want 0 verify -f p.yaml --workload sts/nothing
  want 1 verify -f p.yaml -n shop --workload deploy/api
  want 1 verify -f p.yaml -n shop -o json
  [ "$(jq '.unused | length' out)" -eq 0 ]
}

@test "a broken manifest is an error with file and line, and no answer" {
  record shop
  policy api api 'ingres: []' > p.yaml
  want 2 verify -f p.yaml
  silent out
  said 'p.yaml:2'
  said 'ingres'
  want 2 verify -f never.yaml
  said 'never.yaml'
}

@test "a database that cannot be read is 3" {
  policy api api 'ingress: [{}]' > p.yaml
  want 3 "$report" verify --db never.db -f p.yaml
}

@test "drift is what is new and not allowed, whatever became of it; nothing else is said" {
  record shop
  "$report" policy --db shop.db --inventory inventory.yaml 2> problems > generated
  want 1 verify -f generated --drift -o json
  same 'denied' "$(jq -r '.[].verdict' out | sort -u)"
  same '[false,[{"direction":"ingress","allowed":false,"policy":"shop/db-netpol"}]]' "$(jq -c '.[0] | [.allowed, .sides]' out)"
  want 1 verify -f generated --drift
  grep -qE '^2026-.* TCP 5432 +denied ' out
  want 0 verify -f generated --drift --since 2026-01-31T13:00:00Z
  silent out
  want 0 verify -f generated --drift --since 2026-01-31T13:00:00Z -o json
  same '[]' "$(cat out)"
  policy all api 'ingress: [{}]' > p.yaml
  want 0 verify -f p.yaml --drift
  silent out
}

@test "drift has each edge once, with both sides, also of several nodes" {
  record several-nodes
  for app in web api job log; do
    policy "$app" "$app" 'policyTypes: [Ingress, Egress]'
  done > p.yaml
  want 1 "$report" verify --db several-nodes.db --inventory inventory.yaml -f p.yaml --drift -o json
  edges='[.[] | [.from.namespace, .from.name, .from.address, .to.namespace, .to.name, .to.address, .protocol, .port, .verdict, .recorded_by]]'
  same "$(jq "$edges | unique | length" out)" "$(jq length out)"
  same true "$(jq 'any(.[]; .sides | map([.direction, .allowed]) == [["ingress", false], ["egress", false]])' out)"
  "$report" edges --db several-nodes.db --inventory inventory.yaml -o json > edges
  [ "$(jq length out)" -le "$(jq length edges)" ]
  jq -n --slurpfile drift out --slurpfile edges edges -e \
    '$drift[0] | map(del(.allowed, .sides, .why)) - $edges[0] == []'
  want 2 "$report" verify --db several-nodes.db -f p.yaml --drift --explain
  said '--drift has no --explain'
}

@test "the example of a service asks for drift of policies that somebody applied" {
  record shop
  mkdir applied
  policy api api "$from_web" > applied/api.yaml
  read -ra command < <(sed -n 's/^ExecStart=//p' "$abs_top_srcdir/contrib/netpol-drift.service")
  same /usr/bin/netpol-report "${command[0]}"
  want 0 "$report" "${command[@]:1:${#command[@]}-2}" applied --db shop.db
  silent out
  same /etc/netpol/applied "${command[-1]}"
}

@test "the example of a service looks back beyond the last time, as verdicts come late" {
  grep -qx OnCalendar=hourly "$abs_top_srcdir/contrib/netpol-drift.timer"
  minutes=$(sed -n 's/^ExecStart=.* --since \([0-9]*\)m .*/\1/p' "$abs_top_srcdir/contrib/netpol-drift.service")
  [ "$minutes" -ge 65 ]
}

@test "edges --new-since has what was first seen from then on" {
  record shop
  all=$("$report" edges --db shop.db -o json)
  same "$all" "$("$report" edges --db shop.db -o json --new-since 2026-01-31T00:00:00Z)"
  middle=$(jq -r 'map(.first_seen) | sort | .[length / 2 | floor]' <<< "$all")
  same "$(jq -c --arg since "$middle" 'map(select(.first_seen >= $since))' <<< "$all")" \
    "$("$report" edges --db shop.db -o json --new-since "$middle" | jq -c .)"
  want 2 "$report" edges --db shop.db --new-since yesterday
  said "--new-since 'yesterday': expected a moment"
}

@test "an edge that the interval cuts is as new as it began" {
  record several-nodes
  all=$("$report" edges --db several-nodes.db -o json)
  last=$(jq -r 'map(.last_seen) | max' <<< "$all")
  for since in $(jq -r '.[].first_seen' <<< "$all" | sort -u); do
    same "$(jq -r --arg since "$since" 'map(select(.first_seen >= $since)) | length' <<< "$all")" \
      "$("$report" edges --db several-nodes.db -o json --new-since "$since" | jq length)"
  done
  same 0 "$("$report" edges --db several-nodes.db -o json --since "$last" --new-since "$last" 2> err | jq --arg last "$last" \
    'map(select(.first_seen < $last)) | length')"
}

@test "host-network pods are their node by default, and pods if that is asked for" {
  record host-network-aborts-the-run
  mv host-network-aborts-the-run.db shop.db
  want 0 verify --with-generated
  want 0 verify --with-generated --hostnetwork node
  want 2 verify --with-generated --hostnetwork both
  said 'expected pod or node'
}
