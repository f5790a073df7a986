-- Gives all edges to the reader's own visit_edge(), with the first of their counts and columns as in read-edges, until it has had enough.
SELECT 1
FROM edge
WHERE visit_edge(id, node, source, destination, service, translated, source_pod, destination_pod, protocol, port, service_port, verdict,
	direction_uncertain, source_prefix, destination_prefix, first_seen, last_seen, connections, closed, packets_sent);
