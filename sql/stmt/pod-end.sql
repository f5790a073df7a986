-- A pod ends. ?1 pod, ?2 moment
UPDATE pod SET ended = max(ifnull(created, ?2), ?2) WHERE id = ?1 AND ended IS NULL;
