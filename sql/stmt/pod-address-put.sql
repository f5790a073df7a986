-- An address is, or was, a pod's.
INSERT INTO pod_address (pod, address, since, until, exact, secondary) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (pod, address, since) DO UPDATE SET until = excluded.until, exact = excluded.exact, secondary = excluded.secondary;
