-- Edges after ?1, up to ?2.
SELECT id, node, source, destination, service, translated, source_pod, destination_pod, protocol, port, service_port, verdict,
	direction_uncertain, source_prefix, destination_prefix, first_seen, last_seen, connections, closed, packets_sent,
	counted, packets_received, bytes_sent, bytes_received, timed_out, reset, evicted, deleted, vanished
FROM edge
WHERE id > ?1 AND id <= ?2
ORDER BY id;
