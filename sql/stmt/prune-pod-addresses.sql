-- Deletes times of pod addresses that ended before a moment, of pods that no edge names.
DELETE FROM pod_address
WHERE until < ?1 AND pod NOT IN (
	SELECT source_pod FROM edge WHERE source_pod IS NOT NULL
	UNION SELECT destination_pod FROM edge WHERE destination_pod IS NOT NULL
)
RETURNING pod;
