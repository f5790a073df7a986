-- For people with sqlite3: the tables with names, addresses and times as text. Never read by the programs; made anew when they change.

DROP VIEW IF EXISTS nodes;
CREATE VIEW nodes AS -- machines that recorded into this file
SELECT name,
	strftime('%Y-%m-%dT%H:%M:%fZ', first / 1000.0, 'unixepoch') AS first,
	strftime('%Y-%m-%dT%H:%M:%fZ', heartbeat / 1000.0, 'unixepoch') AS heartbeat
FROM node;

DROP VIEW IF EXISTS pods;
CREATE VIEW pods AS -- which pod had which address when, and what is known of its sandbox; until, ended NULL: still; labels, created NULL: not known
SELECT node.name AS node, pod.namespace, pod.name, pod_address.address,
	strftime('%Y-%m-%dT%H:%M:%fZ', pod_address.since / 1000.0, 'unixepoch') AS since,
	strftime('%Y-%m-%dT%H:%M:%fZ', pod_address.until / 1000.0, 'unixepoch') AS until,
	pod_address.exact, pod_address.secondary,
	pod.uid, pod.sandbox, pod.host_network,
	strftime('%Y-%m-%dT%H:%M:%fZ', pod.created / 1000.0, 'unixepoch') AS created,
	strftime('%Y-%m-%dT%H:%M:%fZ', pod.ended / 1000.0, 'unixepoch') AS ended,
	pod.labels, pod.source, pod.conflict
FROM pod
JOIN node ON node.id = pod.node
LEFT JOIN pod_address ON pod_address.pod = pod.id;

DROP VIEW IF EXISTS pod_words;
CREATE VIEW pod_words AS -- what each source said of each pod
SELECT node.name AS node, pod.namespace, pod.name, pod.sandbox, pod_word.source, pod_word.place, pod_word.said
FROM pod_word
JOIN pod ON pod.id = pod_word.pod
JOIN node ON node.id = pod.node;

DROP VIEW IF EXISTS objects;
CREATE VIEW objects AS -- Kubernetes objects as the nodes' inventory files had them when; until NULL: still
SELECT node.name AS node, object.kind, object.namespace, object.name,
	strftime('%Y-%m-%dT%H:%M:%fZ', object.since / 1000.0, 'unixepoch') AS since,
	strftime('%Y-%m-%dT%H:%M:%fZ', object.until / 1000.0, 'unixepoch') AS until,
	object.uid, object.content
FROM object
JOIN node ON node.id = object.node;

DROP VIEW IF EXISTS edges;
CREATE VIEW edges AS -- who asked whom for what, and how it went; pods NULL: none of the node that recorded; 203.0.113.0/24: many addresses in one edge; packets and bytes NULL: not counted
SELECT edge.id, node.name AS node,
	edge.source || ifnull('/' || edge.source_prefix, '') AS source,
	source_pod.namespace || '/' || source_pod.name AS source_pod,
	edge.destination || ifnull('/' || edge.destination_prefix, '') AS destination,
	destination_pod.namespace || '/' || destination_pod.name AS destination_pod,
	CASE edge.protocol WHEN 1 THEN 'ICMP' WHEN 6 THEN 'TCP' WHEN 17 THEN 'UDP' WHEN 58 THEN 'ICMPv6' WHEN 132 THEN 'SCTP'
		ELSE CAST(edge.protocol AS TEXT) END AS protocol,
	edge.port,
	edge.service, edge.service_port,
	edge.translated,
	CASE edge.verdict WHEN 1 THEN 'answered' WHEN 2 THEN 'one-way' WHEN 3 THEN 'refused' WHEN 4 THEN 'unanswered'
		WHEN 5 THEN 'denied' ELSE 'unknown' END AS verdict,
	edge.direction_uncertain, edge.connections, edge.closed,
	edge.timed_out, edge.reset, edge.evicted, edge.deleted, edge.vanished,
	CASE WHEN edge.counted > 0 THEN edge.packets_sent END AS packets_sent,
	CASE WHEN edge.counted > 0 THEN edge.packets_received END AS packets_received,
	CASE WHEN edge.counted > 0 THEN edge.bytes_sent END AS bytes_sent,
	CASE WHEN edge.counted > 0 THEN edge.bytes_received END AS bytes_received,
	strftime('%Y-%m-%dT%H:%M:%fZ', edge.first_seen / 1000.0, 'unixepoch') AS first_seen,
	strftime('%Y-%m-%dT%H:%M:%fZ', edge.last_seen / 1000.0, 'unixepoch') AS last_seen
FROM edge
JOIN node ON node.id = edge.node
LEFT JOIN pod AS source_pod ON source_pod.id = edge.source_pod
LEFT JOIN pod AS destination_pod ON destination_pod.id = edge.destination_pod;

DROP VIEW IF EXISTS flows;
CREATE VIEW flows AS -- what each edge did in each window; more about the edge is in edges, by id
SELECT strftime('%Y-%m-%dT%H:%M:%fZ', flow.window / 1000.0, 'unixepoch') AS window,
	flow.length AS length_ms, flow.edge,
	edges.node, edges.source, edges.source_pod, edges.destination, edges.destination_pod, edges.protocol, edges.port, edges.verdict,
	flow.connections, flow.closed, flow.timed_out, flow.reset, flow.evicted, flow.deleted, flow.vanished,
	CASE WHEN flow.counted > 0 OR flow.packets_sent <> 0 THEN flow.packets_sent END AS packets_sent,
	CASE WHEN flow.counted > 0 OR flow.packets_received <> 0 THEN flow.packets_received END AS packets_received,
	CASE WHEN flow.counted > 0 OR flow.bytes_sent <> 0 THEN flow.bytes_sent END AS bytes_sent,
	CASE WHEN flow.counted > 0 OR flow.bytes_received <> 0 THEN flow.bytes_received END AS bytes_received,
	strftime('%Y-%m-%dT%H:%M:%fZ', (flow.window + flow.first_seen) / 1000.0, 'unixepoch') AS first_seen,
	strftime('%Y-%m-%dT%H:%M:%fZ', (flow.window + flow.last_seen) / 1000.0, 'unixepoch') AS last_seen
FROM flow
JOIN edges ON edges.id = flow.edge;

DROP VIEW IF EXISTS gaps;
CREATE VIEW gaps AS -- when something may have been missed; at_most NULL: no bound known
SELECT node.name AS node, gap.source,
	strftime('%Y-%m-%dT%H:%M:%fZ', gap.since / 1000.0, 'unixepoch') AS since,
	strftime('%Y-%m-%dT%H:%M:%fZ', gap.until / 1000.0, 'unixepoch') AS until,
	gap.at_most, gap.reason
FROM gap
JOIN node ON node.id = gap.node;

DROP VIEW IF EXISTS node_addresses;
CREATE VIEW node_addresses AS -- which addresses were the nodes' own, when
SELECT node.name AS node, node_address.address,
	strftime('%Y-%m-%dT%H:%M:%fZ', node_address.since / 1000.0, 'unixepoch') AS since,
	strftime('%Y-%m-%dT%H:%M:%fZ', node_address.until / 1000.0, 'unixepoch') AS until
FROM node_address
JOIN node ON node.id = node_address.node;

DROP VIEW IF EXISTS facts;
CREATE VIEW facts AS -- what is known about each node and its run
SELECT node.name AS node, fact.name, fact.value,
	strftime('%Y-%m-%dT%H:%M:%fZ', fact.since / 1000.0, 'unixepoch') AS since
FROM fact
JOIN node ON node.id = fact.node;
