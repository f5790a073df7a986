-- Brings the WAL into the database and empties it.
PRAGMA wal_checkpoint(TRUNCATE);
