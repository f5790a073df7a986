-- Deletes what the sources said of a pod.
DELETE FROM pod_word WHERE pod = ?1;
