-- Deletes an edge unless it was seen again since it was chosen. ?1 edge, ?2 last seen
DELETE FROM edge WHERE id = ?1 AND last_seen = ?2
RETURNING node, first_seen, last_seen, connections;
