-- Deletes all past states of an object but the last ones, and the last one of each of its last uids. ?1 node, ?2 kind, ?3 namespace, ?4 name, ?5 how many stay
DELETE FROM object WHERE id IN (
	SELECT id FROM (
		SELECT id, is_last, row_number() OVER (ORDER BY since DESC) AS place, sum(is_last) OVER (ORDER BY since DESC) AS uids FROM (
			SELECT id, since, row_number() OVER (PARTITION BY uid ORDER BY since DESC) = 1 AS is_last FROM object
			WHERE node = ?1 AND kind = ?2 AND namespace = ?3 AND name = ?4 AND until IS NOT NULL
		)
	)
	WHERE place > ?5 AND NOT (is_last AND uids <= ?5)
);
