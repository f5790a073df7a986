-- Pods that live connections name.
SELECT source_pod FROM checkpoint WHERE source_pod IS NOT NULL
UNION SELECT destination_pod FROM checkpoint WHERE destination_pod IS NOT NULL;
