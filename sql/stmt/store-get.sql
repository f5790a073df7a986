-- What the file keeps for itself.
SELECT seed, edges FROM store;
