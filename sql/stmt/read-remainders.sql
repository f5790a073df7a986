-- What the edges' totals have beyond their windows: evidence whose windows are gone, and where it ends.
WITH part AS (
	SELECT edge, sum(connections) AS connections, sum(closed) AS closed, sum(counted) AS counted,
		sum(packets_sent) AS packets_sent, sum(packets_received) AS packets_received,
		sum(bytes_sent) AS bytes_sent, sum(bytes_received) AS bytes_received,
		sum(timed_out) AS timed_out, sum(reset) AS reset, sum(evicted) AS evicted,
		sum(deleted) AS deleted, sum(vanished) AS vanished,
		min(window + first_seen) AS since
	FROM flow
	GROUP BY edge
), rest AS (
	SELECT edge.*,
		edge.connections - ifnull(part.connections, 0) AS more_connections,
		edge.closed - ifnull(part.closed, 0) AS more_closed,
		edge.counted - ifnull(part.counted, 0) AS more_counted,
		edge.packets_sent - ifnull(part.packets_sent, 0) AS more_packets_sent,
		edge.packets_received - ifnull(part.packets_received, 0) AS more_packets_received,
		edge.bytes_sent - ifnull(part.bytes_sent, 0) AS more_bytes_sent,
		edge.bytes_received - ifnull(part.bytes_received, 0) AS more_bytes_received,
		edge.timed_out - ifnull(part.timed_out, 0) AS more_timed_out,
		edge.reset - ifnull(part.reset, 0) AS more_reset,
		edge.evicted - ifnull(part.evicted, 0) AS more_evicted,
		edge.deleted - ifnull(part.deleted, 0) AS more_deleted,
		edge.vanished - ifnull(part.vanished, 0) AS more_vanished,
		CASE WHEN part.since IS NULL THEN edge.last_seen
			ELSE min(part.since) OVER (PARTITION BY edge.node) - 1 END AS more_until
	FROM edge
	LEFT JOIN part ON part.edge = edge.id
)
SELECT id, node, source, destination, service, translated, source_pod, destination_pod, protocol, port, service_port, verdict,
	direction_uncertain, source_prefix, destination_prefix, more_connections, more_closed, more_counted, more_packets_sent, more_packets_received,
	more_bytes_sent, more_bytes_received, more_timed_out, more_reset, more_evicted, more_deleted, more_vanished,
	first_seen, last_seen, more_until
FROM rest
WHERE more_connections <> 0 OR more_closed <> 0 OR more_counted <> 0 OR more_packets_sent <> 0
	OR more_packets_received <> 0 OR more_bytes_sent <> 0 OR more_bytes_received <> 0
	OR more_timed_out <> 0 OR more_reset <> 0 OR more_evicted <> 0 OR more_deleted <> 0 OR more_vanished <> 0
ORDER BY id;
