-- When an address was whose, as a node had it. ?1 node, ?2 address
SELECT pod.id, pod_address.since, pod_address.until FROM pod_address
JOIN pod ON pod.id = pod_address.pod
WHERE pod_address.address = ?2 AND pod.node = ?1;
