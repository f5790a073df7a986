-- Begins the one snapshot of a reader.
BEGIN;
