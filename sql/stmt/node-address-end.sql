-- An address is no longer the node's. ?1 node, ?2 address, ?3 moment
UPDATE node_address SET until = max(since, ?3) WHERE node = ?1 AND address = ?2 AND until IS NULL;
