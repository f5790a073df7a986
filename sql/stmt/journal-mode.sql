-- Did the file system allow a WAL?
PRAGMA journal_mode;
