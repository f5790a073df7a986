-- All windows after a place. ?1 window, ?2 edge, ?3 sequence
SELECT window, edge, sequence FROM flow
WHERE (window, edge, sequence) > (?1, ?2, ?3)
ORDER BY window, edge, sequence;
