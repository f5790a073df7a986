-- The number of an address.
SELECT id FROM address WHERE bytes = ?1;
