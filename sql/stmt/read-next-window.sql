-- The first window not before a moment.
SELECT window FROM flow WHERE window >= ?1 ORDER BY window LIMIT 1;
