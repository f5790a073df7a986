-- Makes a batch last.
COMMIT;
