-- Settings of a connection that only reads.
PRAGMA query_only = ON;
PRAGMA temp_store = MEMORY;
PRAGMA cell_size_check = ON;
