-- The whole dictionary of addresses.
SELECT id, bytes FROM address ORDER BY id;
