-- An address is the node's own from now on, unless it is already. ?1 node, ?2 address, ?3 moment
INSERT INTO node_address (node, address, since)
SELECT ?1, ?2, ?3
WHERE NOT EXISTS (SELECT 1 FROM node_address WHERE node = ?1 AND address = ?2 AND until IS NULL)
ON CONFLICT (node, address, since) DO UPDATE SET until = NULL;
