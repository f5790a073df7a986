-- All facts.
SELECT node.name, fact.name, fact.value, fact.since
FROM fact
JOIN node ON node.id = fact.node
ORDER BY node.name, fact.name;
