-- Pods of a node with an address that is open or ended after a moment, or with none and not ended before it, and those that a live connection names, a row for each address. ?1 node, ?2 moment
SELECT pod.id, pod.namespace, pod.name, pod.uid, pod.sandbox, pod.source, pod.conflict, pod.labels, pod.host_network, pod.created, pod.ended,
	pod_address.address, pod_address.since, pod_address.until, pod_address.exact, pod_address.secondary
FROM pod
LEFT JOIN pod_address ON pod_address.pod = pod.id
WHERE pod.node = ?1 AND (EXISTS (
	SELECT 1 FROM pod_address AS late WHERE late.pod = pod.id AND (late.until IS NULL OR late.until > ?2)
) OR (pod_address.pod IS NULL AND (pod.ended IS NULL OR pod.ended > ?2)) OR pod.id IN (
	SELECT source_pod FROM checkpoint WHERE node = ?1
	UNION SELECT destination_pod FROM checkpoint WHERE node = ?1
))
ORDER BY pod.id, pod_address.since, pod_address.address;
