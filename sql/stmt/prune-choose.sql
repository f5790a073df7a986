-- The edges that are missed least: those that went wrong or have an end outside, then the others, each by last use. ?1 limit
SELECT id, first_seen FROM edge
ORDER BY verdict < 3 AND source_pod IS NOT NULL AND destination_pod IS NOT NULL, last_seen
LIMIT ?1;
