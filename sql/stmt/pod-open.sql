-- Pods of a node that still have an address.
SELECT DISTINCT pod FROM pod_address WHERE until IS NULL AND pod IN (SELECT id FROM pod WHERE node = ?1);
