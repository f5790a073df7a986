-- Deletes all windows of an edge.
DELETE FROM flow WHERE edge = ?1;
