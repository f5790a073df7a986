-- Is the pod still there?
SELECT count(*) FROM pod WHERE id = ?1;
