-- A state of an object. Parameters as object-get, ?7 since, ?8 until
INSERT INTO object (node, kind, namespace, name, uid, content, since, until) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (node, kind, namespace, name, since, uid) DO UPDATE SET content = excluded.content, until = excluded.until
RETURNING id;
