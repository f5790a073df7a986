-- A fact; since stays while the value does. ?1 node, ?2 name, ?3 value, ?4 moment
INSERT INTO fact (node, name, value, since) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (node, name) DO UPDATE SET value = excluded.value, since = excluded.since WHERE value <> excluded.value;
