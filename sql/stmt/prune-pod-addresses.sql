-- Deletes times of a pod's addresses that ended before a moment. ?1 pod, ?2 moment
DELETE FROM pod_address WHERE pod = ?1 AND until < ?2;
