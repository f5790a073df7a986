-- Deletes gaps that ended before a moment.
DELETE FROM gap WHERE until < ?1;
