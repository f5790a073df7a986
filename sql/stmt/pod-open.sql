-- Pods of a node that still are, or still have an address.
SELECT id FROM pod
WHERE node = ?1 AND (ended IS NULL OR EXISTS (SELECT 1 FROM pod_address WHERE pod = pod.id AND until IS NULL));
