-- Adds to an edge by its number; what is taken away may have been counted on one that is gone. ?1 edge, ?2 to ?13 totals, ?14 first seen, ?15 last seen
UPDATE edge SET
	connections = max(0, connections + ?2),
	closed = max(0, closed + ?3),
	counted = max(0, counted + ?4),
	packets_sent = packets_sent + ?5,
	packets_received = packets_received + ?6,
	bytes_sent = bytes_sent + ?7,
	bytes_received = bytes_received + ?8,
	timed_out = timed_out + ?9,
	reset = reset + ?10,
	evicted = evicted + ?11,
	deleted = deleted + ?12,
	vanished = vanished + ?13,
	first_seen = min(first_seen, ?14),
	last_seen = max(last_seen, ?15)
WHERE id = ?1;
