-- Deletes all past states of an object but the last ones. ?1 node, ?2 kind, ?3 namespace, ?4 name, ?5 how many stay
DELETE FROM object WHERE id IN (
	SELECT id FROM object WHERE node = ?1 AND kind = ?2 AND namespace = ?3 AND name = ?4 AND until IS NOT NULL
	ORDER BY since DESC LIMIT -1 OFFSET ?5
);
