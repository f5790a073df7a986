-- "ok", or the first thing that is wrong with the file.
PRAGMA quick_check(1);
