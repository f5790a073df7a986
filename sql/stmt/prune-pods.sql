-- Pods that ended before a moment, from a place on; words: there may be some. ?1 moment, ?2 end of the last one, ?3 its number
SELECT ended, id, conflict <> '' AS words FROM pod
WHERE ended < ?1 AND (ended, id) > (?2, ?3)
ORDER BY ended, id;
