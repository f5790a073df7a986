-- Deletes an edge.
DELETE FROM edge WHERE id = ?1
RETURNING node, first_seen, last_seen, connections;
