-- What edges did in windows with anything seen in an interval, row by row. ?1 from, ?2 until, ?3 where to begin; edges after ?4, up to ?5
SELECT edge, connections, closed, counted, packets_sent, packets_received, bytes_sent, bytes_received,
	timed_out, reset, evicted, deleted, vanished, window + first_seen, window + last_seen
FROM flow
WHERE window >= ?3 AND window < ?2 AND window + first_seen < ?2 AND window + last_seen >= ?1 AND +edge > ?4 AND +edge <= ?5;
