# For the tests of the command lines: the programs, and a small record to ask about.

setup() {
  unset NETPOL_DB
  export LC_ALL=C
  report=$abs_top_builddir/netpol-report
  daemon=$abs_top_builddir/netpold
  golden=$abs_top_srcdir/tests/golden
  cd "$BATS_TEST_TMPDIR"
}

# want STATUS COMMAND...: runs it with its output in the files out and err.
want() {
  local wanted=$1 got=0
  shift
  "$@" > out 2> err || got=$?
  [ "$got" -eq "$wanted" ] || {
    echo "$*: ended with $got, not with $wanted"
    head -n 20 out err
    return 1
  }
}

# said TEXT: standard error has that text.
said() {
  grep -qF -- "$1" err || {
    echo "not said: $1"
    head -n 20 err
    return 1
  }
}

silent() {
  [ ! -s "$1" ] || {
    echo "$1 is not empty:"
    head -n 20 "$1"
    return 1
  }
}

# same EXPECTED ACTUAL: two texts.
same() {
  diff -u --label expected --label actual <(printf '%s\n' "$1") <(printf '%s\n' "$2")
}

# record NAME: the database of a golden case, as NAME.db, and its inventory.yaml.
record() {
  "$report" import --into "$1.db" "$golden/$1/evidence.jsonl"
  [ ! -e "$golden/$1/inventory.yaml" ] || cat "$golden/$1/inventory.yaml" > inventory.yaml
}

# The help of a command with each option on one line.
unwrapped_help() {
  "$report" "$1" --help | awk '
    /^                    / { sub(/^ +/, " "); printf "%s", $0; next }
    { printf "%s%s", (NR > 1 ? "\n" : ""), $0 }
    END { print "" }'
}

# Those of policy --for.
kinds() {
  unwrapped_help policy | sed -n 's/.* the kind of object: //p' | sed 's/ (default)//; s/,//g'
}

commands() {
  "$report" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'
}

# Those that need a record to answer, and nothing else.
questions() {
  local command help
  for command in $(commands); do
    help=$("$report" "$command" --help)
    case $help in
    *--filename* | *--into* | "Usage: netpol-report $command [OPTION]... "*) ;;
    *) echo "$command" ;;
    esac
  done
}

# not COMMAND...: fails if it succeeds; errexit does not heed what stands behind "!".
not() {
  if "$@"; then
    echo "should fail: $*"
    return 1
  fi
}

# full COMMAND...: its standard output is a full disk, its standard error in the file err.
full() {
  "$@" > /dev/full 2> err
}

closed() {
  "$@" >&- 2> err
}
