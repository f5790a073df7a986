#!/usr/bin/env bats
# The direction of sight: what a folder may include, and what a program may be linked from.

bats_require_minimum_version 1.5.0

setup_file() {
  cd "$abs_top_srcdir"
}

# The folders of src/ whose hand-over headers (second column, "-" for none) the folder may include; base/ is open to all.
sight='
base
kernel    base
identity  base
sources   base identity/claim.h identity/labels.h identity/pod.h
flow      base kernel/event.h kernel/loss.h identity/pod.h identity/labels.h identity/interval.h
store     base kernel/event.h kernel/loss.h identity/pod.h identity/labels.h flow/flow.h
model     base kernel/event.h kernel/loss.h identity/pod.h identity/labels.h identity/interval.h identity/inventory.h flow/flow.h store/store.h
policy    base identity/pod.h identity/labels.h identity/inventory.h flow/flow.h store/store.h model/graph.h
output    base
'

# includes FOLDER: "file: header" for every header of the project that it names
includes() {
  grep -ho '^#include "[^"]*"' src/"$1"/*.[ch] | sed 's/#include "\(.*\)"/\1/' | sort -u
}

@test "a stage includes its own headers, base/, and the hand-over headers of the stages to its left" {
  cd "$abs_top_srcdir"
  local folder allowed header wrong=
  while read -r folder allowed; do
    [ -n "$folder" ] || continue
    [ -d "src/$folder" ] || { echo "no folder src/$folder"; return 1; }
    while read -r header; do
      case " $allowed $folder " in
      *" ${header%%/*} "* | *" $header "*) ;;
      *) wrong="$wrong$folder includes $header
" ;;
      esac
    done < <(includes "$folder")
  done <<< "$sight"
  echo "$wrong"
  [ -z "$wrong" ]
}

@test "every folder of src/ is a stage, or daemon/ or cli/" {
  cd "$abs_top_srcdir"
  local folder
  for folder in src/*/; do
    folder=$(basename "$folder")
    case $folder in
    daemon | cli) ;;
    *) grep -q "^$folder\b" <<< "$sight" || { echo "$folder has no line in the table"; return 1; } ;;
    esac
  done
}

@test "daemon/ sees no compiler and no cli/; cli/ sees no kernel, no sources and no daemon/" {
  cd "$abs_top_srcdir"
  run ! grep -nE '^#include "(model|policy|output|cli)/' src/daemon/*.[ch]
  run ! grep -nE '^#include "(kernel/(feed|rules|nlsock|ct_|nflog)|sources|daemon)' src/cli/*.[ch]
}

@test "every source includes its own header first" {
  cd "$abs_top_srcdir"
  local file first wrong=
  for file in src/*/*.c; do
    [ -f "${file%.c}.h" ] || continue
    first=$(grep -m 1 '^#include' "$file")
    [ "$first" = "#include \"$(cut -d / -f 2- <<< "${file%.c}.h")\"" ] || wrong="$wrong $file"
  done
  echo "$wrong"
  [ -z "$wrong" ]
}

# defined PROGRAM PATTERN: which symbols of the project or of libraries it has or wants
symbols() {
  "${NM:-nm}" "$abs_top_builddir/$1" | grep -E "$2"
}

@test "the reader links no netlink, the daemon no compiler" {
  run ! symbols netpol-report ' (mnl_|nfct_|nftnl_|ct_feed_|nghttp2_|protobuf_c_|runtime__|cri_|rules_open|node_state_|merge_new|writer_|track_)'
  run ! symbols netpold ' (graph_build|policy_derive|kind_networkpolicy|output_yaml|inventory_add)'
  symbols netpold ' T ct_feed_open$'
  symbols netpol-report ' T graph_build$'
}

@test "nothing of ours is mutable and global" {
  local archive found
  # Constant tables with pointers lie in .data.rel.ro, which is read-only once the program runs.
  found=$(for archive in "$abs_top_builddir"/lib{base,record,identity,cri,collect,store,compile,cli}.a; do
    objdump -t "$archive" | grep -E '\s\.(data|bss|tbss|tdata)(\.[^r]\S*)?\s' | grep -vE ' \.\S+$|[_.](asan|ubsan|odr|sancov|gcov|llvm|tsan)| __unnamed_[0-9]+$'
  done || true)
  echo "$found"
  [ -z "$found" ]
}

@test "there is one home for everything that ends the program or prints: daemon/ and cli/" {
  cd "$abs_top_srcdir"
  run ! grep -nE '\b(exit|abort|perror|puts|system|popen)\(' src/{base,kernel,identity,sources,flow,store,model,policy,output}/*.c
}
