-- Deletes states of objects that ended before a moment.
DELETE FROM object WHERE until < ?1;
