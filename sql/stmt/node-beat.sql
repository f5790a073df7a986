-- The node's batch of this moment is in this transaction. ?1 node, ?2 time, ?3 longest flow row
UPDATE node SET first = min(ifnull(first, ?2), ?2), heartbeat = ?2, longest = max(longest, ?3)
WHERE id = ?1;
