-- One batch more, and how many there are.
UPDATE store SET batches = batches + 1 RETURNING batches;
