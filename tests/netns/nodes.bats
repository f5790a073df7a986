#!/usr/bin/env bats
# Three nodes, each with its own record: the merged one counts each connection once, and knows both of its ends.

load namespace.bash

# in_cluster <<'END' … END: the script, after lab.sh and nodes.bash
in_cluster() {
  cat "$abs_top_srcdir/tests/netns/nodes.bash" - | in_namespace
}

@test "each connection counts once, with both ends bound, whatever lies between" {
  in_cluster <<'END'
nodes_start
pod_on 1 web 2; pod_on 1 near 3; pod_on 2 api 2; pod_on 3 job 2
for port in 8080 8081; do serve api TCP-LISTEN:$port; done
serve near TCP-LISTEN:8080
node_rules 1 nat prerouting dstnat 'ip daddr 10.96.0.10 tcp dport 80 dnat to 10.244.2.2:8081'
node_rules 3 nat postrouting srcnat 'ip saddr 10.244.3.0/24 ip daddr != 10.244.3.0/24 masquerade'
node_rules 2 filter forward 10 'tcp dport 9090 drop'
in_node 1 sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_syn_sent=1
node_netpold 1 2 3
say web TCP:10.244.1.3:8080 || die "same node"
for again in 1 2; do say web TCP:10.244.2.2:8080 || die "other node"; done
for again in 1 2 3; do say web TCP:10.96.0.10:80 || die "service"; done
say job TCP:10.244.2.2:8080 || die "masqueraded"
in_pod web timeout 1 socat -u TCP:10.244.2.2:9090 - 2>/dev/null && die "not dropped"
of 2
wait_for 20 eval '[ "$(connections ".verdict == \"denied\"")" = 1 ]'
node_end TERM 1 2 3

of 1 2 3
edge '.to.name == "near" and .from.name == "web" and .connections == 1 and .vantage == "both" and .recorded_by == ["node-1"]'
edge '.port == 8080 and .to.name == "api" and .from.name == "web"'
edge '.port == 8080 and .to.name == "api" and .from.name == "web" and .connections == 2 and .service == null and
  .vantage == "destination" and .recorded_by == ["node-1", "node-2"] and .from.node == "node-1" and .to.node == "node-2"'
edge '.port == 8081'
edge '.port == 8081 and .from.name == "web" and .to.name == "api" and .connections == 3 and .vantage == "destination" and
  .service.address == "10.96.0.10" and .service.port == 80 and .recorded_by == ["node-1", "node-2"]'
edge '.port == 8080 and .from.name == "job"'
edge '.from.name == "job" and .to.name == "api" and .connections == 1 and .translated == "192.0.2.3" and
  .recorded_by == ["node-3", "node-2"]'
no_edge '.from.kind == "node" or .from.kind == "external"'
edge '.port == 9090'
edge '.port == 9090 and .verdict == "denied" and .from.name == "web" and .to.name == "api" and .vantage == "destination"'
[ "$(connections '.verdict == "answered"')" = 7 ] || die "$(report edges "${databases[@]}")"
report status "${databases[@]}" -o json > "$lab/status"
jq -e '.connections.opened == 7 and .connections.answered == 7 and .connections.denied == 1 and .connections.unanswered == 0 and
  (.nodes | map(.name)) == ["node-1", "node-2", "node-3"] and (.stores | length) == 3' "$lab/status" >/dev/null || die "$(cat "$lab/status")"

# The order of the files does not matter, and a copy of one changes nothing but what is said of it.
cp "$lab/2.db" "$lab/copy.db"
report edges "${databases[@]}" -o json > "$lab/edges"
report edges --db "$lab/3.db" --db "$lab/1.db" --db "$lab/2.db" -o json | cmp - "$lab/edges" || die "order"
report edges "${databases[@]}" --db "$lab/copy.db" -o json 2> "$lab/problems" | cmp - "$lab/edges" || die "copy"
grep -q 'warning: node-2: .*both have what this node recorded' "$lab/problems" || die "$(cat "$lab/problems")"

# One file with all of them says the same.
report flows "${databases[@]}" -o jsonl | report import --into "$lab/all.db" -
report edges --db "$lab/all.db" -o json | cmp - "$lab/edges" || die "$(report edges --db "$lab/all.db" -o json | diff - "$lab/edges")"

# A node's own record is not merged.
report edges "${databases[@]}" --node node-2 -o json |
  jq -e 'all(.[]; .recorded_by == ["node-2"]) and any(.[]; .from.kind == "node" and .from.name == "node-3")' >/dev/null || die "node-2"

# What the missing one knew alone is not known, the rest is.
of 1 3
edge '.port == 8080 and .from.name == "web" and .to.address == "10.244.2.2" and .to.name == null and .connections == 2 and .vantage == "source"'
edge '.port == 8081 and .connections == 3'
edge '.from.name == "job" and .connections == 1'
edge '.port == 9090 and .verdict != "denied"'
of 2 3
edge '.port == 8080 and .to.name == "api" and .from.address == "10.244.1.2" and .connections == 2 and .vantage == "destination"'
edge '.from.name == "job" and .to.name == "api" and .connections == 1'
END
}

@test "policies have the client that the destination saw, and the destination that the source knew" {
  in_cluster <<'END'
nodes_start
pod_on 1 web 2; pod_on 2 api 2; pod_on 3 job 2
serve api TCP-LISTEN:8080
node_rules 1 nat prerouting dstnat 'ip daddr 10.96.0.10 tcp dport 80 dnat to 10.244.2.2:8080'
node_rules 3 nat postrouting srcnat 'ip saddr 10.244.3.0/24 ip daddr != 10.244.3.0/24 masquerade'
node_netpold 1 2 3
say web TCP:10.96.0.10:80 || die "service"
say job TCP:10.244.2.2:8080 || die "masqueraded"
node_end TERM 1 2 3
of 1 2 3
for name in web api job; do
  printf -- '---\n{kind: Pod, metadata: {namespace: shop, name: %s, uid: uid-%s, labels: {app: %s}}}\n' $name $name $name
done > "$lab/inventory.yaml"
report policy "${databases[@]}" --inventory "$lab/inventory.yaml" -o json --exact > "$lab/policy" 2>/dev/null
of_pod() { jq -c ".items[] | select(.spec.podSelector.matchLabels.app == \"$1\") | .spec.$2" "$lab/policy"; }
of_pod api ingress > "$lab/ingress"
grep -q '"podSelector":{"matchLabels":{"app":"web"}}' "$lab/ingress" || die "$(cat "$lab/ingress")"
grep -q '"cidr":"192.0.2.3/32"' "$lab/ingress" || die "$(cat "$lab/ingress")"
grep -q '"app":"job"' "$lab/ingress" && die "$(cat "$lab/ingress")"
for name in web job; do
  of_pod $name egress | grep -q '"podSelector":{"matchLabels":{"app":"api"}}' || die "$(cat "$lab/policy")"
done

# Tomorrow the client is behind another node.
report policy "${databases[@]}" --inventory "$lab/inventory.yaml" -o json > "$lab/policy" 2>/dev/null
of_pod api ingress > "$lab/ingress"
grep -q '"podSelector":{"matchLabels":{"app":"job"}}' "$lab/ingress" || die "$(cat "$lab/ingress")"
for node in 1 2 3; do
  grep -q "\"cidr\":\"192.0.2.$node/32\"" "$lab/ingress" || die "$(cat "$lab/ingress")"
done
END
}

@test "where the destination's node missed something, the source's record counts" {
  in_cluster <<'END'
nodes_start
pod_on 1 web 2; pod_on 2 api 2; pod_on 2 other 3; pod_on 3 job 2
serve api TCP-LISTEN:8080
serve other TCP-LISTEN:8080
node_netpold 1 2 3
say web TCP:10.244.2.2:8080 || die "first"
of 2
wait_for 10 eval '[ "$(connections true)" = 1 ]'
node_end KILL 2
for again in 1 2 3; do say web TCP:10.244.2.2:8080 || die "unseen"; done
in_node 2 conntrack -F 2>/dev/null
node_netpold 2
say web TCP:10.244.2.2:8080 || die "after"
ends_missed() { report status --db "$lab/2.db" -o json | jq -e 'any(.gaps[]; .source == "conntrack")'; }
wait_for 20 ends_missed
say job TCP:10.244.2.3:8080 || die "other"
node_end TERM 1 2 3
of 2
[ "$(connections '.to.name == "api"')" = 2 ] || die "node-2 saw $(report edges "${databases[@]}")"
of 1 2 3
edge '.to.name == "api"'
edge '.to.name == "api" and .from.name == "web" and .connections == 5 and .vantage == "source" and .recorded_by == ["node-1", "node-2"]'
edge '.to.name == "other" and .from.name == "job" and .connections == 1 and .vantage == "destination" and .recorded_by == ["node-3", "node-2"]'
report status "${databases[@]}" -o json | jq -e '.connections.answered == 6 and (.complete | not) and any(.gaps[]; .node == "node-2" and .source == "daemon")' >/dev/null ||
  die "$(report status "${databases[@]}")"
END
}
