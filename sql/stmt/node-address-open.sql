-- Addresses that are a node's own.
SELECT address FROM node_address WHERE node = ?1 AND until IS NULL;
