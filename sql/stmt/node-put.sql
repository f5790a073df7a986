-- Makes a node known by name.
INSERT INTO node (name) VALUES (?1) ON CONFLICT (name) DO NOTHING;
