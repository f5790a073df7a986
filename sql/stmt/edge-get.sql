-- The number of an edge by its identifying columns: the first parameters of edge-put.
SELECT id FROM edge
WHERE fingerprint = ?1 AND node = ?2 AND source = ?3 AND destination = ?4 AND service IS ?5 AND translated IS ?6
	AND source_pod IS ?7 AND destination_pod IS ?8 AND protocol = ?9 AND port IS ?10 AND service_port IS ?11 AND verdict = ?12
	AND direction_uncertain = ?13 AND source_prefix IS ?14 AND destination_prefix IS ?15;
