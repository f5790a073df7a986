-- Pods of a node whose addresses are open or ended after a moment, a row for each address. ?1 node, ?2 moment
SELECT pod.id, pod.namespace, pod.name, pod.uid, pod.sandbox, pod.source, pod_address.address, pod_address.since, pod_address.until
FROM pod
JOIN pod_address ON pod_address.pod = pod.id
WHERE pod.node = ?1 AND EXISTS (
	SELECT 1 FROM pod_address AS late WHERE late.pod = pod.id AND (late.until IS NULL OR late.until > ?2)
)
ORDER BY pod.id, pod_address.since, pod_address.address;
