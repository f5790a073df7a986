-- Adds to an edge's window. ?1 edge, ?2 window, ?3 length, ?4 to ?15 totals, ?16 first seen, ?17 last seen
INSERT INTO flow (
	window, edge, sequence, length, connections, closed, counted, packets_sent, packets_received, bytes_sent, bytes_received,
	timed_out, reset, evicted, deleted, vanished, first_seen, last_seen
) VALUES (?2, ?1, 0, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
ON CONFLICT (window, edge, sequence) DO UPDATE SET
	length = max(length, excluded.length),
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
	last_seen = max(last_seen, excluded.last_seen);
