-- Deletes a pod that has no address left and did not end later. ?1 pod, ?2 moment
DELETE FROM pod WHERE id = ?1 AND ifnull(ended < ?2, 1) AND NOT EXISTS (SELECT 1 FROM pod_address WHERE pod = ?1);
