-- A node's facts.
SELECT name, value FROM fact WHERE node = ?1 ORDER BY name;
