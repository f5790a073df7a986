-- What one edge has in one window, if anything was seen in an interval; columns as in read-flows. ?1 from, ?2 until, ?3 window, ?4 edge
SELECT edge.id, edge.node, edge.source, edge.destination, edge.service, edge.translated, edge.source_pod, edge.destination_pod,
	edge.protocol, edge.port, edge.service_port, edge.verdict, edge.direction_uncertain,
	edge.source_prefix, edge.destination_prefix,
	flow.window + flow.first_seen, flow.window + flow.last_seen,
	flow.connections, flow.closed, flow.packets_sent,
	flow.counted, flow.packets_received, flow.bytes_sent, flow.bytes_received,
	flow.timed_out, flow.reset, flow.evicted, flow.deleted, flow.vanished, flow.window, flow.length, flow.sequence
FROM flow
CROSS JOIN edge ON edge.id = flow.edge
WHERE flow.window = ?3 AND flow.edge = ?4
	AND flow.window + flow.first_seen < ?2 AND flow.window + flow.last_seen >= ?1
ORDER BY flow.sequence;
