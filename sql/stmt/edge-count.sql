-- How many edges there are.
SELECT count(*) FROM edge;
