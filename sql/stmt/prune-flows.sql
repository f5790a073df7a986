-- Deletes windows that ended before a moment, oldest first. ?1 moment, ?2 limit
DELETE FROM flow WHERE (window, edge, sequence) IN (
	SELECT window, edge, sequence FROM flow
	WHERE window < ?1 AND window + length <= ?1 AND window + last_seen < ?1
	ORDER BY window, edge, sequence
	LIMIT ?2
);
