-- Pods with an address that ended before a moment, from a place on. ?1 moment, ?2 end of the last one, ?3 its pod
SELECT until, pod FROM pod_address
WHERE until < ?1 AND (until, pod) > (?2, ?3)
ORDER BY until, pod;
