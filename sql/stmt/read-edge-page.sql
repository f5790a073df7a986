-- The last edge of a page. ?1 the last edge passed, ?2 highest edge, ?3 edges
SELECT max(id) FROM (SELECT id FROM edge WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3);
