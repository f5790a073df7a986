-- Is the file empty?
SELECT count(*) FROM sqlite_schema;
