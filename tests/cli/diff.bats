#!/usr/bin/env bats
# Two sets of policies: what one allows and the other does not, and what the record used of it.

load cli.bash

# A shop: web and db, of which nothing is known but what their owners make.
cluster() {
  cat > cluster.yaml <<'OBJECTS'
kind: List
apiVersion: v1
items:
- kind: Namespace
  metadata: {name: shop, labels: {team: sales}}
- kind: Deployment
  metadata: {name: web, namespace: shop}
  spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c}]}}}
- kind: StatefulSet
  metadata: {name: db, namespace: shop}
  spec: {template: {metadata: {labels: {app: db}}, spec: {containers: [{name: c}]}}}
OBJECTS
}

# policy INGRESS: db's, with this one rule
policy() {
  printf 'kind: NetworkPolicy\napiVersion: networking.k8s.io/v1\nmetadata: {name: db, namespace: shop}\n'
  printf 'spec: {podSelector: {matchLabels: {app: db}}, ingress: [%s]}\n' "$1"
}

web='{podSelector: {matchLabels: {app: web}}}'

# changes FILE: of JSON, one a line
changes() {
  jq -r '[.added[] | . + {sign: "+"}] + [.removed[] | . + {sign: "-"}] | sort_by(.from, .to, .sign) | .[] |
    "\(.sign) \(.from) \(.to) \(.allows | join(",")) \(.unknown | join(","))"' "$1"
}

@test "other words for the same are no difference" {
  cluster
  policy "{from: [$web], ports: [{port: 80, endPort: 82}]}" > a.yaml
  policy "{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}, podSelector: {matchExpressions: [{key: app, operator: In, values: [web]}]}}], ports: [{port: 82}, {port: 81}]}, {from: [$web], ports: [{port: 80}]}" > b.yaml
  want 0 "$report" diff -f cluster.yaml a.yaml b.yaml
  silent err
  same '0 added, 0 removed, 8 unchanged' "$(cat out)"
  want 0 "$report" reach -f cluster.yaml -f a.yaml -o json
  [ "$(jq length out)" -eq 8 ]
}

@test "what was removed and added, in each format" {
  cluster
  policy "{from: [$web, {ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 5432}, {port: 80}]}" > a.yaml
  policy "{from: [$web, {ipBlock: {cidr: 10.0.0.0/9}}], ports: [{port: 5433}, {port: 80}]}" > b.yaml
  want 1 "$report" diff -f cluster.yaml a.yaml b.yaml
  silent err
  same "$(
    cat <<'TABLE'
   FROM                       TO                    ALLOWS            UNKNOWN
-  shop/web[Deployment]       shop/db[StatefulSet]  TCP 5432
+  shop/web[Deployment]       shop/db[StatefulSet]  TCP 5433
-  10.0.0.0-10.127.255.255    shop/db[StatefulSet]  TCP 5432
+  10.0.0.0-10.127.255.255    shop/db[StatefulSet]  TCP 5433
-  10.128.0.0-10.255.255.255  shop/db[StatefulSet]  TCP 80, TCP 5432
2 added, 3 removed, 18 unchanged
TABLE
  )" "$(sed 's/ *$//' out)"

  want 1 "$report" diff -f cluster.yaml a.yaml b.yaml -o csv
  same "$(
    cat <<'LINES'
change,from,to,allows,unknown
removed,shop/web[Deployment],shop/db[StatefulSet],TCP 5432,
added,shop/web[Deployment],shop/db[StatefulSet],TCP 5433,
removed,10.0.0.0-10.127.255.255,shop/db[StatefulSet],TCP 5432,
added,10.0.0.0-10.127.255.255,shop/db[StatefulSet],TCP 5433,
removed,10.128.0.0-10.255.255.255,shop/db[StatefulSet],"TCP 80, TCP 5432",
LINES
  )" "$(tr -d '\r' < out)"

  want 1 "$report" diff -f cluster.yaml a.yaml b.yaml -o json
  same "$(
    cat <<'LINES'
+ 10.0.0.0-10.127.255.255 shop/db[StatefulSet] TCP 5433 
- 10.0.0.0-10.127.255.255 shop/db[StatefulSet] TCP 5432 
- 10.128.0.0-10.255.255.255 shop/db[StatefulSet] TCP 80,TCP 5432 
+ shop/web[Deployment] shop/db[StatefulSet] TCP 5433 
- shop/web[Deployment] shop/db[StatefulSet] TCP 5432 
LINES
  )" "$(changes out)"
  jq -e '.unchanged == 18 and .only_a == [] and .only_b == [] and .added_within == [] and .removed_within == []' out
}

@test "A and B the other way round: what was added is removed" {
  cluster
  policy "{from: [$web], ports: [{port: 5432}]}" > a.yaml
  policy '{}' > b.yaml
  want 1 "$report" diff -f cluster.yaml a.yaml b.yaml -o json
  jq -S '{added, removed, added_within, removed_within, unchanged}' out > there
  want 1 "$report" diff -f cluster.yaml b.yaml a.yaml -o json
  jq -S '{added: .removed, removed: .added, added_within: .removed_within, removed_within: .added_within, unchanged}' out > back
  diff there back
  jq -e '.added | length == 3' there
}

@test "what is only perhaps allowed is compared apart" {
  cluster
  sed 's/, labels: {team: sales}//; s/kind: Namespace/kind: ConfigMap/' cluster.yaml > unlabelled.yaml
  policy '{from: [{namespaceSelector: {matchLabels: {team: sales}}}], ports: [{port: 80}]}' > policy.yaml
  cat cluster.yaml - <<< --- | cat - policy.yaml > a.yaml
  cat unlabelled.yaml - <<< --- | cat - policy.yaml > b.yaml
  want 1 "$report" diff a.yaml b.yaml -o json
  same "$(printf '%s\n' '+ shop/web[Deployment] shop/db[StatefulSet]  TCP 80' '- shop/web[Deployment] shop/db[StatefulSet] TCP 80 ')" "$(changes out)"
  want 1 "$report" diff b.yaml a.yaml
  grep -qE '^-  shop/web\[Deployment\] +shop/db\[StatefulSet\] +TCP 80$' out
}

@test "a workload that only one set has is named, and what it may do is a difference" {
  cluster
  policy "{from: [$web], ports: [{port: 80}]}" > policy.yaml
  cat cluster.yaml - <<< --- | cat - policy.yaml > a.yaml
  cp a.yaml b.yaml
  sed -i 's/name: web, namespace/name: shopwindow, namespace/' b.yaml
  want 1 "$report" diff a.yaml b.yaml
  grep -qx 'only in a.yaml: shop/web\[Deployment\]' out
  grep -qx 'only in b.yaml: shop/shopwindow\[Deployment\]' out
  grep -qE '^-  shop/web\[Deployment\] +shop/db\[StatefulSet\] +TCP 80' out
  grep -qE '^\+  shop/shopwindow\[Deployment\] +shop/db\[StatefulSet\] +TCP 80' out
  want 1 "$report" diff a.yaml b.yaml -o json
  jq -e '.only_a == ["shop/web[Deployment]"] and .only_b == ["shop/shopwindow[Deployment]"]' out
}

@test "an object of a set takes the place of that in what is common" {
  cluster
  policy '{from: [{namespaceSelector: {matchLabels: {team: sales}}}], ports: [{port: 80}]}' > a.yaml
  printf '%s\n' --- 'kind: Namespace' 'metadata: {name: shop, labels: {team: other}}' | cat a.yaml - > b.yaml
  want 1 "$report" diff -f cluster.yaml a.yaml b.yaml -o json
  same '- shop/web[Deployment] shop/db[StatefulSet] TCP 80 ' "$(changes out)"
}

@test "what pods of one workload may do to one another is told by itself" {
  cluster
  policy '{from: [{podSelector: {}}], ports: [{port: 80}]}' > a.yaml
  policy "{from: [$web], ports: [{port: 80}]}" > b.yaml
  want 1 "$report" diff -f cluster.yaml a.yaml b.yaml -o json
  jq -e '.added == [] and .removed == [] and .added_within == []' out
  jq -e '.removed_within == [{"from": "shop/db[StatefulSet]", "to": "shop/db[StatefulSet]", "allows": ["TCP 80"], "unknown": []}]' out
  want 1 "$report" diff -f cluster.yaml a.yaml b.yaml
  grep -qx '0 added, 0 removed, 8 unchanged; 1 between the pods of one workload' out
}

@test "either set may come from standard input, what is common may not" {
  cluster
  policy '{}' > a.yaml
  want 0 "$report" diff -f cluster.yaml - a.yaml < a.yaml
  want 0 "$report" diff -f cluster.yaml a.yaml - < a.yaml
  want 2 "$report" diff -f cluster.yaml - - < a.yaml
  said 'not both'
  want 2 "$report" diff -f - a.yaml a.yaml < cluster.yaml
  said 'give a file'
}

@test "what is missing or wrong ends with 2, and no answer" {
  cluster
  policy '{}' > a.yaml
  policy '{form: []}' > wrong.yaml
  want 2 "$report" diff a.yaml
  silent out
  said 'two sets'
  want 2 "$report" diff a.yaml a.yaml
  silent out
  said 'there is no workload: give those of the cluster with -f (kubectl get deployments,statefulsets,daemonsets,cronjobs,namespaces '
  want 2 "$report" diff -f cluster.yaml a.yaml nowhere.yaml
  silent out
  said nowhere.yaml
  want 2 "$report" diff -f cluster.yaml a.yaml wrong.yaml
  silent out
  said 'wrong.yaml:4'
  said form
  want 2 "$report" diff -f cluster.yaml --since 1h a.yaml a.yaml
  said '--history'
  want 3 "$report" diff -f cluster.yaml --history --db nowhere.db a.yaml a.yaml
  silent out
}

@test "a set without workloads beside one that has some is a problem that says what to do" {
  cluster
  policy '{}' > b.yaml
  want 1 "$report" diff cluster.yaml b.yaml
  said 'warning: b.yaml: there is no workload in it'
  said 'with -f'
  grep -q '^only in cluster.yaml: ' out
}

@test "a set without policies is named" {
  cluster
  policy '{}' > a.yaml
  echo 'kind: ConfigMap' > none.yaml
  want 0 "$report" diff -f cluster.yaml a.yaml none.yaml
  same 'netpol-report: warning: none.yaml: no NetworkPolicy is among them: everything is allowed' "$(cat err)"
  want 0 "$report" diff -f cluster.yaml none.yaml a.yaml
  said 'warning: none.yaml: no NetworkPolicy'
  want 0 "$report" reach -f cluster.yaml
  said 'warning: manifests: no NetworkPolicy'
}

# The shop's record, and the policies that are made from it, without those of port 5432 at db.
history() {
  record shop
  "$report" policy --db shop.db --inventory inventory.yaml > a.yaml 2> /dev/null
  awk '/^  *name: db-netpol/ { inside = 1 } inside && /port: 5432/ { sub(5432, 5433); inside = 0 } { print }' a.yaml > b.yaml
  not cmp a.yaml b.yaml
}

@test "a policy whose label is misspelt is named, with its file and line, with --history, too" {
  cluster
  policy '' > a.yaml
  sed 's/app: db}/app: bd}/' a.yaml > b.yaml
  want 1 "$report" diff -f cluster.yaml a.yaml b.yaml
  same 'netpol-report: warning: NetworkPolicy shop/db: selects no pod (b.yaml:1)' "$(cat err)"
  record shop
  want 1 "$report" diff --history --db shop.db --inventory inventory.yaml a.yaml b.yaml
  said 'netpol-report: warning: NetworkPolicy shop/db: selects no pod (b.yaml:1)'
  not grep -q 'not known' err
  "$report" diff --history --db shop.db a.yaml b.yaml > out 2> err || true
  said 'the labels are not known'
}

@test "with --history the record's pods are compared, and what it used is told" {
  history
  want 1 "$report" diff --history --db shop.db --inventory inventory.yaml a.yaml b.yaml -o json
  jq -e '.added == []' out
  same '[{"from":"shop/api[Deployment]","to":"shop/db[StatefulSet]","allows":["TCP 5432"],"unknown":[],"connections":9,"denied":0,"last_seen":"2026-01-31T12:01:59Z"}]' "$(jq -c .removed out)"
  want 0 "$report" diff --history --db shop.db --inventory inventory.yaml a.yaml a.yaml
  grep -qE '^0 added, 0 removed, [1-9][0-9]* unchanged$' out
}

@test "with --history and the cluster's objects rows are theirs, and the record's pods find them" {
  history
  want 1 "$report" diff --history --db shop.db -f inventory.yaml a.yaml b.yaml -o json
  same '9 shop/api-5c7d9f6b8[ReplicaSet] shop/db[StatefulSet] TCP 5432' \
    "$(jq -r '.removed[] | "\(.connections) \(.from) \(.to) \(.allows | join(","))"' out)"
}

@test "what was used most comes first, and attempts that were denied are told" {
  history
  # Everything is open to db from everywhere: of that api used 5432, and the intruder tried to.
  echo 'kind: ConfigMap' > none.yaml
  want 1 "$report" diff --history --db shop.db --inventory inventory.yaml a.yaml none.yaml -o json
  same '0 2 lab/intruder[Pod] shop/db[StatefulSet]' "$(jq -r '.added[0] | "\(.connections) \(.denied) \(.from) \(.to)"' out)"
  jq -e '[.added[] | .connections + .denied] | . == (sort | reverse)' out
  want 1 "$report" diff --history --db shop.db --inventory inventory.yaml a.yaml none.yaml
  sed -n 2p out | grep -qE '^\+  lab/intruder\[Pod\] +shop/db\[StatefulSet\] +all +0 +2  2026-01-31T'
}

@test "what has an end in no row is counted in a note" {
  history
  cat > cluster.yaml <<'OBJECTS'
kind: Pod
metadata: {name: db-0, namespace: shop, labels: {app: db}}
spec: {containers: [{name: c}]}
OBJECTS
  want 0 "$report" diff --history --db shop.db -f cluster.yaml b.yaml a.yaml
  said 'note: history: '
  said 'connections have an end that is none of the workloads compared'
}

@test "the JSON members in netpol-report(1) are those of diff" {
  history
  want 1 "$report" diff --history --db shop.db --inventory inventory.yaml b.yaml a.yaml -o json
  page=$(sed -n '/^\.SS diff$/,/^\.S[SH]/p' "$abs_top_srcdir/man/netpol-report.1" | grep -oE '"[a-z_]+"' | sort -u)
  same "$page" "$(grep -oE '"[a-z_]+":' out | tr -d : | sort -u)"
}
