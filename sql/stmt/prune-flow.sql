-- Deletes one window of one edge.
DELETE FROM flow WHERE window = ?1 AND edge = ?2 AND sequence = ?3;
