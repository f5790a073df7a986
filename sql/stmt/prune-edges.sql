-- Deletes edges last seen before a moment that have no window left. ?1 moment, ?2 limit
DELETE FROM edge WHERE id IN (
	SELECT id FROM edge WHERE last_seen < min(?1, (SELECT ifnull(min(window), ?1) FROM flow)) LIMIT ?2
);
