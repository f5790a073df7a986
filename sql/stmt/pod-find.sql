-- A sandbox's pod; where the sandbox is not known, the pod of those names. ?1 node, ?2 sandbox, ?3 namespace, ?4 name, ?5 uid
SELECT id FROM pod WHERE node = ?1 AND sandbox = ?2 AND sandbox <> ''
UNION ALL
SELECT id FROM pod WHERE node = ?1 AND namespace = ?3 AND name = ?4 AND uid = ?5 AND sandbox = '' AND ?2 = '';
