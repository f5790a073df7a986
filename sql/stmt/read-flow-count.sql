-- How many rows are in windows from one to another.
SELECT count(*) FROM flow WHERE window BETWEEN ?1 AND ?2;
