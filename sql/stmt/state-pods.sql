-- Pods of a node with an address that is open or ended after a moment, or with none and not ended before it, and those that a live connection names. ?1 node, ?2 moment
SELECT id FROM pod
WHERE node = ?1 AND (EXISTS (
	SELECT 1 FROM pod_address WHERE pod = pod.id AND (until IS NULL OR until > ?2)
) OR ((ended IS NULL OR ended > ?2) AND NOT EXISTS (SELECT 1 FROM pod_address WHERE pod = pod.id)) OR id IN (
	SELECT source_pod FROM checkpoint WHERE node = ?1
	UNION SELECT destination_pod FROM checkpoint WHERE node = ?1
));
