-- Makes an address known.
INSERT INTO address (bytes, text) VALUES (?1, ?2);
