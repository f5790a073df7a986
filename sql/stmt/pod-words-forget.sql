-- Deletes what the sources said of a pod that ended, unless they contradicted one another.
DELETE FROM pod_word WHERE pod = ?1 AND EXISTS (SELECT 1 FROM pod WHERE id = ?1 AND ended IS NOT NULL AND conflict = '');
