-- A gap of the same kind that overlaps or touches. ?1 node, ?2 source, ?3 since, ?4 until, ?5 reason
SELECT id, since, until, at_most FROM gap
WHERE node = ?1 AND source = ?2 AND until >= ?3 AND since <= ?4 AND reason = ?5
LIMIT 1;
