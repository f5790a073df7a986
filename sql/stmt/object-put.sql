-- An object is so from now on. Parameters as object-get, ?7 moment
INSERT INTO object (node, kind, namespace, name, uid, content, since) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (node, kind, namespace, name, since, uid) DO UPDATE SET content = excluded.content, until = NULL
RETURNING id;
