-- Edges last seen before a moment that have no window left. ?1 moment, ?2 limit
SELECT id, last_seen FROM edge
WHERE last_seen < ?1 AND NOT EXISTS (SELECT 1 FROM flow WHERE flow.edge = edge.id)
LIMIT ?2;
