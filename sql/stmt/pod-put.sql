-- Makes a pod known, and gives its number.
INSERT INTO pod (node, namespace, name, uid, sandbox, source) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (node, namespace, name, uid, sandbox) DO UPDATE SET source = excluded.source
RETURNING id;
