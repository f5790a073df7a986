-- What all migrations add up to, for reading; a test holds the two together. The program itself runs the migrations.

PRAGMA application_id = 1850765164; -- the bytes "nPol"

-- Addresses are text everywhere, in the one form of RFC 5952: 10.0.0.1, fd00::1.

CREATE TABLE node ( -- A machine that recorded into this file. All times in all tables, where no unit is named: milliseconds since 1970-01-01 UTC.
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE CHECK (name <> ''),
	first INTEGER,                     -- time of the first committed batch; NULL: none yet
	heartbeat INTEGER,                 -- time of the last committed batch: what happened later is not in this file
	longest INTEGER NOT NULL DEFAULT 0 -- largest flow.last_seen ever written: how far before a moment a search in flow has to begin
) STRICT;

CREATE TABLE store ( -- What the file keeps for itself, in one row. Private to netpold.
	seed BLOB NOT NULL CHECK (length(seed) = 16), -- of edge.fingerprint
	edges INTEGER NOT NULL,                       -- edges ever made: the number of the last one
	batches INTEGER NOT NULL                      -- batches ever committed: tells an older copy of the file from the file
) STRICT;

CREATE TABLE pod ( -- One sandbox of a pod on its node. A pod whose sandbox is replaced is a new row with the same uid. '' is unknown.
	id INTEGER PRIMARY KEY,
	node INTEGER NOT NULL REFERENCES node,
	namespace TEXT NOT NULL,
	name TEXT NOT NULL,
	uid TEXT NOT NULL,      -- as the API server knows the pod
	sandbox TEXT NOT NULL,  -- container id of the sandbox
	source TEXT NOT NULL,   -- where this was read: cni-result, or several: cni-result,cri
	conflict TEXT NOT NULL, -- what the sources contradict one another in: whose the sandbox is cannot be said; '': nothing
	labels TEXT,            -- as the sandbox was made with: a JSON object; NULL: not known
	host_network INTEGER NOT NULL CHECK (host_network IN (0, 1)), -- 1: shares the node's network, and has no address of its own
	created INTEGER,        -- the sandbox; NULL: not known
	ended INTEGER           -- the sandbox; NULL: not yet
) STRICT;

CREATE UNIQUE INDEX pod_sandbox ON pod (node, sandbox) WHERE sandbox <> '';
CREATE UNIQUE INDEX pod_name ON pod (node, namespace, name, uid) WHERE sandbox = '';
CREATE INDEX pod_ended ON pod (ended) WHERE ended IS NOT NULL;

CREATE TABLE pod_address ( -- When an address was a pod's: from since up to, not including, until.
	pod INTEGER NOT NULL REFERENCES pod,
	address TEXT NOT NULL,
	since INTEGER NOT NULL,
	until INTEGER, -- NULL: still
	exact INTEGER NOT NULL CHECK (exact IN (0, 1)),         -- 1: allocated at since; 0: it may have been the pod's some seconds before
	secondary INTEGER NOT NULL CHECK (secondary IN (0, 1)), -- 1: of a further network, which no policy covers
	PRIMARY KEY (pod, address, since)
) STRICT, WITHOUT ROWID;

CREATE INDEX pod_address_since ON pod_address (address, since);
CREATE INDEX pod_address_until ON pod_address (until, pod) WHERE until IS NOT NULL;

CREATE TABLE pod_word ( -- What each source said of a pod, so that anyone can see why a pod is what it is: until it ends, and longer where they contradict one another.
	pod INTEGER NOT NULL REFERENCES pod,
	source TEXT NOT NULL, -- one of those in pod.source
	place TEXT NOT NULL,  -- the file or the socket that it was read from
	said TEXT NOT NULL,   -- a JSON object, as it was said last
	PRIMARY KEY (pod, source, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE object ( -- A Kubernetes object as a node's inventory file had it, a row for each state: from since up to, not including, until.
	id INTEGER PRIMARY KEY,
	node INTEGER NOT NULL REFERENCES node, -- whose netpold read the file
	kind TEXT NOT NULL,
	namespace TEXT NOT NULL, -- '': it has none
	name TEXT NOT NULL,
	uid TEXT NOT NULL,       -- '': not known
	content TEXT NOT NULL CHECK (length(content) <= 262144), -- JSON: the object, less what nobody here reads
	since INTEGER NOT NULL,  -- when netpold read it so first
	until INTEGER,           -- when it read otherwise; NULL: still so
	UNIQUE (node, kind, namespace, name, since, uid)
) STRICT;

CREATE INDEX object_until ON object (until) WHERE until IS NOT NULL;

CREATE TABLE node_address ( -- When an address was the node's own: from since up to, not including, until.
	node INTEGER NOT NULL REFERENCES node,
	address TEXT NOT NULL,
	since INTEGER NOT NULL,
	until INTEGER, -- NULL: still
	PRIMARY KEY (node, address, since)
) STRICT, WITHOUT ROWID;

CREATE TABLE edge ( -- One conversation: who asked whom for what, and how it went; client ports are folded away. Totals since the edge was first seen.
	id INTEGER PRIMARY KEY,                                        -- never used twice, see store.edges
	fingerprint INTEGER NOT NULL,                                  -- of the identifying columns, which follow: finds an edge by them; they decide
	node INTEGER NOT NULL REFERENCES node,                         -- recorded by
	source TEXT NOT NULL,                                          -- the client, as it called itself
	destination TEXT NOT NULL,                                     -- the one that answered, or would have: the backend
	service TEXT,                                                  -- the address that the client asked for, where it or its port is not the backend's (destination NAT)
	translated TEXT,                                               -- the client, as the backend saw it, where that differs (source NAT)
	source_prefix INTEGER CHECK (source_prefix BETWEEN 1 AND 128), -- many clients folded into one edge: so many bits of source hold, the rest is zero, and of translated where that is outside too; NULL: a single address
	destination_prefix INTEGER CHECK (destination_prefix BETWEEN 1 AND 128), -- the same for destination and service
	source_pod INTEGER REFERENCES pod,                             -- owner of source when the connection began; NULL: no pod known on this node
	destination_pod INTEGER REFERENCES pod,                        -- owner of destination, likewise
	protocol INTEGER NOT NULL CHECK (protocol BETWEEN 0 AND 255),  -- IANA number: 6 TCP, 17 UDP, ...
	port INTEGER CHECK (port BETWEEN 0 AND 65535),                 -- target port at destination; NULL: the protocol has none
	service_port INTEGER CHECK (service_port BETWEEN 0 AND 65535), -- port at service; NULL: no service
	verdict INTEGER NOT NULL CHECK (verdict BETWEEN 1 AND 6),      -- 1 answered, 2 one-way, 3 refused, 4 unanswered, 5 denied, 6 unknown
	direction_uncertain INTEGER NOT NULL CHECK (direction_uncertain IN (0, 1)), -- 1: picked up mid-stream, source may be the server
	connections INTEGER NOT NULL,      -- counted once each; for denied: attempts
	closed INTEGER NOT NULL,           -- of these, how many have ended
	counted INTEGER NOT NULL,          -- of these, how many had counters in the kernel; where 0, packets and bytes are not known
	packets_sent INTEGER NOT NULL,     -- source to destination
	packets_received INTEGER NOT NULL, -- destination to source
	bytes_sent INTEGER NOT NULL,
	bytes_received INTEGER NOT NULL,
	timed_out INTEGER NOT NULL,        -- of closed: silence outlasted the kernel's patience
	reset INTEGER NOT NULL,            -- of closed: a TCP RST ended it
	evicted INTEGER NOT NULL,          -- of closed: the kernel's table was full
	deleted INTEGER NOT NULL,          -- of closed: a process deleted the kernel's entry
	vanished INTEGER NOT NULL,         -- of closed: its end was not seen; what is left of closed ended in order
	first_seen INTEGER NOT NULL,
	last_seen INTEGER NOT NULL
) STRICT;

CREATE INDEX edge_fingerprint ON edge (fingerprint);

CREATE TABLE flow ( -- What an edge did in one window of time.
	window INTEGER NOT NULL,                          -- its start
	edge INTEGER NOT NULL REFERENCES edge,
	sequence INTEGER NOT NULL CHECK (sequence >= 0),  -- 0: a window; else this row is one connection, numbered among those that began at the same moment
	length INTEGER NOT NULL CHECK (length >= 0),      -- of the window; 0: this row is one connection
	connections INTEGER NOT NULL,                     -- these as in edge; negative where a connection moved on to another verdict
	closed INTEGER NOT NULL,
	counted INTEGER NOT NULL,
	packets_sent INTEGER NOT NULL,
	packets_received INTEGER NOT NULL,
	bytes_sent INTEGER NOT NULL,
	bytes_received INTEGER NOT NULL,
	timed_out INTEGER NOT NULL,
	reset INTEGER NOT NULL,
	evicted INTEGER NOT NULL,
	deleted INTEGER NOT NULL,
	vanished INTEGER NOT NULL,
	first_seen INTEGER NOT NULL CHECK (first_seen >= 0),        -- milliseconds after window
	last_seen INTEGER NOT NULL CHECK (last_seen >= first_seen), -- milliseconds after window
	PRIMARY KEY (window, edge, sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE gap ( -- A time in which a node may have missed something, and knows it.
	id INTEGER PRIMARY KEY,
	node INTEGER NOT NULL REFERENCES node,
	source TEXT NOT NULL, -- who missed it: conntrack, table, log, rules, daemon, store, identity
	since INTEGER NOT NULL,
	until INTEGER NOT NULL CHECK (until >= since),
	at_most INTEGER CHECK (at_most >= 0), -- events that may be missing; NULL: no bound known
	reason TEXT NOT NULL
) STRICT;

CREATE INDEX gap_until ON gap (node, source, until);

CREATE TABLE checkpoint ( -- What has been counted of a live connection, so that a restart counts nothing twice. Private to netpold.
	node INTEGER NOT NULL REFERENCES node,
	zone INTEGER NOT NULL,
	source BLOB NOT NULL,      -- original direction; network byte order
	destination BLOB NOT NULL,
	protocol INTEGER NOT NULL,
	has_ports INTEGER NOT NULL,
	source_port INTEGER NOT NULL,
	destination_port INTEGER NOT NULL,
	id INTEGER NOT NULL,       -- of the kernel's entry; repeats over time
	start INTEGER NOT NULL,    -- of the kernel's entry, nanoseconds since 1970-01-01 UTC; 0: not known
	reply_source BLOB NOT NULL, -- reply direction: who really answered, and whom
	reply_destination BLOB NOT NULL,
	reply_source_port INTEGER NOT NULL,
	reply_destination_port INTEGER NOT NULL,
	first INTEGER NOT NULL,    -- when it began, as well as is known, nanoseconds
	direction_uncertain INTEGER NOT NULL,
	verdict INTEGER NOT NULL,
	source_pod INTEGER,        -- those under which it was counted; NULL: under none
	destination_pod INTEGER,
	has_counters INTEGER NOT NULL,
	packets_sent INTEGER NOT NULL,
	packets_received INTEGER NOT NULL,
	bytes_sent INTEGER NOT NULL,
	bytes_received INTEGER NOT NULL,
	PRIMARY KEY (node, zone, source, destination, protocol, source_port, destination_port, id, start)
) STRICT, WITHOUT ROWID;

CREATE TABLE fact ( -- What is known about a node and its run: sysctls, sources, exclusions. Current values only.
	node INTEGER NOT NULL REFERENCES node,
	name TEXT NOT NULL,
	value TEXT NOT NULL,
	since INTEGER NOT NULL, -- when it took this value
	PRIMARY KEY (node, name)
) STRICT, WITHOUT ROWID;

INSERT INTO store (seed, edges, batches) VALUES (randomblob(16), 0, 0);

PRAGMA user_version = 1;
