# For golden.bats and update.sh: what netpol-report says about a case.
#
# A case is a directory here with evidence.jsonl, perhaps an inventory.yaml or inventory.json, and the answers that are
# expected: COMMAND.FORMAT (COMMAND.txt for a table), policy-KIND.yaml for policies as objects of that kind, and problems.txt
# for what policy says on standard error, which is nothing where that file is missing. verify.txt is about the policies that
# policy generates. How they are generated may stand in the file options, one word a line; networks.yaml is for
# --known-networks there. What is in policy-options is for policy alone.

# prepare CASE: its database and inventory, in the working directory. Names in messages are the same everywhere then.
prepare() {
  local file
  rm -f golden.db evidence.jsonl inventory.* options policy-options networks.yaml
  for file in "$1"/evidence.jsonl "$1"/inventory.* "$1"/options "$1"/policy-options "$1"/networks.yaml; do
    [ ! -e "$file" ] || cat "$file" > "${file##*/}"
  done
  "$report" import --into golden.db evidence.jsonl
}

# expected CASE: the names of its expected files.
expected() {
  local file
  for file in "$1"/*; do
    case ${file##*/} in
      evidence.jsonl | inventory.yaml | inventory.json | options | policy-options | networks.yaml) ;;
      *) echo "${file##*/}" ;;
    esac
  done
}

# ask COMMAND FORMAT [OPTION]...: standard output and standard error are those of the command.
ask() {
  local options=("${@:3}") words=() file
  for file in inventory.*; do
    [ ! -e "$file" ] || [ "$1" = flows ] || options+=(--inventory "$file")
  done
  if [ -e options ] && { [ "$1" = policy ] || [ "${3-}" = --with-generated ]; }; then
    mapfile -t words < options
    options+=("${words[@]}")
  fi
  if [ -e policy-options ] && [ "$1" = policy ]; then
    mapfile -t words < policy-options
    options+=("${words[@]}")
  fi
  "$report" --db golden.db "$1" --format "$2" "${options[@]}"
}

# What SQLite makes of the database's size is no part of the answer.
without_store() {
  sed -e '/^store  /d' -e '/^  "store": {$/,/^  },$/d' -e '/^  "stores": \[$/,/^  \],$/d'
}

# answer FILE: what should be in that expected file.
answer() {
  local file
  case $1 in
    problems.txt) ask policy yaml 2>&1 >/dev/null ;;
    status.txt) ask status table 2>/dev/null | without_store ;;
    status.json) ask status json 2>/dev/null | without_store ;;
    policy-*.yaml) file=${1%.yaml}; ask policy yaml --for "${file#policy-}" 2>/dev/null ;;
    # It ends with 1 where something would be denied or cannot be decided.
    verify.txt) ask verify table --with-generated 2>/dev/null || [ $? -eq 1 ] ;;
    *.txt) ask "${1%.txt}" table 2>/dev/null ;;
    *.*) ask "${1%.*}" "${1##*.}" 2>/dev/null ;;
    *) return 1 ;;
  esac
}

# unproved CASE: what of its record the policies that are generated from it deny, or may deny: LIST|SUBJECT|DIRECTION|PEER|
# PROTOCOL|PORT. That is what policy leaves out, and says so: peers whose labels nobody knows, ends that cannot be named, and
# what may have run the other way, and what is rarer than was asked for.
unproved() {
  case $1 in
    ambiguous-address)
      echo 'unknown|shop/web[Pod]|egress|10.244.1.3 (ambiguous)|TCP|8080'
      ;;
    changed-hands)
      echo 'unknown|shop/web[Pod]|egress|10.244.2.9 (ambiguous)|TCP|8080'
      ;;
    classes)
      echo 'denied|shop/web[Pod]|egress|10.244.2.77 (pod)|TCP|80'
      ;;
    clock-skew)
      echo 'unknown|shop/web[Pod]|egress|10.244.2.2 (ambiguous)|TCP|9090'
      ;;
    direction-of-two-nodes)
      echo 'denied|shop/api[Pod]|ingress|shop/web[Pod]|TCP|5434'
      echo 'denied|shop/web[Pod]|egress|shop/api[Pod]|TCP|5434'
      ;;
    empty-selector-after-filtering)
      echo 'denied|shop/web[Pod]|egress|shop/task[Deployment]|TCP|8080'
      ;;
    folded-external)
      echo 'unknown|shop/web[Pod]|ingress|10.244.0.0/16 (ambiguous)|TCP|8081'
      echo 'unknown|shop/web[Pod]|ingress|203.0.113.0/24 (ambiguous)|TCP|8080'
      ;;
    inventory-pod-in-time)
      echo 'denied|shop/web[Pod]|egress|10.244.3.10 (pod)|TCP|5433'
      echo 'denied|shop/web[Pod]|egress|10.244.3.9 (pod)|TCP|5432'
      echo 'unknown|shop/web[Pod]|egress|10.244.3.12 (pod)|TCP|5435'
      ;;
    labels-recorded)
      echo 'denied|shop/db[StatefulSet]|ingress|lab/mystery[Pod]|TCP|5432'
      ;;
    min-connections)
      echo 'denied|shop/api[Pod]|egress|198.51.100.7|TCP|443'
      echo 'denied|shop/api[Pod]|egress|shop/db[Pod]|TCP|5432'
      echo 'denied|shop/api[Pod]|ingress|shop/web[Pod]|TCP|8081'
      echo 'denied|shop/web[Pod]|egress|shop/api[Pod]|TCP|8081'
      ;;
    moved-node-address)
      echo 'unknown|shop/web[Pod]|egress|192.0.2.101 (node)|TCP|6446'
      ;;
    stored-objects-in-time)
      echo 'denied|shop/web[Pod]|egress|10.244.9.10 (pod)|TCP|5435'
      echo 'denied|shop/web[Pod]|egress|10.244.9.12 (pod)|TCP|5437'
      echo 'denied|shop/web[Pod]|egress|10.244.9.9 (pod)|TCP|5433'
      ;;
    uncertain-direction)
      echo 'unknown|shop/api[Pod]|egress|shop/web[Pod]|TCP|41972'
      echo 'unknown|shop/web[Pod]|ingress|shop/api[Pod]|TCP|41972'
      ;;
  esac
}
