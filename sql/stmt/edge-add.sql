-- Adds to an edge by its number. ?1 edge, ?2 to ?8 totals, ?9 first seen, ?10 last seen
UPDATE edge SET
	connections = connections + ?2,
	closed = closed + ?3,
	counted = counted + ?4,
	packets_sent = packets_sent + ?5,
	packets_received = packets_received + ?6,
	bytes_sent = bytes_sent + ?7,
	bytes_received = bytes_received + ?8,
	first_seen = min(first_seen, ?9),
	last_seen = max(last_seen, ?10)
WHERE id = ?1;
