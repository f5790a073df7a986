-- A fact ends.
DELETE FROM fact WHERE node = ?1 AND name = ?2;
