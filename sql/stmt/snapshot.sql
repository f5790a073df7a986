-- Begins a snapshot of a reader.
BEGIN;
