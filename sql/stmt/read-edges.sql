-- Edges that lie inside an interval, with all they did. ?1 from, ?2 until
SELECT id, node, source, destination, service, translated, source_pod, destination_pod, protocol, port, service_port, verdict,
	direction_uncertain, source_prefix, destination_prefix, first_seen, last_seen, connections, closed, packets_sent,
	counted, packets_received, bytes_sent, bytes_received, timed_out, reset, evicted, deleted, vanished
FROM edge
WHERE first_seen >= ?1 AND last_seen < ?2;
