-- A gap became part of another.
DELETE FROM gap WHERE id = ?1;
