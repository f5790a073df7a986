-- Edges that an interval cuts, with what their windows in it did. ?1 from, ?2 until, ?3 where to begin
SELECT edge.id, edge.node, edge.source, edge.destination, edge.service, edge.translated, edge.source_pod, edge.destination_pod,
	edge.protocol, edge.port, edge.service_port, edge.verdict, edge.direction_uncertain,
	edge.source_prefix, edge.destination_prefix,
	part.connections, part.closed, part.counted, part.packets_sent, part.packets_received, part.bytes_sent, part.bytes_received,
	part.timed_out, part.reset, part.evicted, part.deleted, part.vanished, part.first_seen, part.last_seen
FROM (
	SELECT edge, sum(connections) AS connections, sum(closed) AS closed, sum(counted) AS counted,
		sum(packets_sent) AS packets_sent, sum(packets_received) AS packets_received,
		sum(bytes_sent) AS bytes_sent, sum(bytes_received) AS bytes_received,
		sum(timed_out) AS timed_out, sum(reset) AS reset, sum(evicted) AS evicted,
		sum(deleted) AS deleted, sum(vanished) AS vanished,
		min(window + first_seen) AS first_seen, max(window + last_seen) AS last_seen
	FROM flow
	WHERE window >= ?3 AND window < ?2 AND window + first_seen < ?2 AND window + last_seen >= ?1
	GROUP BY edge
) AS part
CROSS JOIN edge ON edge.id = part.edge
WHERE edge.first_seen < ?1 OR edge.last_seen >= ?2;
