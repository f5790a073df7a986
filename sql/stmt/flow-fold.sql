-- Adds to an edge's window. ?1 edge, ?2 window, ?3 length, ?4 to ?10 totals, ?11 first seen, ?12 last seen
INSERT INTO flow (
	window, edge, sequence, length, connections, closed, counted, packets_sent, packets_received, bytes_sent, bytes_received,
	first_seen, last_seen
) VALUES (?2, ?1, 0, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
ON CONFLICT (window, edge, sequence) DO UPDATE SET
	length = max(length, excluded.length),
	connections = connections + excluded.connections,
	closed = closed + excluded.closed,
	counted = counted + excluded.counted,
	packets_sent = packets_sent + excluded.packets_sent,
	packets_received = packets_received + excluded.packets_received,
	bytes_sent = bytes_sent + excluded.bytes_sent,
	bytes_received = bytes_received + excluded.bytes_received,
	first_seen = min(first_seen, excluded.first_seen),
	last_seen = max(last_seen, excluded.last_seen);
