-- An object's state that still holds; same: it is this one. ?1 node, ?2 kind, ?3 namespace, ?4 name, ?5 uid, ?6 content
SELECT id, uid = ?5 AND content IS ?6 AS same FROM object
WHERE node = ?1 AND kind = ?2 AND namespace = ?3 AND name = ?4 AND until IS NULL;
