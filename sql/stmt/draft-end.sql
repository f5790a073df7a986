-- The file is whole, and ours as any other ("nPol", as in 001-first.sql).
PRAGMA application_id = 1850765164;
