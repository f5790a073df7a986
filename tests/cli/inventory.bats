#!/usr/bin/env bats
# Inventories that are wrong: a message with file and line, never a crash, never half an answer.

load cli.bash

# refused FILE MESSAGE: the inventory cannot be read; each command that takes one ends with 2.
refused() {
  [ -e remote-pod.db ] || "$report" import --into remote-pod.db "$golden/remote-pod/evidence.jsonl"
  for command in status pods edges denied policy; do
    want 2 "$report" "$command" --db remote-pod.db --inventory "$1"
    silent out
    said "netpol-report: error: $1$2"
    [ "$(wc -l < err)" -eq 1 ]
  done
}

# taken FILE MESSAGE...: is read as far as it goes, and each of the messages is said.
taken() {
  local file=$1 message
  shift
  [ -e remote-pod.db ] || "$report" import --into remote-pod.db "$golden/remote-pod/evidence.jsonl"
  want 0 "$report" pods --db remote-pod.db --inventory "$file"
  [ -s out ]
  for message; do
    said "netpol-report: warning: $file:$message"
  done
  want 1 "$report" pods --db remote-pod.db --inventory "$file" --strict
}

@test "YAML that is broken" {
  printf 'kind: List\nitems:\n  - a\n - b\n' > i.yaml
  refused i.yaml ":4: did not find expected key"
  printf 'kind: List\nitems: [a, b\n' > i.yaml
  refused i.yaml ":3: did not find expected"
  printf 'kind: "List\n' > i.yaml
  refused i.yaml ":2: found unexpected end of stream while scanning a quoted scalar (from line 1)"
}

@test "YAML with tabs for blanks" {
  printf 'kind: List\nitems:\n\t- a\n' > i.yaml
  refused i.yaml ":3: found character that cannot start any token"
}

@test "JSON that is broken" {
  printf '{"kind": "List",\n"items": [\n' > i.json
  refused i.json ":3: "
  printf '{"kind": "List"\n"items": []}\n' > i.json
  refused i.json ":2: "
}

@test "a key that is there twice" {
  printf 'kind: Pod\nkind: Pod\n' > i.yaml
  refused i.yaml ':2: duplicate key "kind", first on line 1'
  printf '{"kind": "Pod",\n\n"kind": "Pod"}\n' > i.json
  refused i.json ':3: duplicate key "kind", first on line 1'
  printf 'kind: Pod\nmetadata:\n  labels:\n    a: 1\n    b: 2\n    a: 3\n' > i.yaml
  refused i.yaml ':6: duplicate key "a", first on line 4'
}

@test "an alias bomb" {
  {
    echo 'a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]'
    before=a
    for name in b c d e f g h i j; do
      echo "$name: &$name [*$before, *$before, *$before, *$before, *$before, *$before, *$before, *$before, *$before]"
      before=$name
    done
  } > i.yaml
  refused i.yaml ":1: anchors are not read"
  printf 'kind: List\nitems: [*x]\n' > i.yaml
  refused i.yaml ":2: aliases are not read"
}

@test "tags" {
  printf 'kind: !!python/object:os.system {}\n' > i.yaml
  refused i.yaml ":1: tag "
}

@test "what is nested deeply" {
  head -c 100000 /dev/zero | tr '\0' '[' > i.json
  refused i.json ":1: nested more than 100 deep"
  for depth in $(seq 200); do printf '%*sa:\n' "$depth" ''; done > i.yaml
  refused i.yaml ":101: nested more than 100 deep"
  head -c 100000 /dev/zero | tr '\0' '{' > i.yaml
  refused i.yaml ":1: "
}

@test "what is not text" {
  printf 'kind: Pod\0x\n' > i.yaml
  refused i.yaml ":1: control characters are not allowed"
  printf 'kind: P\xc3(d\n' > i.yaml
  refused i.yaml ":1: "
  head -c 10000 "$report" > i.yaml
  refused i.yaml ":1: "
}

@test "files that cannot be read" {
  refused missing.yaml ": cannot be read: No such file or directory"
  refused . ": cannot be read: Is a directory"
}

@test "of several inventories one that is wrong is enough" {
  record remote-pod
  printf 'a: [\n' > wrong.yaml
  want 2 "$report" policy --db remote-pod.db --inventory inventory.yaml --inventory wrong.yaml
  silent out
  said "wrong.yaml:2: "
  printf 'a: [\n' | want 2 "$report" policy --db remote-pod.db --inventory -
  said "standard input:2: "
}

@test "values of a wrong type are named, and the rest is taken" {
  cat > i.yaml <<'OBJECTS'
kind: Pod
metadata:
  name: web
  namespace: shop
  labels:
    app: [1]
    x: 1.0
spec:
  nodeName: n1
  hostNetwork: maybe
  containers: {}
status:
  podIPs: [10.244.1.2, {ip: here}]
OBJECTS
  taken i.yaml '6: labels: the value of "app" must be text' '10: hostNetwork: expected true or false, not "maybe"' \
    '11: containers: expected a list, not a mapping' '13: podIPs: expected a mapping, not a single value' '13: ip: "here" is no address'
  "$report" pods --db remote-pod.db --inventory i.yaml -o json | jq -e '.[0].labels == {"x": "1.0"}'
}

@test "objects without a name, services and nodes that are none" {
  cat > i.yaml <<'OBJECTS'
kind: Pod
metadata: {namespace: shop}
---
kind: Pod
metadata: {name: web}
---
kind: Service
metadata: {name: api, namespace: shop}
spec:
  clusterIP: here
  selector: []
  ports:
  - {port: 99999}
  - {port: 80, protocol: FOO}
  - 7
---
kind: Node
metadata: {name: n1}
spec:
  podCIDR: 10.0.0.0/99
  podCIDRs: 7
---
kind: List
items: {}
---
kind: List
items:
- 7
- {}
---
- kind: Pod
OBJECTS
  taken i.yaml '1: Pod without metadata.name: left out' '4: Pod web without metadata.namespace: left out' \
    '10: clusterIP: "here" is no address' '11: selector: expected a mapping, not a list' '13: port: expected a port number, 1 to 65535' \
    '14: protocol: expected TCP, UDP or SCTP' '15: ports: expected a mapping, not a single value' \
    '21: podCIDRs: expected a list, not a single value' '24: items: expected a list' '28: expected a Kubernetes object' \
    '29: expected a Kubernetes object: there is no kind' '31: expected a Kubernetes object'
}

@test "what is no object at all" {
  for content in hello 7 '[]' '"x"'; do
    printf '%s\n' "$content" > i.yaml
    taken i.yaml '1: expected a Kubernetes object'
  done
}

@test "other kinds, other versions and empty documents are skipped without a word" {
  record remote-pod
  for content in '---' '---\n---\n' 'kind: Deployment\nmetadata: {name: x, namespace: y}' \
    'apiVersion: example.com/v1\nkind: Pod\nmetadata: 7' '{"apiVersion":"v1","kind":"PodList","items":[]}' '# nothing'; do
    printf -- "$content\n---\nkind: Namespace\nmetadata: {name: shop}\n" > i.yaml
    want 0 "$report" pods --db remote-pod.db --inventory i.yaml --strict
    silent err
  done
}

@test "a file without any pod, namespace, service or node is hardly what was meant" {
  for content in '' '---' 'kind: Deployment\nmetadata: {name: x, namespace: y}' '{"apiVersion":"v1","kind":"PodList","items":[]}'; do
    printf -- "$content" > i.yaml
    taken i.yaml ' no pod, namespace, service or node is in it'
  done
  want 0 "$report" pods --db remote-pod.db --inventory "$golden/remote-pod/inventory.yaml" --inventory - < /dev/null
  said "warning: standard input: no pod, namespace, service or node is in it"
  [ "$(wc -l < err)" -eq 1 ]
}

@test "a typed list, as the API prints it: its items need not say what they are" {
  record remote-pod
  printf '{"apiVersion":"v1","kind":"PodList","items":[{"metadata":{"name":"web","namespace":"shop","labels":{"app":"web"}}}]}' > i.json
  "$report" pods --db remote-pod.db --inventory i.json -o json | jq -e '.[0].labels == {"app": "web"}'
}

@test "of a pod that is there twice the last one read counts" {
  record remote-pod
  printf 'kind: Pod\nmetadata: {name: web, namespace: shop, labels: {app: old}}\n' > one.yaml
  printf 'kind: Pod\nmetadata: {name: web, namespace: shop, labels: {app: new}}\n' > two.yaml
  "$report" pods --db remote-pod.db --inventory one.yaml --inventory two.yaml -o json | jq -e '.[0].labels == {"app": "new"}'
  "$report" pods --db remote-pod.db --inventory two.yaml --inventory one.yaml -o json | jq -e '.[0].labels == {"app": "old"}'
}

# listed: the pods of the last want, a line each; "*" marks addresses of further networks.
listed() {
  jq -r '.[] | [.namespace, .name, .node, .workload, .host_network, ([.addresses[] | .address + (if .secondary then "*" else "" end)] | join(" "))] | map(tostring) | join(",")' out
}

@test "all that kubectl prints of a kind cluster" {
  echo '{"type":"header","version":1,"node":"kind-worker"}' | "$report" import --into empty.db -
  want 0 "$report" pods --db empty.db --inventory "$abs_top_srcdir/tests/data/inventory/kind.json" --strict -o json
  silent err
  diff - <(listed) <<'END'
kube-system,kube-apiserver-kind-control-plane,kind-control-plane,StaticPod/kube-apiserver,true,
shop,web-7f9c6d5b48-x2kqz,kind-worker,Deployment/web,false,10.244.1.5
END
}

@test "all that kubectl prints of a k3s server, with Multus and a mesh" {
  echo '{"type":"header","version":1,"node":"k3s-1"}' | "$report" import --into empty.db -
  want 0 "$report" pods --db empty.db --inventory "$abs_top_srcdir/tests/data/inventory/k3s.yaml" --strict -o json
  silent err
  diff - <(listed) <<'END'
shop,db-0,k3s-1,StatefulSet/db,false,10.42.0.9 192.168.90.9* fd42::9
shop,nightly-29500000-q8vxz,k3s-1,CronJob/nightly,false,
END
  want 0 "$report" pods --db empty.db --inventory "$abs_top_srcdir/tests/data/inventory/k3s.yaml"
  grep -q '192.168.90.9 (secondary)' out
  want 0 "$report" pods --db empty.db --inventory "$abs_top_srcdir/tests/data/inventory/k3s.yaml" -o csv
  grep -q ',192.168.90.9,' out
}

# stored SQL: a record of shop/web with the labels and objects that the statements add.
stored() {
  rm -f stored.db*
  "$report" import --into stored.db "$golden/remote-pod/evidence.jsonl"
  sqlite3 stored.db "$1"
}

# A state of the pod web: LABELS SINCE UNTIL.
web_was() {
  echo "INSERT INTO object(node, kind, namespace, name, uid, content, since, until) VALUES (1, 'Pod', 'shop', 'web', 'u1',
    '{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"namespace\":\"shop\",\"name\":\"web\",\"uid\":\"u1\",\"labels\":$1}}', $2, $3);"
}

@test "with labels that were recorded no inventory is needed" {
  stored "UPDATE pod SET labels = '{\"app\":\"web\"}'"
  want 0 "$report" pods --db stored.db -o json
  silent err
  jq -e '.[0] | .labels == {"app": "web"} and .workload == "Pod/web" and .sources == ["import"]' out
  want 0 "$report" policy --db stored.db
  grep -q 'app: web' out
  not grep -q 'web.*--inventory' err
}

@test "what netpold stored of its inventory file counts, and a file counts more" {
  stored "UPDATE pod SET labels = '{\"app\":\"web\"}', uid = 'u1'; $(web_was '{"app":"web","tier":"a"}' 1000 NULL)"
  want 0 "$report" pods --db stored.db -o json
  jq -e '.[0] | .labels == {"app": "web", "tier": "a"} and .sources == ["import", "inventory"]' out
  printf 'kind: Pod\nmetadata: {name: web, namespace: shop, uid: u1, labels: {app: file}}\n' > i.yaml
  want 0 "$report" pods --db stored.db --inventory i.yaml -o json
  jq -e '.[0].labels == {"app": "file"}' out
}

@test "a label that was seen changing is in no selector, and a note says so" {
  stored "UPDATE pod SET uid = 'u1'; $(web_was '{"app":"web","role":"none"}' 1000 2000) $(web_was '{"app":"web","role":"leader"}' 2000 NULL)"
  want 0 "$report" policy --db stored.db
  said "note: label role: was seen changing on Pod/web in shop: no selector in shop uses it"
  [ "$(grep -c 'seen changing' err)" -eq 1 ]
  grep -q 'app: web' out
  not grep -q 'role:' out
  stored "UPDATE pod SET uid = 'u1', labels = '{\"app\":\"web\",\"role\":\"none\"}'"
  printf 'kind: Pod\nmetadata: {name: web, namespace: shop, uid: u1, labels: {app: web, role: leader}}\n' > i.yaml
  want 0 "$report" policy --db stored.db --inventory i.yaml
  said "note: label role: was seen changing on Pod/web in shop: no selector in shop uses it"
}

@test "a pod that contradicts itself is a problem, and shown with what each source said" {
  stored "UPDATE pod SET uid = 'u1', labels = '{\"app\":\"web\"}', conflict = 'name: web or old', source = 'cni-result,cri';
    INSERT INTO pod_word VALUES (1, 'cni-result', '/var/lib/cni/x', '{\"name\":\"web\"}'), (1, 'cri', '/run/x.sock', '{\"name\":\"old\"}');"
  want 0 "$report" pods --db stored.db -o json
  said "warning: Pod/web in shop: what is told of it contradicts itself: name: web or old; no policy is made from it"
  jq -e '.[0] | .conflict == "name: web or old" and .labels == null and
    .said == [{"source": "cni-result", "place": "/var/lib/cni/x", "said": {"name": "web"}},
              {"source": "cri", "place": "/run/x.sock", "said": {"name": "old"}}]' out
  want 0 "$report" pods --db stored.db
  grep -q 'cni-result,cri (contradictory)' out
}

@test "one uid with two names, or on two networks, is a problem" {
  stored "UPDATE pod SET uid = 'u1', labels = '{\"app\":\"web\"}'"
  printf 'kind: Pod\nmetadata: {name: other, namespace: shop, uid: u1, labels: {app: other}}\n' > i.yaml
  want 0 "$report" pods --db stored.db --inventory i.yaml -o json
  said "warning: Pod/web in shop: what is told of it contradicts itself: its uid is that of Pod/other in shop, too"
  jq -e 'all(.conflict != null)' out
  stored "UPDATE pod SET uid = 'u1', labels = '{\"app\":\"web\"}', host_network = 1"
  printf 'kind: Pod\nmetadata: {name: web, namespace: shop, uid: u1}\nspec: {nodeName: n1}\n' > i.yaml
  want 0 "$report" pods --db stored.db --inventory i.yaml
  said "warning: Pod/web in shop: what is told of it contradicts itself: whether it shares its node's network"
}

@test "owners of any kind, by the objects that are there" {
  record remote-pod
  cat > i.yaml <<'OBJECTS'
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}, ownerReferences: [{kind: ReplicaSet, name: web-5d, controller: true}]}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web-5d, namespace: shop, ownerReferences: [{kind: Rollout, name: web, controller: true}]}
OBJECTS
  want 0 "$report" pods --db remote-pod.db --inventory i.yaml --workload rollout/web -o json
  silent err
  jq -e 'length == 1 and .[0].workload == "Rollout/web"' out
}
