-- The nodes' own addresses.
SELECT node.name, node_address.address, node_address.since, node_address.until
FROM node_address
JOIN node ON node.id = node_address.node
ORDER BY node.name, node_address.address, node_address.since;
