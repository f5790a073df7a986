-- A pod, a row for each time of each address. ?1 its number
SELECT pod.id, pod.namespace, pod.name, pod.uid, pod.sandbox, pod.source, pod.conflict, pod.labels, pod.host_network, pod.created, pod.ended,
	pod_address.address, pod_address.since, pod_address.until, pod_address.exact, pod_address.secondary
FROM pod
LEFT JOIN pod_address ON pod_address.pod = pod.id
WHERE pod.id = ?1
ORDER BY pod_address.since, pod_address.address;
