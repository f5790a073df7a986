#!/usr/bin/env bats
# reach: rows and questions, in every format; what is wrong with the manifests or the question.

load cli.bash

# An answer from no database.
shop() {
  export NETPOL_DB=/nonexistent/flows.db
  cat > shop.yaml <<'YAML'
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
spec:
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: c, ports: [{name: sql, containerPort: 5432}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: probe, namespace: watch, labels: {app: probe}}
spec: {nodeName: n1, hostNetwork: true, containers: [{name: c}]}
status: {podIP: 192.0.2.1}
---
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 192.0.2.1}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  policyTypes: [Ingress, Egress]
  ingress:
  - from: [{podSelector: {matchLabels: {app: web}}}]
    ports: [{port: sql}]
  - from: [{ipBlock: {cidr: 192.0.2.0/24, except: [192.0.2.128/25]}}]
    ports: [{port: 5000, endPort: 6000}, {port: 53, protocol: UDP}]
  - from: [{namespaceSelector: {matchLabels: {team: b}}}]
    ports: [{port: 99}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: rest, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  egress: [{to: [{podSelector: {}}]}]
  policyTypes: [Egress, Ingress]
YAML
}

# wrong MESSAGE ARGUMENT...: reach ends with 2, that message and no answer.
wrong() {
  local message=$1
  shift
  want 2 "$report" reach "$@"
  silent out
  said "netpol-report reach: $message"
}

@test "the table" {
  shop
  want 0 "$report" reach -f shop.yaml -n shop
  silent err
  same 'FROM                   TO                    ALLOWS
shop/web[Deployment]   shop/db[StatefulSet]  TCP 5432
watch/probe[Pod]       shop/db[StatefulSet]  unknown: TCP 99
192.0.2.0-192.0.2.127  shop/db[StatefulSet]  TCP 5000-6000, UDP 53' "$(cat out)"
  # Without rows there is a header.
  want 0 "$report" reach -f shop.yaml --to shop/web
  same 'FROM  TO  ALLOWS' "$(cat out)"
}

@test "JSON, JSON lines and CSV have the same rows" {
  shop
  want 0 "$report" reach -f shop.yaml --to shop/db -o json
  same '[
  {
    "from": "shop/web[Deployment]",
    "to": "shop/db[StatefulSet]",
    "allows": [
      "TCP 5432"
    ],
    "unknown": []
  },
  {
    "from": "watch/probe[Pod]",
    "to": "shop/db[StatefulSet]",
    "allows": [],
    "unknown": [
      "TCP 99"
    ]
  },
  {
    "from": "192.0.2.0-192.0.2.127",
    "to": "shop/db[StatefulSet]",
    "allows": [
      "TCP 5000-6000",
      "UDP 53"
    ],
    "unknown": []
  }
]' "$(cat out)"
  want 0 "$report" reach -f shop.yaml --to shop/db -o jsonl
  same '{"from": "shop/web[Deployment]", "to": "shop/db[StatefulSet]", "allows": ["TCP 5432"], "unknown": []}
{"from": "watch/probe[Pod]", "to": "shop/db[StatefulSet]", "allows": [], "unknown": ["TCP 99"]}
{"from": "192.0.2.0-192.0.2.127", "to": "shop/db[StatefulSet]", "allows": ["TCP 5000-6000", "UDP 53"], "unknown": []}' "$(cat out)"
  want 0 "$report" reach -f shop.yaml --to shop/db -o csv
  same 'from,to,allows,unknown
shop/web[Deployment],shop/db[StatefulSet],TCP 5432,
watch/probe[Pod],shop/db[StatefulSet],,TCP 99
192.0.2.0-192.0.2.127,shop/db[StatefulSet],"TCP 5000-6000, UDP 53",' "$(tr -d '\r' < out)"
  silent err
}

@test "all is one word, and the ranges are the whole of both families" {
  shop
  want 0 "$report" reach -f shop.yaml --from watch/probe -o jsonl
  same '{"from": "watch/probe[Pod]", "to": "shop/db[StatefulSet]", "allows": [], "unknown": ["TCP 99"]}
{"from": "watch/probe[Pod]", "to": "0.0.0.0-255.255.255.255", "allows": ["all"], "unknown": []}
{"from": "watch/probe[Pod]", "to": "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "allows": ["all"], "unknown": []}' "$(cat out)"
}

@test "manifests come from files, directories and standard input alike" {
  shop
  want 0 "$report" reach -f shop.yaml -o json
  mv out expected
  mkdir -p some/where
  csplit -sz -f some/where/part- -b %02d.yaml shop.yaml '/^---/' '{*}'
  want 0 "$report" reach -f some -o json
  diff expected out
  want 0 "$report" reach -f - -o json < shop.yaml
  diff expected out
  want 0 "$report" reach -f some/where/part-00.yaml -f some/where/part-01.yaml -o json
  grep -q 'shop/web\[Deployment\]' out
  not grep -q shop/db out
}

@test "a question has its answer as exit status, and in a line" {
  shop
  want 0 "$report" reach -f shop.yaml --from shop/web --to shop/db --port 5432
  same 'allowed: TCP 5432 from shop/web to shop/db
FROM                  TO                    ALLOWS
shop/web[Deployment]  shop/db[StatefulSet]  TCP 5432' "$(cat out)"
  want 1 "$report" reach -f shop.yaml --from shop/web --to 'shop/db[sts]' --port TCP/5433
  same 'denied: TCP 5433 from shop/web to shop/db[sts]' "$(cat out)"
  want 1 "$report" reach -f shop.yaml --from shop/web --to shop/db --port udp/5432
  grep -q '^denied: UDP 5432 ' out
  # As rows and kubectl write it.
  for port in 'TCP 5432' 5432/tcp tcp/5432 'TCP 5432-5432' 5432-5432/TCP; do
    want 0 "$report" reach -f shop.yaml --from shop/web --to shop/db --port "$port"
    grep -q '^allowed: TCP 5432 ' out
  done
  want 1 "$report" reach -f shop.yaml --from watch/probe --to shop/db --port 99
  grep -q '^unknown: TCP 99 ' out
  want 1 "$report" reach -f shop.yaml --from shop/web --to shop/db --port 5432-5433
  grep -q '^allowed in part: TCP 5432-5433 ' out
  want 1 "$report" reach -f shop.yaml --from 192.0.2.0/24 --to shop/db --port UDP/53
  same 'allowed in part: UDP 53 from 192.0.2.0/24 to shop/db
192.0.2.0-192.0.2.127  shop/db[StatefulSet]  UDP 53' "$(sed '2d; s/   */  /g' out)"
  want 0 "$report" reach -f shop.yaml --from 192.0.2.0-192.0.2.7 --to shop/db --port UDP/53 -o json
  grep -q '"from": "192.0.2.0-192.0.2.7"' out
  want 1 "$report" reach -f shop.yaml --from shop/web --to shop/db --port 1 -o json
  same '[]' "$(cat out)"
}

@test "the rules that decide are named, with file and line" {
  shop
  want 0 "$report" reach -f shop.yaml --to shop/db --explain
  same 'shop/web[Deployment]  shop/db[StatefulSet]  TCP 5432
  egress of shop/web[Deployment]: isolated by shop/rest (shop.yaml:46)
    shop/rest spec.egress[0] (shop.yaml:51) allows all
  ingress of shop/db[StatefulSet]: isolated by shop/db (shop.yaml:32)
    shop/db spec.ingress[0] (shop.yaml:39) allows TCP 5432
watch/probe[Pod]  shop/db[StatefulSet]  unknown: TCP 99
  egress of watch/probe[Pod]: no policy isolates it
  ingress of shop/db[StatefulSet]: isolated by shop/db (shop.yaml:32)
    shop/db spec.ingress[2] (shop.yaml:43) may allow TCP 99
192.0.2.0-192.0.2.127  shop/db[StatefulSet]  TCP 5000-6000, UDP 53
  ingress of shop/db[StatefulSet]: isolated by shop/db (shop.yaml:32)
    shop/db spec.ingress[1] (shop.yaml:41) allows TCP 5000-6000, UDP 53' "$(sed '1d; s/\([^ ]\)   */\1  /g' out)"

  # What is denied has a reason too, where it is asked for.
  want 1 "$report" reach -f shop.yaml --from shop/db --to shop/web --port 80 --explain
  same 'denied: TCP 80 from shop/db to shop/web
shop/db[StatefulSet]  shop/web[Deployment]  denied
  egress of shop/db[StatefulSet]: isolated by shop/db (shop.yaml:32)
    no rule allows it
  ingress of shop/web[Deployment]: isolated by shop/rest (shop.yaml:46)
    no rule allows it' "$(sed '2d; s/\([^ ]\)   */\1  /g' out)"
  # Without a port as well.
  want 0 "$report" reach -f shop.yaml --from shop/db --to shop/web --explain
  same 'denied: everything from shop/db to shop/web
shop/db[StatefulSet]  shop/web[Deployment]  denied
  egress of shop/db[StatefulSet]: isolated by shop/db (shop.yaml:32)
    no rule allows it
  ingress of shop/web[Deployment]: isolated by shop/rest (shop.yaml:46)
    no rule allows it' "$(sed '2d; s/\([^ ]\)   */\1  /g' out)"
  want 0 "$report" reach -f shop.yaml --from shop/db --to shop/web --explain -o json
  jq -e '.[0] | .allows == [] and .because.ingress.isolated_by[0].policy == "shop/rest"' out
  want 0 "$report" reach -f shop.yaml --from shop/db --to shop/web
  same 'denied: everything from shop/db to shop/web' "$(cat out)"
  want 2 "$report" reach -f shop.yaml --from shop/db --to shop/web -n watch
  said 'neither --from nor --to is in namespace watch'
  want 1 "$report" reach -f shop.yaml --from shop/web --to shop/db --port 99 --explain -o jsonl
  same '{"from": "shop/web[Deployment]", "to": "shop/db[StatefulSet]", "allows": [], "unknown": [], "because": {"egress": {"isolated_by": [{"policy": "shop/rest", "file": "shop.yaml", "line": 46, "certain": true}], "allowed_by": [{"policy": "shop/rest", "file": "shop.yaml", "line": 51, "certain": true, "rule": "spec.egress[0]", "ports": ["TCP 99"]}]}, "ingress": {"isolated_by": [{"policy": "shop/db", "file": "shop.yaml", "line": 32, "certain": true}], "allowed_by": []}}}' "$(cat out)"
  want 0 "$report" reach -f shop.yaml --from 192.0.2.5 --to shop/db --port 5000 --explain -o csv
  same '192.0.2.5-192.0.2.5,shop/db[StatefulSet],TCP 5000,,ingress of shop/db[StatefulSet]: isolated by shop/db (shop.yaml:32); shop/db spec.ingress[1] (shop.yaml:41) allows TCP 5000' "$(sed 1d out | tr -d '\r')"
}

@test "host-network pods are pods, or their node" {
  shop
  want 1 "$report" reach -f shop.yaml --from watch/probe --to shop/db --port 5432
  want 0 "$report" reach -f shop.yaml --from watch/probe --to shop/db --port 5432 --hostnetwork node
  want 1 "$report" reach -f shop.yaml --from watch/probe --to shop/db --port 5432 --hostnetwork pod
  want 2 "$report" reach -f shop.yaml --hostnetwork neither
  said "--hostnetwork 'neither': expected pod or node"
}

@test "ipBlock is for pods only where that is asked for" {
  shop
  want 1 "$report" reach -f shop.yaml --from watch/probe --to shop/db --port UDP/53
  want 0 "$report" reach -f shop.yaml --from watch/probe --to shop/db --port UDP/53 --ipblock-pods
}

@test "pods are found by their own name and by their owner's" {
  shop
  cat > pods.yaml <<'YAML'
apiVersion: v1
kind: Pod
metadata:
  name: db-0
  namespace: shop
  labels: {app: db}
  ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: u, controller: true}]
spec: {containers: [{name: c, ports: [{name: sql, containerPort: 5432}]}]}
---
apiVersion: v1
kind: Pod
metadata:
  name: db-1
  namespace: shop
  labels: {app: db}
  ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: u, controller: true}]
spec: {containers: [{name: c, ports: [{name: sql, containerPort: 5433}]}]}
YAML
  # A named port that differs between the replicas tells them apart.
  want 0 "$report" reach -f shop.yaml -f pods.yaml --from shop/web --to shop/db -o csv
  same 'shop/web[Deployment],shop/db-0[Pod],TCP 5432,
shop/web[Deployment],shop/db-1[Pod],TCP 5433,
shop/web[Deployment],shop/db[StatefulSet],TCP 5432,' "$(sed 1d out | tr -d '\r')"
  want 1 "$report" reach -f shop.yaml -f pods.yaml --from shop/web --to shop/db --port 5432
  grep -q '^allowed in part' out
  want 0 "$report" reach -f shop.yaml -f pods.yaml --from shop/web --to shop/db-1 --port 5433
  sed -i s/5433/5432/ pods.yaml
  want 0 "$report" reach -f shop.yaml -f pods.yaml --from shop/web --to shop/db-1 -o csv
  same 'shop/web[Deployment],shop/db[StatefulSet],TCP 5432,' "$(sed 1d out | tr -d '\r')"
}

@test "an end that does not exist is an error that says what there is" {
  shop
  wrong "--from 'shop/wep': no such workload or pod; there is shop/web[Deployment], shop/db[StatefulSet]" \
    -f shop.yaml --from shop/wep
  wrong "--to 'shp/web': no such workload or pod; there is shop/web[Deployment]" -f shop.yaml --to shp/web
  wrong "--to 'shop/web[StatefulSet]': no such workload or pod; there is shop/web[Deployment]" \
    -f shop.yaml --to 'shop/web[StatefulSet]'
  wrong "--to 'a/completely-different': no such workload or pod; there are the namespaces shop, watch" \
    -f shop.yaml --to a/completely-different
  echo 'kind: Namespace' > none.yaml
  echo 'metadata: {name: n}' >> none.yaml
  wrong "--from 'a/b': no such workload or pod; there is no pod and no workload at all" -f none.yaml --from a/b
  wrong "--from 'shop/web' --to 'shop/web': both are the same" -f shop.yaml --from shop/web --to shop/web
  wrong "--from '10.0.0.0/8' --to '::1': neither is a workload" -f shop.yaml --from 10.0.0.0/8 --to ::1
}

@test "a question that cannot be read is refused" {
  shop
  for end in '' web shop/ /web shop/web[ shop/web[] 'shop/web[Deployment' 10.0.0.0/33 10.0.0.9-10.0.0.1 10.0.0.1-::1; do
    wrong "--from '$end': expected NAMESPACE/NAME, NAMESPACE/NAME[KIND], an address or a prefix" \
      -f shop.yaml --from "$end"
  done
  for port in '' http 0 65536 80- -80 80-79 TCP TCP/ ICMP/8 TCP/80/90 ' 80' '80 TCP' 80/TCP/ /80 80/ 'TCP  80' /TCP 80/ICMP 8O 1000000; do
    wrong "--port '$port': expected 80, TCP/80 or UDP/53-60" -f shop.yaml --port "$port"
  done
  wrong "-f PATH is missing" --from shop/web
  wrong "unexpected operand 'shop.yaml'" shop.yaml
  wrong "unknown option '--db'" -f shop.yaml --db shop.db
}

@test "manifests that are wrong are refused with file and line, and there is no answer" {
  shop
  sed 's/podSelector: {matchLabels: {app: db}}/podSelektor: {}/' shop.yaml > bad.yaml
  want 2 "$report" reach -f bad.yaml -o json
  silent out
  said 'netpol-report: error: bad.yaml:36: '
  want 2 "$report" reach -f nowhere.yaml
  silent out
  said 'nowhere.yaml'
  cp shop.yaml again.yaml
  want 2 "$report" reach -f shop.yaml -f again.yaml
  silent out
  said 'shop/rest'
}

@test "what is wrong is told in the order of files and lines" {
  cat > b.yaml << 'END'
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  namespace: shop
  name: p
  lable: {}
spec:
  podSelector: {matchLabel: {}}
  policyTypes: [Outgress]
  egress:
  - to: [{ipBlock: {cidr: 10.0.0.1/8}}]
    ports:
    - {port: 0}
    - {prt: 80}
  ingress:
  - form: []
END
  cp b.yaml a.yaml
  want 2 "$report" reach -f b.yaml -f a.yaml
  grep -o '[ab].yaml:[0-9]*' err > places
  [ "$(grep -c . places)" -ge 10 ]
  same "$(sort -s -t : -k 1,1r -k 2,2n places)" "$(cat places)"
}

@test "problems that are none of the policies' leave the answer, and count with --strict" {
  shop
  want 0 "$report" reach -f shop.yaml -n nowhere
  said 'netpol-report: warning: nowhere: '
  want 1 "$report" reach -f shop.yaml -n nowhere --strict
  want 0 "$report" reach -f shop.yaml --from 192.0.2.1 --to shop/db --port UDP/53
  said 'netpol-report: note: 192.0.2.1: a pod has this address, watch/probe'
}

@test "a policy that selects no pod is told of, where there are pods that it could" {
  shop
  sed -i 's/podSelector: {matchLabels: {app: db}}/podSelector: {matchLabels: {app: bd}}/' shop.yaml
  printf -- '---\nkind: NetworkPolicy\napiVersion: networking.k8s.io/v1\n' >> shop.yaml
  printf 'metadata: {name: far, namespace: empty}\nspec: {podSelector: {}}\n' >> shop.yaml
  want 0 "$report" reach -f shop.yaml
  said 'netpol-report: warning: NetworkPolicy shop/db: selects no pod ('
  [ "$(grep -c 'selects no pod' err)" -eq 1 ]
}

@test "addresses of pods, nodes and services are asked as ones outside, and that is said" {
  shop
  cat >> shop.yaml <<'YAML'
---
apiVersion: v1
kind: Service
metadata: {name: sql, namespace: shop}
spec: {selector: {app: db}, clusterIP: 10.96.0.5, ports: [{port: 5432}]}
---
apiVersion: v1
kind: Service
metadata: {name: outside, namespace: shop}
spec: {clusterIP: 10.96.0.6, ports: [{port: 5432}]}
---
apiVersion: v1
kind: Pod
metadata: {name: other, namespace: watch}
spec: {containers: [{name: c}]}
status: {podIP: 192.0.2.9}
YAML
  want 1 "$report" reach -f shop.yaml --from 192.0.2.1 --to shop/db --port 443
  said 'netpol-report: warning: 192.0.2.1: a node has this address, n1: asked is what an address outside of the cluster could, and a pod and its own node are never kept apart'
  want 0 "$report" reach -f shop.yaml --from watch/probe --to 10.96.0.5 --port 5432
  said 'netpol-report: warning: 10.96.0.5: address of service shop/sql: plugins judge the pods behind it; ask --to shop/db'
  want 0 "$report" reach -f shop.yaml --from watch/probe --to 10.96.0.6 --port 5432
  grep -q 'service shop/outside: plugins judge the pods behind it$' err
  want 0 "$report" reach -f shop.yaml --to 192.0.0.0/8
  said 'netpol-report: note: 192.0.0.0/8: a pod has an address in it, watch/other (192.0.2.9), and 1 more'
  said 'netpol-report: note: 192.0.0.0/8: a node has an address in it, n1 (192.0.2.1): '
  want 0 "$report" reach -f shop.yaml --to 10.96.0.0-10.96.0.255
  said 'note: 10.96.0.0-10.96.0.255: it has the address of service shop/outside (10.96.0.6), and 1 more: plugins judge'
  want 0 "$report" reach -f shop.yaml --to 10.0.0.0/16
  silent err
}

@test "names are shown, not obeyed" {
  printf 'kind: Pod\napiVersion: v1\nmetadata: {name: "a\\e[31m\\"", namespace: s}\n---\n' > odd.yaml
  printf 'kind: Pod\napiVersion: v1\nmetadata: {name: b, namespace: s}\n' >> odd.yaml
  "$report" reach -f odd.yaml -o json > out 2> err || true
  "$report" reach -f odd.yaml >> out 2>> err || true
  "$report" reach -f odd.yaml --from s/aa >> out 2>> err || true
  [ -s err ] || [ -s out ]
  not grep -q $'\e' out err
}
