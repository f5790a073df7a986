-- Objects that are still so.
SELECT id FROM object WHERE node = ?1 AND until IS NULL;
