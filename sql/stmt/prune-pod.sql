-- Deletes a pod that has lost its last address.
DELETE FROM pod WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM pod_address WHERE pod = ?1);
