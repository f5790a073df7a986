#!/usr/bin/env bats
# policy --output-dir: a file for each policy, and what becomes of what is there already.

load cli.bash

policy() {
  "$report" policy --db "${db:-shop.db}" --inventory inventory.yaml "$@"
}

# files DIR: all that is in it, directories too.
files() {
  (cd "$1" && find . -mindepth 1 | sed 's|^\./||' | sort)
}

listed() {
  sed -n 's/^- //p' "$1/kustomization.yaml"
}

# reviewed DIR: the files that are listed, but not as resources.
reviewed() {
  sed -n '/^    netpol\/files: |-$/,/^[a-z]/s|^      ||p' "$1/kustomization.yaml"
}

with_containers() {
  sed -i 's/nodeName: n1}/nodeName: n1, containers: [{name: main}]}/' inventory.yaml
}

# untouched COMMAND...: changes nothing in the directory out.
untouched() {
  local before
  before=$(files set; cd set && find . -type f -exec cat {} +)
  "$@"
  [ "$before" = "$(files set; cd set && find . -type f -exec cat {} +)" ]
}

@test "one file a policy, and a list of them; nothing on standard output" {
  record shop
  want 0 policy --output-dir set
  silent out
  same "kustomization.yaml
shop
shop/api-netpol.yaml
shop/db-netpol.yaml
shop/web-netpol.yaml" "$(files set)"
  same "# Made by netpol-report policy, which removes what it lists and makes no more.
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- shop/api-netpol.yaml
- shop/db-netpol.yaml
- shop/web-netpol.yaml" "$(cat set/kustomization.yaml)"
}

@test "a file has the bytes that the policy has in the list" {
  record shop
  policy | sed 1,/^items:/d > list.yaml
  policy --output-dir set
  {
    for name in $(listed set); do
      sed -e '/^#/b' -e 's/^/  /' -e 's/^  apiVersion/- apiVersion/' "set/$name"
    done
  } | diff list.yaml -
}

@test "json files hold the objects of the json list, and replace the yaml files" {
  record shop
  policy --output-dir set
  policy -o json --output-dir set
  same "kustomization.yaml
shop
shop/api-netpol.json
shop/db-netpol.json
shop/web-netpol.json" "$(files set)"
  diff <(policy -o json | jq '.items[]') <(cd set && jq . shop/*.json)
  same "$(files set | grep json)" "$(listed set)"
}

@test "each kind is written, and its reader takes it" {
  record shop
  with_containers
  for kind in $(kinds); do
    for format in yaml json; do
      policy --for "$kind" -o $format --output-dir "$kind"
      list=listed
      [ "$kind" != kubescape ] || list=reviewed
      [ "$($list "$kind" | wc -l)" -eq 3 ]
      (cd "$kind" && "$abs_top_builddir/tests/unit/policy/check_published" kustomization.yaml $($list .)) > read
    done
  done
}

@test "objects of one policy are one file: documents of yaml, or a json list" {
  record shop
  with_containers
  policy --for kubescape --output-dir set
  [ "$(grep -c '^kind: ' set/shop/deployment-web.yaml)" -eq 2 ]
  policy --for kubescape -o json --output-dir set
  [ "$(jq '.items | length' set/shop/deployment-web.json)" -eq 2 ]
}

@test "a second run changes nothing; what is made no more is removed, with its directory" {
  record shop
  policy --output-dir set
  untouched policy --output-dir set
  want 0 policy --workload deploy/api --output-dir set
  said "note: set: 2 files of policies that are made no more were removed"
  same "kustomization.yaml
shop
shop/api-netpol.yaml" "$(files set)"
  want 0 policy --workload deploy/api --strict --output-dir set
  not grep -q 'made no more' err
  policy --output-dir set
  [ "$(listed set | wc -l)" -eq 3 ]
}

@test "no policy at all removes nothing of an earlier run" {
  record shop
  want 1 policy -n nowhere --strict --output-dir set
  same "kustomization.yaml" "$(files set)"
  grep -qx 'resources: \[\]' set/kustomization.yaml
  policy --output-dir set
  untouched want 2 policy -n nowhere --output-dir set
  said "set: no policy is made: the files of an earlier run stay (3)"
}

@test "what is for review is no resource, and is known to the next run" {
  record shop
  policy --output-dir set
  want 0 policy --for kubescape --output-dir set
  said "3 files of policies that are made no more were removed"
  grep -qx 'resources: \[\]' set/kustomization.yaml
  same "shop/deployment-api.yaml
shop/deployment-web.yaml
shop/statefulset-db.yaml" "$(reviewed set)"
  untouched policy --for kubescape --output-dir set
  touch set/shop/mine.yaml
  untouched want 2 policy --output-dir set
  said "set/shop/mine.yaml: not of an earlier run"
  rm set/shop/mine.yaml
  want 0 policy --output-dir set
  [ "$(listed set | wc -l)" -eq 3 ]
  [ "$(files set | wc -l)" -eq 5 ]
  not grep -q annotations set/kustomization.yaml
}

@test "a list is of an earlier run whatever the layout, and somebody's own without its first line" {
  record shop
  policy --output-dir set
  sed -i 's/^- \(.*\)/  - "\1"/' set/kustomization.yaml
  want 0 policy --output-dir set
  [ "$(listed set | wc -l)" -eq 3 ]
  sed -i 1d set/kustomization.yaml
  untouched want 2 policy --output-dir set
  said "set/kustomization.yaml and 1 more: not of an earlier run"
}

# named NAMESPACE NAME: a pod that speaks, in names.jsonl and inventory.yaml.
named() {
  count=$((${count:-1} + 1))
  [ -e names.jsonl ] ||
    echo '{"type":"header","version":1,"node":"n1","from":"2026-01-31T12:00:00Z","until":"2026-01-31T14:00:00Z"}' > names.jsonl
  printf '{"type":"pod","node":"n1","namespace":"%s","name":"%s","addresses":[{"address":"10.244.1.%s","from":"2026-01-31T12:00:00Z"}]}\n' "$1" "$2" $count >> names.jsonl
  printf '{"type":"flow","node":"n1","from":{"address":"10.244.1.%s"},"to":{"address":"192.0.2.7"},"protocol":"TCP","port":443,"first_seen":"2026-01-31T12:05:30Z"}\n' $count >> names.jsonl
  printf -- '---\n{kind: Pod, metadata: {name: %s, namespace: %s, labels: {app: web%s}}, spec: {containers: [{name: main}]}}\n' "$2" "$1" $count >> inventory.yaml
}

@test "names that are too long for a file are cut, and stay apart" {
  long=$(printf 'a%.0s' {1..242})
  named shop "$long"1
  named shop "$long"2
  named shop $(printf 'b%.0s' {1..253})
  named $(printf 'n%.0s' {1..63}) $(printf 'c%.0s' {1..253})
  "$report" import --into names.db names.jsonl
  for kind in $(kinds); do
    for format in yaml json; do
      db=names.db want 0 policy --for "$kind" -o $format --output-dir "$kind"
      [ "$(find "$kind" -type f | wc -l)" -eq 5 ]
      same 255 "$(find "$kind" -type f -printf '%f\n' | awk '{ if (length > most) most = length } END { print most }')"
      list=$(cat "$kind/kustomization.yaml")
      db=names.db want 0 policy --for "$kind" -o $format --output-dir "$kind"
      same "$list" "$(cat "$kind/kustomization.yaml")"
    done
  done
}

@test "namespaces that begin alike are told apart" {
  {
    echo '{"type":"header","version":1,"node":"n1","from":"2026-01-31T12:00:00Z","until":"2026-01-31T14:00:00Z"}'
    i=1
    for namespace in a a-b a0 ab; do
      i=$((i + 1))
      printf '{"type":"pod","node":"n1","namespace":"%s","name":"web","addresses":[{"address":"10.244.1.%s","from":"2026-01-31T12:00:00Z"}]}\n' $namespace $i
      printf '{"type":"flow","node":"n1","from":{"address":"10.244.1.%s"},"to":{"address":"192.0.2.7"},"protocol":"TCP","port":443,"first_seen":"2026-01-31T12:05:30Z"}\n' $i
      printf -- '---\n{kind: Pod, metadata: {name: web, namespace: %s, labels: {app: web}}}\n' $namespace >> inventory.yaml
    done
  } > alike.jsonl
  "$report" import --into alike.db alike.jsonl
  db=alike.db
  policy --output-dir set
  [ "$(listed set | wc -l)" -eq 4 ]
  untouched want 0 policy --output-dir set
  rm -r set/a/*
  mkdir set/a/more
  untouched want 2 policy --output-dir set
  said "set/a/more: not of an earlier run"
}

@test "a new and an empty directory are filled, one with a foreign file is not, and the file is named" {
  record shop
  mkdir set
  touch set/README.md set/.gitignore
  untouched want 2 policy --output-dir set
  said "set/.gitignore and 1 more: not of an earlier run"
  rm set/.gitignore
  untouched want 2 policy --output-dir set
  said "set/README.md: not of an earlier run"
  rm set/README.md
  want 0 policy --output-dir set
  mkdir set/shop/more
  touch set/shop/more/x
  untouched want 2 policy --output-dir set
  said "set/shop/more: not of an earlier run"
  rm -r set/shop/more
  mkdir set/empty
  untouched want 2 policy --output-dir set
  said "set/empty: not of an earlier run"
}

@test "a list that no run wrote is somebody's own" {
  record shop
  policy --output-dir set
  printf 'namePrefix: x-\n' >> set/kustomization.yaml
  untouched want 2 policy --output-dir set
  said "set/kustomization.yaml and 1 more: not of an earlier run"
  rm -r set
  mkdir set
  printf 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- ../../etc/passwd.yaml\n' > set/kustomization.yaml
  untouched want 2 policy --output-dir set
  said "set/kustomization.yaml: not of an earlier run"
}

@test "a link is not followed, wherever it stands" {
  record shop
  policy --output-dir set
  mkdir elsewhere
  cp set/shop/* elsewhere
  rm -r set/shop
  ln -s ../elsewhere set/shop
  want 2 policy --workload deploy/api --output-dir set
  said "set/shop: not of an earlier run"
  [ "$(files elsewhere | wc -l)" -eq 3 ]
  rm set/shop
  mkdir set/shop set/.netpol-stage
  ln -s "$PWD/elsewhere" set/.netpol-stage/shop
  want 0 policy --output-dir set
  [ "$(files elsewhere | wc -l)" -eq 3 ]
  [ "$(files set | wc -l)" -eq 5 ]
}

@test "a run that is killed or fails while it writes changes no file, and the next one goes on" {
  record shop
  policy --workload deploy/api --output-dir set
  before=$(cat set/kustomization.yaml set/shop/*)
  # Files may have 600 bytes: it is killed in the midst of one; then it is told that there is no more room.
  want 153 prlimit --fsize=600 "$report" policy --db shop.db --inventory inventory.yaml --output-dir set
  [ -e set/.netpol-stage ]
  [ "$before" = "$(cat set/kustomization.yaml set/shop/*)" ]
  want 2 env --ignore-signal=XFSZ prlimit --fsize=600 "$report" policy --db shop.db --inventory inventory.yaml --output-dir set
  said "set/shop/api-netpol.yaml: File too large"
  [ "$before" = "$(cat set/kustomization.yaml set/shop/*)" ]
  [ ! -e set/.netpol-stage ]
  want 0 policy --output-dir set
  [ "$(files set | wc -l)" -eq 5 ]
}

@test "a run that ends between its renames leaves a list of all, and the next one goes on" {
  record shop
  policy --output-dir set
  cp set/kustomization.yaml all
  policy --workload deploy/api --output-dir set
  # The list comes first, with what was there and what is to come; then it ends.
  cp all set/kustomization.yaml
  mkdir -p set/.netpol-stage/shop
  touch set/.netpol-stage/shop/db-netpol.yaml
  want 0 policy --workload sts/db --output-dir set
  same "kustomization.yaml
shop
shop/db-netpol.yaml" "$(files set)"
  same shop/db-netpol.yaml "$(listed set)"
}

@test "a namespace that is no name for a directory is refused, and nothing is written outside" {
  cat > evil.jsonl <<'LINES'
{"type":"header","version":1,"node":"n1","from":"2026-01-31T12:00:00Z","until":"2026-01-31T14:00:00Z"}
{"type":"pod","node":"n1","namespace":"../evil","name":"web","labels":{"app":"web"},"addresses":[{"address":"10.244.1.2","from":"2026-01-31T12:00:00Z"}]}
{"type":"flow","node":"n1","from":{"address":"10.244.1.2","namespace":"../evil","name":"web"},"to":{"address":"192.0.2.7"},"protocol":"TCP","port":443,"first_seen":"2026-01-31T12:05:30Z"}
LINES
  cat > inventory.yaml <<'OBJECTS'
{kind: Pod, metadata: {name: web, namespace: ../evil, labels: {app: web}}}
OBJECTS
  "$report" import --into evil.db evil.jsonl
  db=evil.db want 0 policy --output-dir set
  said 'Pod/web in ../evil: no policy: no cluster can have a namespace of that name'
  [ ! -e evil ]
  same kustomization.yaml "$(files set)"
}

@test "a bad name is no end of the others" {
  named ../evil web
  named shop web
  "$report" import --into names.db names.jsonl
  db=names.db want 0 policy --default-deny --output-dir set
  said 'Pod/web in ../evil: no policy: no cluster can have a namespace of that name'
  same "kustomization.yaml
shop
shop/default-deny.yaml
shop/web-netpol.yaml" "$(files set)"
  db=names.db want 2 policy -n ../evil --output-dir set
  said "the files of an earlier run stay (2)"
}

@test "a directory that cannot be made or written is named" {
  record shop
  want 2 policy --output-dir no/such/set
  said "no/such/set: No such file or directory"
  touch file
  want 2 policy --output-dir file
  said "file: Not a directory"
}

@test "two runs do not write in one directory at a time" {
  record shop
  mkdir set
  flock set "$report" policy --db shop.db --inventory inventory.yaml --output-dir set > out 2> err &&
    return 1
  said "set: Device or resource busy"
  want 0 policy --output-dir set
}
