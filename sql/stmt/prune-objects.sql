-- Deletes states of objects that ended before a moment. ?1 moment, ?2 limit
DELETE FROM object WHERE id IN (SELECT id FROM object WHERE until < ?1 ORDER BY until LIMIT ?2);
