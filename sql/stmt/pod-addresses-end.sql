-- All addresses of a pod end. ?1 pod, ?2 moment
UPDATE pod_address SET until = max(since, ?2) WHERE pod = ?1 AND until IS NULL;
