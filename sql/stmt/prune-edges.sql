-- Edges last seen before a moment, and before all windows there are. ?1 moment, ?2 limit
SELECT id, first_seen FROM edge WHERE last_seen < min(?1, (SELECT ifnull(min(window), ?1) FROM flow)) LIMIT ?2;
