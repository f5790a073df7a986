-- What the sources said of a pod.
SELECT source, place, said FROM pod_word WHERE pod = ?1 ORDER BY source, place;
