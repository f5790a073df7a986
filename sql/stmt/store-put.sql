-- The number of the last edge made. ?1 edge
UPDATE store SET edges = ?1;
