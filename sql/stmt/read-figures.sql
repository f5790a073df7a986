-- How many rows there are.
SELECT (SELECT count(*) FROM edge), (SELECT count(*) FROM flow), (SELECT count(*) FROM pod), (SELECT count(*) FROM gap);
