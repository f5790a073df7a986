-- One connection as a row of its own; parameters as in flow-fold.
INSERT INTO flow (
	window, edge, sequence, length, connections, closed, counted, packets_sent, packets_received, bytes_sent, bytes_received,
	timed_out, reset, evicted, deleted, vanished, first_seen, last_seen
) VALUES (
	?2, ?1, (SELECT ifnull(max(sequence), 0) + 1 FROM flow WHERE window = ?2 AND edge = ?1), ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,
	?11, ?12, ?13, ?14, ?15, ?16, ?17
);
