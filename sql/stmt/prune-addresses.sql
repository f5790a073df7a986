-- Deletes addresses that nothing names.
DELETE FROM address WHERE id NOT IN (
	SELECT source FROM edge
	UNION SELECT destination FROM edge
	UNION SELECT service FROM edge WHERE service IS NOT NULL
	UNION SELECT translated FROM edge WHERE translated IS NOT NULL
	UNION SELECT address FROM pod_address
	UNION SELECT address FROM node_address
);
