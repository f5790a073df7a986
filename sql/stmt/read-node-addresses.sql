-- The nodes' own addresses.
SELECT node.name, address.bytes, node_address.since, node_address.until
FROM node_address
JOIN node ON node.id = node_address.node
JOIN address ON address.id = node_address.address
ORDER BY node.name, length(address.bytes), address.bytes, node_address.since;
