# For bats: runs a test's script as root of a user namespace of its own, as an unprivileged user outside of it.

nobody=65534

# As root the programs are copied to where an unprivileged user can read them; so is what a test file names in tools.
setup_file() {
  local reason
  export work_dir
  work_dir=$(mktemp -d)
  chmod 755 "$work_dir"
  cp "$abs_top_builddir/netpold" "$abs_top_builddir/netpol-report" "$abs_top_srcdir/tests/netns/lab.sh" "$work_dir"
  [ -z "${tools:-}" ] || (cd "$abs_top_builddir" && cp $tools "$work_dir")
  chmod 755 "$work_dir"/*
  if ! reason=$(missing); then
    export skip_reason=$reason
  fi
}

teardown_file() {
  rm -rf "$work_dir"
}

setup() {
  [ -z "${skip_reason:-}" ] || skip "$skip_reason"
  lab=$(unprivileged mktemp -d)
}

teardown() {
  [ -z "${lab:-}" ] || rm -rf "$lab"
}

unprivileged() {
  if [ "$(id -u)" -eq 0 ]; then
    setpriv --reuid="$nobody" --regid="$nobody" --clear-groups "$@"
  else
    "$@"
  fi
}

# What is not here, on stdout; fails if anything is not.
missing() {
  local tool
  for tool in unshare setpriv ip nft ss socat conntrack jq sqlite3 ping; do
    command -v "$tool" >/dev/null || PATH=$PATH:/usr/sbin:/sbin command -v "$tool" >/dev/null || {
      echo "the program $tool is missing"
      return 1
    }
  done
  unprivileged unshare --user --map-root-user --net --mount --pid --fork --mount-proc true 2>/dev/null || {
    echo "this system does not let an unprivileged user make user namespaces"
    return 1
  }
  unprivileged unshare --user --map-root-user --net --mount nft add table inet probe 2>/dev/null || {
    echo "nf_tables is not to be had in a user namespace"
    return 1
  }
}

# The module that makes system calls fail (tests/netns/faults.c), beside the programs.
setup_faults() {
  [ -e "$work_dir/faults.so" ] ||
    ${CC:-cc} -D_GNU_SOURCE -shared -fPIC -O1 -o "$work_dir/faults.so" "$abs_top_srcdir/tests/netns/faults.c" -ldl
  chmod 755 "$work_dir/faults.so"
}

# in_namespace <<'END' … END: the script, after lab.sh
in_namespace() {
  {
    printf 'programs=%q lab=%q\n. %q\n' "$work_dir" "$lab" "$work_dir/lab.sh"
    cat
  } > "$lab/script"
  chmod 755 "$lab/script"
  unprivileged env -i PATH="$PATH:/usr/sbin:/sbin" HOME=/ LC_ALL=C \
    timeout --kill-after=5 "${namespace_seconds:-120}" unshare ${owner_namespace---user --map-root-user} --net --mount --pid --fork --kill-child --mount-proc bash "$lab/script" 3>&-
}
