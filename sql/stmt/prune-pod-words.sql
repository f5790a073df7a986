-- Deletes what the sources said of a pod that is gone.
DELETE FROM pod_word WHERE pod = ?1;
