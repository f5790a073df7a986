-- All pods, a row for each time of each address.
SELECT pod.id, pod.namespace, pod.name, pod.uid, pod.sandbox, pod.source, pod.conflict, pod.labels, pod.host_network, pod.created, pod.ended,
	pod_address.address, pod_address.since, pod_address.until, pod_address.exact, pod_address.secondary, pod.node
FROM pod
JOIN node ON node.id = pod.node
LEFT JOIN pod_address ON pod_address.pod = pod.id
ORDER BY node.name, pod.namespace, pod.name, pod.uid, pod.sandbox, pod_address.since, pod_address.address;
