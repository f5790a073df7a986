-- Pods without an address that ended before a moment and that no edge names.
SELECT id FROM pod
WHERE ended < ?1 AND NOT EXISTS (SELECT 1 FROM pod_address WHERE pod = pod.id) AND id NOT IN (
	SELECT source_pod FROM edge WHERE source_pod IS NOT NULL
	UNION SELECT destination_pod FROM edge WHERE destination_pod IS NOT NULL
);
