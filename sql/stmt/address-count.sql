-- How many addresses are known?
SELECT count(*) FROM address;
