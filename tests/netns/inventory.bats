#!/usr/bin/env bats
# A file with the cluster's objects, read while netpold runs: what it tells, when it changes, and when it is gone.

load namespace.bash

cluster='
inventory=$lab/cluster.json
node() {
  jq -cn "{apiVersion: \"v1\", kind: \"Node\", metadata: {name: \"$1\"}, spec: {podCIDR: \"${2:-10.0.0.0/24}\"}}"
}
# cluster FILE-CONTENT: replaces the file at once
cluster() {
  cat > "$lab/.cluster"
  mv "$lab/.cluster" "$inventory"
}
# now WHERE: how many rows of objects are so
now() {
  sqlite3 -readonly "$db" "SELECT count(*) FROM objects WHERE $1"
}
is_now() {
  [ "$(now "$1")" = "$2" ]
}
fact() {
  sqlite3 -readonly "$db" "SELECT value FROM facts WHERE name = '\''$1'\''"
}
has_fact() {
  fact "$1" | grep -q "$2"
}'

@test "states of objects follow the file, whether it is replaced, written over or broken" {
  in_namespace <<END
$cluster
lab_start
{ node a; node b; } | cluster
configure '[identity]' "inventory = \$inventory"
netpold_start
wait_for 20 is_now 'until IS NULL' 2
has_fact source.inventory "^\$inventory\$" || die "\$(fact source.inventory)"
{ node a 10.0.1.0/24; node b; } | cluster
wait_for 20 is_now "name = 'a' AND until IS NULL AND content LIKE '%10.0.1.0/24%'" 1
is_now "name = 'a' AND until IS NOT NULL" 1 || die "\$(sqlite3 "\$db" 'SELECT * FROM objects')"
node a 10.0.1.0/24 > "\$inventory"
wait_for 20 is_now "name = 'b' AND until IS NOT NULL" 1
{ node a; echo '{'; } | cluster
wait_for 20 has_fact source.inventory.problem "cluster.json:"
is_now "until IS NULL" 1 || die "the broken file counted"
grep -q 'inventory: .*cluster.json' "\$lab/netpold.log" || die "nothing was logged"
{ node a 10.0.1.0/24; node c; } | cluster
wait_for 20 is_now "name = 'c' AND until IS NULL" 1
[ -z "\$(fact source.inventory.problem)" ] || die "\$(fact source.inventory.problem)"
netpold_stop
END
}

@test "a database that knows nothing is told all, and a run that reads no file ends what one told" {
  in_namespace <<END
$cluster
lab_start
{ node a; node b; } | cluster
configure '[identity]' "inventory = \$inventory"
netpold_start
wait_for 20 is_now 'until IS NULL' 2
rm "\$db"
wait_for 20 is_now 'until IS NULL' 2
node a | cluster
netpold_stop
netpold_start
wait_for 20 is_now "name = 'b' AND until IS NOT NULL" 1
configure '[identity]' 'inventory = none'
kill -HUP "\$netpold"
wait_for 20 is_now 'until IS NULL' 0
configure '[identity]' "inventory = \$inventory"
kill -HUP "\$netpold"
wait_for 20 is_now "name = 'a' AND until IS NULL" 1
netpold_stop
configure
netpold_start
wait_for 20 is_now 'until IS NULL' 0
[ -z "\$(fact source.inventory)" ] || die "\$(fact source.inventory)"
netpold_stop
END
}
