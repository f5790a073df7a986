-- Settings of the one connection that writes. The first two count only while the file is empty.
PRAGMA page_size = 4096;
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA journal_size_limit = 33554432;
PRAGMA cache_size = -4096;
PRAGMA temp_store = MEMORY;
