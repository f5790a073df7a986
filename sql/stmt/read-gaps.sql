-- Gaps in an interval. ?1 from, ?2 until
SELECT node.name, gap.source, gap.since, gap.until, gap.at_most, gap.reason
FROM gap
JOIN node ON node.id = gap.node
WHERE gap.since < ?2 AND (gap.until > ?1 OR gap.since >= ?1)
ORDER BY gap.since, gap.until, node.name, gap.source, gap.reason;
