-- Makes a pod known, and gives its number.
INSERT INTO pod (node, sandbox, namespace, name, uid, source, conflict, labels, host_network, created, ended)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
RETURNING id;
