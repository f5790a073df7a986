-- An object is no longer so. ?1 row, ?2 moment
UPDATE object SET until = max(since, ?2) WHERE id = ?1;
