-- Deletes a pod that has no address left.
DELETE FROM pod WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM pod_address WHERE pod = ?1);
