-- Writes a gap down.
INSERT INTO gap (node, source, since, until, at_most, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6);
