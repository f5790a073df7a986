# shellcheck shell=bash
# A node of its own: a private containerd with real pods on the real CNI plugins, for bash scripts.
#
#   . contrib/demo/cluster.sh
#   cluster_enter DIRECTORY COMMAND...   runs COMMAND inside new namespaces (mount, net, pid)
#
# and inside of these:
#
#   cluster_start DIRECTORY [FIRST LAST]     containerd up; pods get addresses from FIRST to LAST
#   pod_run NAMESPACE NAME UID [KEY=VALUE]...  starts a pod with these labels
#   pod_address NAMESPACE NAME               its address
#   pod_netns NAMESPACE NAME                 the name of its network namespace
#   pod_exec NAMESPACE NAME COMMAND...       runs COMMAND in the pod's network
#   pod_start NAMESPACE NAME COMMAND...      the same in the background; $! is its process
#   pod_stop NAMESPACE NAME                  stops and removes it
#   pods_are_older_than SECONDS              the newest of their addresses was given so long ago
#   cluster_crash                            containerd killed, and started again
#   cluster_stop                             all pods removed, containerd ended
#   wait_until SECONDS COMMAND...            until COMMAND succeeds; 1 if it never did
#
# Functions return 1 and say why on stderr when something failed. DIRECTORY must be empty or
# absent and gets the logs.

CLUSTER_SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CLUSTER_SUBNET=10.244.1.0/24
CLUSTER_FIRST=10.244.1.2
CLUSTER_LAST=10.244.1.254
CLUSTER_SUBNET6= # a second address for each pod, if it is set

# Programs that cluster_start needs, each with its Debian package.
CLUSTER_NEEDS='containerd:containerd ctr:containerd runc:runc curl:curl protoc:protobuf-compiler
	jq:jq ip:iproute2 nft:nftables cc:gcc tar:tar unshare:util-linux nsenter:util-linux
	setsid:util-linux sysctl:procps'

# Where the CNI plugins are: Debian's package, else what upstream's packages use.
cluster_cni_bin() {
	local directory
	for directory in /usr/lib/cni /opt/cni/bin; do
		[ -x "$directory/ptp" ] && [ -x "$directory/host-local" ] || continue
		[ -x "$directory/loopback" ] || continue
		echo "$directory"
		return 0
	done
	return 1
}

# Prints what is missing and returns 1 if anything is.
cluster_missing() {
	local need missing=
	for need in $CLUSTER_NEEDS; do
		command -v "${need%%:*}" >/dev/null || missing+=" ${need%%:*} (package ${need##*:})"
	done
	cluster_cni_bin >/dev/null || missing+=' CNI plugins (package containernetworking-plugins)'
	[ "$(id -u)" -eq 0 ] || missing+=' root'
	[ -z "$missing" ] || { echo "missing:$missing"; return 1; }
}

wait_until() {
	local end=$((SECONDS + $1)) interval=0.05
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep "$interval"
	done
}

# Process 1 in there takes all others with it, and the mounts go with the last one. A session of
# its own, so that Ctrl-C does not end containerd before the pods were removed; unshare ignores
# SIGTERM: send it to its child.
cluster_enter() {
	local directory=$1
	shift
	mkdir -p "$directory" || return 1
	exec setsid --wait unshare --mount --net --pid --fork --kill-child --mount-proc \
		--propagation private -- "$@"
}

# cluster_mount_point DIRECTORY BASE: the directory is there and can be mounted on. It must not be
# made on the machine's own disk, so a base that lacks it gets a layer of its own.
cluster_mount_point() {
	local layer=/run/overlay/${2//\//_}
	[ ! -d "$1" ] || return 0
	mkdir -p "$layer/upper" "$layer/work" &&
		mount -t overlay netpol-demo "$2" \
			-o "lowerdir=$2,upperdir=$layer/upper,workdir=$layer/work" &&
		mkdir -p "$1"
}

# A private tmpfs where others have their state: libcni's cache and the shims' sockets have fixed
# places, and whoever asks which network plugin a node has looks into /etc/cni.
cluster_hide() {
	mount -t tmpfs -o mode=0755 netpol-demo /run || return 1
	mkdir -p /run/lock /run/netns /run/containerd || return 1
	# ip-netns(8) would bind it over itself, and the names already in there could not be
	# removed any more.
	mount --bind /run/netns /run/netns && mount --make-shared /run/netns || return 1
	cluster_mount_point /var/lib/cni /var/lib && cluster_mount_point /etc/cni/net.d /etc || return 1
	mount --bind "$CLUSTER/net.d" /etc/cni/net.d || return 1
	mount -t tmpfs -o mode=0700 netpol-demo /var/lib/cni
}

cluster_image() {
	local image=$CLUSTER/image layer
	mkdir -p "$image/rootfs" || return 1
	cc -static -Os -s -o "$image/rootfs/pause" "$CLUSTER_SOURCE/pause.c" || return 1
	tar -C "$image/rootfs" --owner=0 --group=0 -cf "$image/layer.tar" pause || return 1
	layer=sha256:$(sha256sum <"$image/layer.tar" | cut -d' ' -f1)
	jq -n --arg arch "$(cluster_arch)" --arg layer "$layer" '
		{architecture: $arch, os: "linux", config: {Entrypoint: ["/pause"]},
		 rootfs: {type: "layers", diff_ids: [$layer]}}' >"$image/config.json" || return 1
	jq -n '[{Config: "config.json", RepoTags: ["localhost/pause:demo"],
		Layers: ["layer.tar"]}]' >"$image/manifest.json" || return 1
	tar -C "$image" -cf "$image/pause.tar" manifest.json config.json layer.tar
}

# As the image format spells it, not as uname does.
cluster_arch() {
	case $(uname -m) in
	x86_64) echo amd64 ;;
	aarch64) echo arm64 ;;
	i?86) echo 386 ;;
	armv*) echo arm ;;
	*) uname -m ;;
	esac
}

cluster_start() {
	CLUSTER=$1
	[ $# -eq 1 ] || { CLUSTER_FIRST=$2 CLUSTER_LAST=$3; }
	CLUSTER_CGROUP=netpol-demo-$(stat -L -c %i /proc/self/ns/pid)
	local cni_bin
	cni_bin=$(cluster_cni_bin) || { echo 'cluster: no CNI plugins' >&2; return 1; }
	mkdir -p "$CLUSTER/net.d" "$CLUSTER/pods" || return 1
	cluster_hide || return 1
	ip link set lo up || return 1
	sysctl -qw net.ipv4.ip_forward=1 || return 1
	cluster_controllers
	sed -e "s|@NODE@|$CLUSTER|g; s|@CNI_BIN@|$cni_bin|g" \
		-e "s|@WITHOUT_CGROUP@|$CLUSTER_WITHOUT_CGROUP|" \
		"$CLUSTER_SOURCE/containerd.toml.in" >"$CLUSTER/containerd.toml"
	sed -e "s|@SUBNET@|$CLUSTER_SUBNET|; s|@FIRST@|$CLUSTER_FIRST|; s|@LAST@|$CLUSTER_LAST|" \
		-e "s|@SECOND@|${CLUSTER_SUBNET6:+, [{\"subnet\": \"$CLUSTER_SUBNET6\"\}]}|" \
		"$CLUSTER_SOURCE/pods.conflist.in" >"$CLUSTER/net.d/10-pods.conflist"
	cluster_image || return 1
	cluster_containerd || return 1
	if ! ctr --address "$CLUSTER/containerd.sock" --namespace k8s.io images import \
		--snapshotter native "$CLUSTER/image/pause.tar" >"$CLUSTER/import.log" 2>&1; then
		echo "cluster: the sandbox image was not imported, see $CLUSTER/import.log" >&2
		return 1
	fi
}

cluster_containerd() {
	containerd --config "$CLUSTER/containerd.toml" >>"$CLUSTER/containerd.log" 2>&1 3>&- &
	CLUSTER_PID=$!
	if ! wait_until 20 cluster_ready; then
		echo "cluster: containerd does not answer, see $CLUSTER/containerd.log" >&2
		return 1
	fi
}

# As if it had crashed; the pods stay.
cluster_crash() {
	kill -KILL "$CLUSTER_PID" && wait "$CLUSTER_PID" 2>/dev/null
	cluster_containerd
}

# With cgroup v2 (/sys/fs/cgroup is one hierarchy) runc turns on every controller at the root;
# which were on is remembered.
cluster_controllers() {
	CLUSTER_WITHOUT_CGROUP=false
	CLUSTER_CONTROLLERS=
	[ -e /sys/fs/cgroup/cgroup.controllers ] || return 0
	CLUSTER_CONTROLLERS=$(cat /sys/fs/cgroup/cgroup.subtree_control)
	grep -qw cpu /sys/fs/cgroup/cgroup.controllers || CLUSTER_WITHOUT_CGROUP=true
}

cluster_controllers_back() {
	local controller
	[ -e /sys/fs/cgroup/cgroup.controllers ] || return 0
	for controller in $(cat /sys/fs/cgroup/cgroup.subtree_control); do
		case " $CLUSTER_CONTROLLERS " in
		*" $controller "*) ;;
		*) echo "-$controller" >/sys/fs/cgroup/cgroup.subtree_control ;;
		esac
	done 2>/dev/null
}

cluster_ready() {
	[ -S "$CLUSTER/containerd.sock" ] && cri Version </dev/null >/dev/null 2>&1
}

# cri METHOD <REQUEST >RESPONSE, both as protobuf text. One gRPC call is one HTTP/2 POST: a zero
# byte, the length in four bytes, the message; the outcome is in the grpc-status trailer.
cri() {
	local method=$1 proto=(protoc "--proto_path=$CLUSTER_SOURCE" cri.proto) call status
	call=$(mktemp -d "$CLUSTER/call.XXXXXX") || return 1
	"${proto[@]}" --encode="runtime.v1.${method}Request" >"$call/message" || return 1
	# shellcheck disable=SC2059
	{
		printf "$(printf '00%08x' "$(stat -c %s "$call/message")" | sed 's/../\\x&/g')"
		cat "$call/message"
	} >"$call/request"
	curl --silent --show-error --max-time 30 --http2-prior-knowledge \
		--unix-socket "$CLUSTER/containerd.sock" \
		--header 'content-type: application/grpc' --header 'te: trailers' \
		--data-binary "@$call/request" --dump-header "$call/headers" --output "$call/reply" \
		"http://localhost/runtime.v1.RuntimeService/$method" || return 1
	status=$(tr -d '\r' <"$call/headers" | sed -n 's/^grpc-status: *//p')
	if [ "$status" != 0 ]; then
		echo "cluster: $method: $(sed -n 's/^grpc-message: *//p' "$call/headers")" >&2
		rm -r "$call"
		return 1
	fi
	tail -c +6 "$call/reply" | "${proto[@]}" --decode="runtime.v1.${method}Response"
	rm -r "$call"
}

# Prints the request that starts a pod.
pod_request() {
	local namespace=$1 name=$2 uid=$3 label
	shift 3
	cat <<-REQUEST
		config {
			metadata { name: "$name" uid: "$uid" namespace: "$namespace" }
			hostname: "$name"
			labels { key: "io.kubernetes.pod.name" value: "$name" }
			labels { key: "io.kubernetes.pod.namespace" value: "$namespace" }
			labels { key: "io.kubernetes.pod.uid" value: "$uid" }
	REQUEST
	for label; do
		printf '\tlabels { key: "%s" value: "%s" }\n' "${label%%=*}" "${label#*=}"
	done
	printf '\tlinux { cgroup_parent: "/%s" }\n}\n' "$CLUSTER_CGROUP"
}

# What is known of a pod, until it is stopped, lies in pods/NAMESPACE_NAME: sandbox, address and
# netns.
pod_run() {
	local namespace=$1 name=$2 directory sandbox result
	directory=$CLUSTER/pods/${namespace}_$name
	sandbox=$(pod_request "$@" | cri RunPodSandbox | sed -n 's/^pod_sandbox_id: "\(.*\)"$/\1/p')
	[ -n "$sandbox" ] || { echo "cluster: pod $namespace/$name did not start" >&2; return 1; }
	result=/var/lib/cni/results/pods-$sandbox-eth0
	mkdir -p "$directory"
	echo "$sandbox" >"$directory/sandbox"
	jq -r '.result.ips[0].address | split("/")[0]' "$result" >"$directory/address" &&
		jq -r '.result.interfaces[] | .sandbox // empty | sub(".*/"; "")' "$result" \
			>"$directory/netns"
}

pod_address() {
	cat "$CLUSTER/pods/$1_$2/address"
}

pod_netns() {
	cat "$CLUSTER/pods/$1_$2/netns"
}

pod_exec() {
	local netns
	netns=$(pod_netns "$1" "$2") || return 1
	shift 2
	nsenter --net="/run/netns/$netns" -- "$@"
}

# In the background; its process id is in $! afterwards.
pod_start() {
	local netns
	netns=$(pod_netns "$1" "$2") || return 1
	shift 2
	nsenter --net="/run/netns/$netns" -- "$@" 3>&- &
}

pod_stop() {
	local directory=$CLUSTER/pods/$1_$2 sandbox
	sandbox=$(cat "$directory/sandbox") || return 1
	cri StopPodSandbox <<<"pod_sandbox_id: \"$sandbox\"" || return 1
	cri RemovePodSandbox <<<"pod_sandbox_id: \"$sandbox\"" || return 1
	rm -r "$directory"
}

pods_are_older_than() {
	local newest
	newest=$(stat -c %Y /var/lib/cni/networks/*/[0-9]* | sort -n | tail -n 1)
	[ $(($(date +%s) - newest)) -gt "$1" ]
}

# Whatever was started, also by a start that failed half-way.
cluster_stop() {
	local sandbox
	[ -n "${CLUSTER_PID:-}" ] || return 0
	for sandbox in $(cri ListPodSandbox </dev/null | sed -n 's/^  id: "\(.*\)"$/\1/p'); do
		cri StopPodSandbox <<<"pod_sandbox_id: \"$sandbox\""
		cri RemovePodSandbox <<<"pod_sandbox_id: \"$sandbox\""
	done
	kill "$CLUSTER_PID" 2>/dev/null
	wait "$CLUSTER_PID" 2>/dev/null
	CLUSTER_PID=
	# Pod cgroups are gone with the pods; their parent is left in each hierarchy.
	find /sys/fs/cgroup -depth -type d -path "*/$CLUSTER_CGROUP*" -exec rmdir {} + 2>/dev/null
	cluster_controllers_back
	return 0
}
