-- A connection ended.
DELETE FROM checkpoint
WHERE node = ?1 AND zone = ?2 AND source = ?3 AND destination = ?4 AND protocol = ?5 AND source_port = ?6
	AND destination_port = ?7 AND id = ?8 AND start = ?9;
