-- All objects, a row for each state.
SELECT node.name, object.kind, object.namespace, object.name, object.uid, object.content, object.since, object.until
FROM object
JOIN node ON node.id = object.node
ORDER BY node.name, object.kind, object.namespace, object.name, object.since, object.uid;
