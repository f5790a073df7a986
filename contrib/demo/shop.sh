#!/bin/bash
# A small shop in pods of its own, with netpold beside it: the inner half of contrib/quickstart.
#
#   shop.sh NODE PROGRAMS RESULT      runs inside cluster_enter
#
# NODE gets the cluster's files and logs, PROGRAMS holds netpold and netpol-report, RESULT gets
# flows.db, inventory.json, netpold.conf and netpold.log.
#
#   outside ──▶ node:30080 ──▶ web ──▶ api.shop (10.96.0.20:80) ──▶ api, two pods (8080) ──┐
#                               │                                        │                 ▼
#                               └──▶ kube-dns (10.96.0.10:53) ◀──────────┘     ╳──── db-0 (5432)
#                                                                          intruder
set -uo pipefail

. "$(dirname "${BASH_SOURCE[0]}")/cluster.sh"

node=$1
programs=$2
result=$3
db=$result/flows.db
talk=$node/talk

node_address=192.0.2.10
visitor=198.51.100.7
dns_service=10.96.0.10
api_service=10.96.0.20
web_service=10.96.0.30
web_node_port=30080

started=() # process ids of what talks, newest last
netpold=

say() {
	echo "$*"
}

die() {
	echo "quickstart: $*" >&2
	exit 1
}

finish() {
	local status=$?
	trap - EXIT INT TERM HUP
	started+=(${netpold:+"$netpold"})
	if [ ${#started[@]} -gt 0 ]; then
		kill "${started[@]}" 2>/dev/null
		wait "${started[@]}" 2>/dev/null
	fi
	cluster_stop
	exit "$status"
}

# start_in NAMESPACE POD COMMAND...: in the background, inside the pod's network.
start_in() {
	pod_start "$@" >>"$node/talk.log" 2>&1
	started+=($!)
}

# The same name has the same uid.
uid_of() {
	printf %s "$*" | sha1sum | sed -E 's/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*/\1-\2-5\3-8\4-\5/'
}

# shop_pod NAMESPACE NAME KEY=VALUE...: a pod with the labels that it has on a real node, those of
# its owner's making among them.
shop_pod() {
	local namespace=$1 name=$2
	shift 2
	pod_run "$namespace" "$name" "$(uid_of "$namespace" "$name")" "$@" ||
		die "pod $namespace/$name did not start, see containerd.log"
}

# shop_service NAMESPACE NAME CLUSTER-IP SELECTOR PORT TARGET PROTOCOL...
shop_service() {
	local namespace=$1 name=$2 address=$3 selector=$4 port=$5 target=$6
	shift 6
	jq -n --arg namespace "$namespace" --arg name "$name" --arg address "$address" \
		--arg selector "$selector" --argjson port "$port" --argjson target "$target" '
		{apiVersion: "v1", kind: "Service", metadata: {namespace: $namespace, name: $name},
		 spec: {clusterIP: $address, clusterIPs: [$address],
			selector: ($selector | split("=") | {(.[0]): .[1]}),
			ports: [$ARGS.positional[] | {name: ascii_downcase, protocol: .,
				port: $port, targetPort: $target}]}}' \
		--args "$@" >>"$node/services.json"
}

# What "kubectl get services -A -o json" would print here. The names of services are all that
# nothing on a node tells.
write_inventory() {
	jq -s '{apiVersion: "v1", kind: "List", items: .}' "$node/services.json" \
		>"$result/inventory.json"
}

start_pods() {
	local hash=5d8c7b9f64
	shop_pod kube-system coredns-6f6b679f8f-kq2xv k8s-app=kube-dns pod-template-hash=6f6b679f8f
	shop_pod shop web-7c6d5f8b9d-x8m4p app=web pod-template-hash=7c6d5f8b9d
	shop_pod shop api-$hash-bz9tl app=api pod-template-hash=$hash
	shop_pod shop api-$hash-wn5gc app=api pod-template-hash=$hash
	shop_pod shop db-0 app=db statefulset.kubernetes.io/pod-name=db-0 \
		controller-revision-hash=db-57d4cf8bf9 apps.kubernetes.io/pod-index=0
	shop_pod lab intruder app=intruder
	shop_service kube-system kube-dns $dns_service k8s-app=kube-dns 53 53 UDP TCP
	shop_service shop web $web_service app=web 80 8080 TCP
	shop_service shop api $api_service app=api 80 8080 TCP
	shop_service shop db None app=db 5432 5432 TCP
	write_inventory
	dns=(kube-system coredns-6f6b679f8f-kq2xv)
	web=(shop web-7c6d5f8b9d-x8m4p)
	api_1=(shop "api-$hash-bz9tl")
	api_2=(shop "api-$hash-wn5gc")
}

# A visitor beside the cluster: an address that is neither a pod's nor the node's.
start_outside() {
	ip addr add $node_address/32 dev lo &&
		ip netns add outside &&
		ip link add outside type veth peer name eth0 netns outside &&
		ip addr add 198.51.100.1/24 dev outside &&
		ip link set outside up &&
		ip -n outside addr add $visitor/24 dev eth0 &&
		ip -n outside link set eth0 up &&
		ip -n outside route add default via 198.51.100.1 ||
		die 'the network beside the cluster could not be made'
}

# What kube-proxy does for services, in its table, and one rule that drops.
start_rules() {
	local dns_a api_a api_b web_a db_a intruder_a
	dns_a=$(pod_address "${dns[@]}")
	api_a=$(pod_address "${api_1[@]}")
	api_b=$(pod_address "${api_2[@]}")
	web_a=$(pod_address "${web[@]}")
	db_a=$(pod_address shop db-0)
	intruder_a=$(pod_address lab intruder)
	nft -f - <<-RULES || die 'the rules of the services could not be loaded'
		table ip kube-proxy {
			chain services {
				type nat hook prerouting priority dstnat
				ip daddr $dns_service udp dport 53 dnat to $dns_a:53
				ip daddr $dns_service tcp dport 53 dnat to $dns_a:53
				ip daddr $api_service tcp dport 80 \
					dnat to numgen inc mod 2 map { 0 : $api_a, 1 : $api_b } : 8080
				ip daddr $node_address tcp dport $web_node_port dnat to $web_a:8080
			}
		}
		table ip shop {
			chain intruders {
				type filter hook forward priority filter
				ip saddr $intruder_a ip daddr $db_a tcp dport 5432 drop
			}
		}
	RULES
}

start_servers() {
	start_in "${dns[@]}" "$talk" dns 53 "api.shop=$api_service" \
		"db.shop=$(pod_address shop db-0)"
	start_in "${web[@]}" "$talk" listen 8080
	start_in "${api_1[@]}" "$talk" listen 8080
	start_in "${api_2[@]}" "$talk" listen 8080
	start_in shop db-0 "$talk" listen 5432
	# Each server is asked from inside its own pod, which the node's connection tracking does
	# not see.
	{
		wait_until 10 pod_exec "${dns[@]}" "$talk" ask 1 127.0.0.1 db.shop &&
			wait_until 10 pod_exec "${web[@]}" "$talk" call 1 - 127.0.0.1 8080 &&
			wait_until 10 pod_exec "${api_1[@]}" "$talk" call 1 - 127.0.0.1 8080 &&
			wait_until 10 pod_exec "${api_2[@]}" "$talk" call 1 - 127.0.0.1 8080 &&
			wait_until 10 pod_exec shop db-0 "$talk" call 1 - 127.0.0.1 5432
	} 2>>"$node/talk.log" || die 'a server does not answer, see talk.log'
}

# The kernel does not say when a connection began that is older than netpold. It is a pod's if the
# pod is so much older that it cannot have been another's.
open_early_connection() {
	wait_until 20 pods_are_older_than 8 || die 'the pods have no addresses'
	pod_start "${web[@]}" "$talk" hold $dns_service api.shop 80 \
		>"$node/early" 2>>"$node/talk.log"
	started+=($!)
	wait_until 10 grep -q ready "$node/early" || die 'web does not reach api.shop, see talk.log'
}

start_netpold() {
	cat >"$result/netpold.conf" <<-CONF
		[store]
		path = $db

		[conntrack]
		# Whether a connection was answered is told at its end, or by a look at those that
		# are open.
		dump_interval = 1s

		[log-group new]
		group = 7
		meaning = new

		[identity]
		cri_socket = $node/containerd.sock

		[node]
		name = demo
	CONF
	"$programs/netpold" --config "$result/netpold.conf" >"$result/netpold.log" 2>&1 3>&- &
	netpold=$!
}

# edges_show FILTER: does it hold for what is recorded by now?
edges_show() {
	kill -0 "$netpold" 2>/dev/null || die "netpold ended, see netpold.log"
	"$programs/netpol-report" --db "$db" edges --format json 2>/dev/null |
		jq -e "$1" >/dev/null 2>&1
}

speak() {
	nsenter --net=/run/netns/outside -- "$talk" call 3 - $node_address $web_node_port ||
		die 'the visitor does not reach web'
	pod_exec "${web[@]}" "$talk" call 10 $dns_service api.shop 80 ||
		die 'web does not reach api.shop'
	local replica
	for replica in "${api_1[1]}" "${api_2[1]}"; do
		pod_exec shop "$replica" "$talk" call 5 $dns_service db.shop 5432 ||
			die 'api does not reach db.shop'
		pod_exec shop "$replica" "$talk" ask 1 $dns_service db.shop ||
			die 'api gets no name by TCP'
	done
	if pod_exec lab intruder "$talk" call 1 - "$(pod_address shop db-0)" 5432 2>/dev/null; then
		die 'the intruder reached the database'
	fi
}

main() {
	trap finish EXIT
	trap 'exit 130' INT TERM HUP
	mkdir -p "$node" "$result"

	say '== A node of its own: containerd, six pods, two services'
	cluster_start "$node" || exit 1
	cc -O2 -D_GNU_SOURCE -o "$talk" "$CLUSTER_SOURCE/talk.c" -lresolv ||
		die 'talk.c does not compile'
	start_pods
	start_outside
	start_rules
	start_servers
	open_early_connection

	say '== netpold starts; web has been connected to api.shop since before'
	start_netpold
	wait_until 20 edges_show 'any(.[]; .to.name // "" | startswith("api-"))' ||
		die 'the connection that is older than netpold was not recorded, see netpold.log'

	say '== They talk; the intruder tries the database'
	speak
	wait_until 30 edges_show '
		def answered($pod; $port): [.[] | select(.verdict == "answered" and .port == $port) |
			select(.to.name // "" | startswith($pod)) | .connections] | add;
		answered("web-"; 8080) == 3 and answered("api-"; 8080) == 11 and
		answered("db-"; 5432) == 10 and
		any(.[]; .verdict == "denied" and .from.name == "intruder")' ||
		die 'not all connections were recorded, see netpold.log'

	kill -TERM "$netpold"
	wait "$netpold"
	local status=$?
	netpold=
	[ $status -eq 0 ] || die "netpold ended with $status, see netpold.log"
}

main
