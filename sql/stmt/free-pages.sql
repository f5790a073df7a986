-- Pages that hold nothing.
PRAGMA freelist_count;
