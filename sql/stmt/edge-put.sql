-- Adds to an edge by its identifying columns, makes it if need be, and gives its number.
INSERT INTO edge (
	node, source, destination, service, translated, source_pod, destination_pod, protocol, port, service_port, verdict,
	direction_uncertain, source_prefix, destination_prefix, connections, closed, counted, packets_sent, packets_received,
	bytes_sent, bytes_received, timed_out, reset, evicted, deleted, vanished, first_seen, last_seen
) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21,
	?22, ?23, ?24, ?25, ?26, ?27, ?28)
ON CONFLICT (
	source, destination, ifnull(port, -1), protocol, verdict, node, direction_uncertain, ifnull(service, 0),
	ifnull(service_port, -1), ifnull(translated, 0), ifnull(source_pod, 0), ifnull(destination_pod, 0),
	ifnull(source_prefix, 0), ifnull(destination_prefix, 0)
) DO UPDATE SET
	connections = connections + excluded.connections,
	closed = closed + excluded.closed,
	counted = counted + excluded.counted,
	packets_sent = packets_sent + excluded.packets_sent,
	packets_received = packets_received + excluded.packets_received,
	bytes_sent = bytes_sent + excluded.bytes_sent,
	bytes_received = bytes_received + excluded.bytes_received,
	timed_out = timed_out + excluded.timed_out,
	reset = reset + excluded.reset,
	evicted = evicted + excluded.evicted,
	deleted = deleted + excluded.deleted,
	vanished = vanished + excluded.vanished,
	first_seen = min(first_seen, excluded.first_seen),
	last_seen = max(last_seen, excluded.last_seen)
RETURNING id;
