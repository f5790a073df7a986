-- A pod is told with all that is open of it: what was open before and is not told again never was, or has another start.
DELETE FROM pod_address WHERE pod = ?1 AND until IS NULL;
