# For golden.bats and update.sh: what netpol-report says about a case.
#
# A case is a directory here with evidence.jsonl, perhaps an inventory.yaml or inventory.json, and the answers that are
# expected: COMMAND.FORMAT (COMMAND.txt for a table), and problems.txt for what policy says on standard error, which is
# nothing where that file is missing. verify.txt is about the policies that policy generates.

# prepare CASE: its database and inventory, in the working directory. Names in messages are the same everywhere then.
prepare() {
  local file
  rm -f golden.db evidence.jsonl inventory.*
  for file in "$1"/evidence.jsonl "$1"/inventory.*; do
    [ ! -e "$file" ] || cat "$file" > "${file##*/}"
  done
  "$report" import --into golden.db evidence.jsonl
}

# expected CASE: the names of its expected files.
expected() {
  local file
  for file in "$1"/*; do
    case ${file##*/} in
      evidence.jsonl | inventory.yaml | inventory.json) ;;
      *) echo "${file##*/}" ;;
    esac
  done
}

# ask COMMAND FORMAT [OPTION]...: standard output and standard error are those of the command.
ask() {
  local options=("${@:3}") file
  for file in inventory.*; do
    [ ! -e "$file" ] || [ "$1" = flows ] || options+=(--inventory "$file")
  done
  "$report" --db golden.db "$1" --format "$2" "${options[@]}"
}

# What SQLite makes of the database's size is no part of the answer.
without_store() {
  sed -e '/^store  /d' -e '/^  "store": {$/,/^  },$/d' -e '/^  "stores": \[$/,/^  \],$/d'
}

# answer FILE: what should be in that expected file.
answer() {
  case $1 in
    problems.txt) ask policy yaml 2>&1 >/dev/null ;;
    status.txt) ask status table 2>/dev/null | without_store ;;
    status.json) ask status json 2>/dev/null | without_store ;;
    # It ends with 1 where something would be denied or cannot be decided.
    verify.txt) ask verify table --with-generated 2>/dev/null || [ $? -eq 1 ] ;;
    *.txt) ask "${1%.txt}" table 2>/dev/null ;;
    *.*) ask "${1%.*}" "${1##*.}" 2>/dev/null ;;
    *) return 1 ;;
  esac
}
