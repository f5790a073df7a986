-- Addresses that are a node's own.
SELECT address.id, address.bytes
FROM node_address
JOIN address ON address.id = node_address.address
WHERE node_address.node = ?1 AND node_address.until IS NULL;
