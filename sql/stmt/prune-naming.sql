-- Which pods edges name and when they were last seen, edge by edge. ?1 the last edge that was looked at
SELECT id, source_pod, destination_pod, last_seen FROM edge WHERE id > ?1 ORDER BY id;
