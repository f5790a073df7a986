#!/usr/bin/env bats
# Real pods, made through the container runtime on real CNI plugins: who had an address is true
# for the moment.

bats_require_minimum_version 1.5.0

CALLS=20 # of the pod that lives only as long as it takes to make them

setup_file() {
	export cluster=$BATS_TEST_DIRNAME/../../contrib/demo/cluster.sh
	export programs=${abs_top_builddir:-$PWD}
}

setup() {
	local missing
	# shellcheck source=../../contrib/demo/cluster.sh
	. "$cluster"
	missing=$(cluster_missing) || skip "$missing"
	command -v socat >/dev/null || skip 'missing: socat (package socat)'
	export CALLS directory=$BATS_TEST_TMPDIR
	export db=$directory/flows.db uid=0b7c2a52-6f0e-4d6e-9f0e-3c1f6c5f8a01
}

# in_cluster FUNCTION: runs it with containerd and a pod that serves, in namespaces of its own; what it leaves is gone with them. Its
# exit status is the function's.
in_cluster() {
	declare -fx scenario_begin scenario_end netpold_begin recorded edge recorded_pod labelled ready_or_dead sandbox_ids turn "$1"
	(cluster_enter "$directory" bash -c '
		set -u
		. "$cluster"
		trap scenario_end EXIT
		scenario_begin && "$1"' bash "$1") 3>&-
}

scenario_begin() {
	CLUSTER_SUBNET6=fd00:244:1::/64
	sysctl -qw net.ipv6.conf.all.forwarding=1 || return 1
	cluster_start "$directory/node" 10.244.1.2 10.244.1.3 || return 1
	cc -O2 -D_GNU_SOURCE -o "$directory/talk" "$CLUSTER_SOURCE/talk.c" -lresolv || return 1
	pod_run lab server 0b7c2a52-6f0e-4d6e-9f0e-3c1f6c5f8a00 app=server || return 1
	pod_start lab server "$directory/talk" listen 8080
	wait_until 10 pod_exec lab server "$directory/talk" call 1 - 127.0.0.1 8080
}

netpold_begin() {
	# Whether a connection was answered is told at its end, or by a look at those that are open.
	printf '%s\n' '[store]' "path = $db" '[conntrack]' 'dump_interval = 1s' '[node]' 'name = here' \
		'[identity]' "cri_socket = $CLUSTER/containerd.sock" >"$directory/netpold.conf"
	socat -u "UNIX-RECV:$directory/notify" "OPEN:$directory/notified,creat,append" &
	wait_until 10 test -S "$directory/notify" || return 1
	NOTIFY_SOCKET=$directory/notify "$programs/netpold" --config "$directory/netpold.conf" \
		>"$directory/netpold.log" 2>&1 &
	netpold=$!
	wait_until 20 ready_or_dead && kill -0 "$netpold"
}

ready_or_dead() {
	grep -qs 'READY=1' "$directory/notified" || ! kill -0 "$netpold" 2>/dev/null
}

scenario_end() {
	local status=$?
	if [ $status -ne 0 ]; then
		cat "$directory"/*.log
		tail -n 5 "$directory/node/containerd.log"
		"$programs/netpol-report" --db "$db" edges --format json
	fi
	if kill "${netpold:-}" 2>/dev/null; then
		wait "$netpold" || { echo "netpold ended with $?"; status=1; }
	fi
	cluster_stop
	exit $status
}

# recorded NAME UID CONNECTIONS: exactly so many to the server are bound to that pod.
recorded() {
	"$programs/netpol-report" --db "$db" edges --format json 2>/dev/null |
		jq -e --arg name "$1" --arg uid "$2" --argjson count "$3" '
			[.[] | select(.to.name == "server" and .port == 8080 and .verdict == "answered") |
				select(.from.kind == "pod" and .from.name == $name and .from.uid == $uid) |
				.connections] | add == $count' >/dev/null
}

# edge FILTER, recorded_pod FILTER: is there any that it holds for?
edge() {
	"$programs/netpol-report" --db "$db" edges --format json 2>/dev/null | jq -e "any(.[]; $1)" >/dev/null
}

recorded_pod() {
	"$programs/netpol-report" --db "$db" pods --format json 2>/dev/null | jq -e "any(.[]; $1)" >/dev/null
}

# labelled NAME LABELS: the pod is recorded with these labels, a JSON object, beside those of every sandbox.
labelled() {
	"$programs/netpol-report" --db "$db" pods --format json 2>/dev/null |
		jq -e --arg name "$1" --argjson labels "$2" '
			any(.[]; .name == $name and (.labels // {} | with_entries(
				select(.key | startswith("io.kubernetes.") | not))) == $labels)' >/dev/null
}

short_life() {
	local server begin end
	netpold_begin || return 1
	server=$(pod_address lab server)
	begin=$(date +%s%3N)
	pod_run lab brief "$uid" app=brief || return 1
	pod_exec lab brief "$directory/talk" call "$CALLS" - "$server" 8080 || return 1
	pod_stop lab brief || return 1
	end=$(date +%s%3N)
	echo $((end - begin)) >"$directory/lived"
	wait_until 20 recorded brief "$uid" "$CALLS"
}

@test "all connections of a pod that lived about 300 ms are bound to it" {
	run in_cluster short_life
	echo "$output"
	echo "# from its request to its end: $(cat "$directory/lived") ms" >&3
	[ "$status" -eq 0 ]
}

# turn POD UID CALLS: a pod, so many connections of it, and its end.
turn() {
	pod_run lab "$1" "$2" "app=$1" || return 1
	pod_address lab "$1" >>"$directory/turns"
	pod_exec lab "$1" "$directory/talk" call "$3" - "$(pod_address lab server)" 8080 || return 1
	pod_stop lab "$1"
}

one_after_another() {
	local first=${uid%01}11 second=${uid%01}12
	netpold_begin || return 1
	turn first "$first" 3 && turn second "$second" 5 || return 1
	[ "$(uniq "$directory/turns" | wc -l)" -eq 1 ] || { echo 'the addresses differ'; return 1; }
	wait_until 20 recorded first "$first" 3 && wait_until 20 recorded second "$second" 5
}

@test "an address that moved from one pod to another gives each its own edges" {
	run in_cluster one_after_another
	echo "$output"
	[ "$status" -eq 0 ]
}

sandbox_ids() {
	cri ListPodSandbox </dev/null | sed -n 's/^  id: //p' | sort
}

# As a service proxy does, the node tracks connections before netpold comes.
open_connection() {
	local client=${uid%01}21 sandboxes
	nft 'add table ip proxy; add chain ip proxy forward { type filter hook forward priority 0; };
		add rule ip proxy forward ct state invalid drop' || return 1
	pod_run lab client "$client" app=client tier=front || return 1
	# The kernel tells when it last spoke, in whole seconds: before that the address was nobody's.
	wait_until 20 pods_are_older_than 3 || return 1
	pod_start lab client "$directory/talk" hold - "$(pod_address lab server)" 8080 >"$directory/held"
	local held=$!
	wait_until 10 grep -q ready "$directory/held" || return 1
	sandboxes=$(sandbox_ids)

	netpold_begin && wait_until 20 recorded client "$client" 1 || return 1
	wait_until 10 labelled client '{"app": "client", "tier": "front"}' || return 1
	wait_until 10 labelled server '{"app": "server"}' || return 1
	kill -0 "$held" && [ "$(sandbox_ids)" = "$sandboxes" ]
}

@test "a connection that is older than netpold has its pods, with their labels, and none was touched" {
	run in_cluster open_connection
	echo "$output"
	[ "$status" -eq 0 ]
}

crashed_runtime() {
	netpold_begin || return 1
	wait_until 10 labelled server '{"app": "server"}' || return 1
	cluster_crash && pod_run lab late "${uid%01}31" app=late || return 1
	wait_until 15 labelled late '{"app": "late"}'
}

@test "labels go on to come after the runtime has crashed" {
	run in_cluster crashed_runtime
	echo "$output"
	[ "$status" -eq 0 ]
}

# What a pod on the node's network says comes from the node, whoever else is on that network.
node_network() {
	pod_request kube-system agent "${uid%01}41" app=agent |
		sed '/hostname/d; s/linux {/& security_context { namespace_options { network: NODE } }/' |
		cri RunPodSandbox >/dev/null || return 1
	netpold_begin || return 1
	"$directory/talk" call 3 - "$(pod_address lab server)" 8080 || return 1
	wait_until 20 edge '.to.name == "server" and .from.kind == "node" and .connections == 3' || return 1
	wait_until 20 labelled agent '{"app": "agent"}' || return 1
	wait_until 20 recorded_pod '.name == "agent" and .host_network and .addresses == []' &&
		! edge '.from.name == "agent" or .to.name == "agent"'
}

@test "a pod on the network of its node has no address, and the node's connections are the node's" {
	run in_cluster node_network
	echo "$output"
	[ "$status" -eq 0 ]
}

two_families() {
	local netns address6
	netpold_begin && pod_run lab both "${uid%01}51" app=both || return 1
	address6=$(nsenter --net="/run/netns/$(pod_netns lab server)" ip -6 -json address show dev eth0 scope global |
		jq -r '.[0].addr_info[0].local')
	pod_start lab server socat TCP6-LISTEN:9090,fork SYSTEM:'echo hello'
	wait_until 10 pod_exec lab both socat -u "TCP6:[$address6]:9090" OPEN:/dev/null || return 1
	wait_until 20 edge '.from.name == "both" and .to.name == "server" and .to.address == "'"$address6"'"' || return 1
	wait_until 10 recorded_pod '.name == "both" and ([.addresses[].address | contains(":")] | sort) == [false, true]'
}

@test "both addresses of a pod are its own" {
	run in_cluster two_families
	echo "$output"
	[ "$status" -eq 0 ]
}
