-- The number of the last migration.
PRAGMA user_version;
