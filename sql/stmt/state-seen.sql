-- The last moment up to now of which a node recorded anything. ?1 node, ?2 now
SELECT ifnull(max(moment), 0) FROM (
	SELECT max(last_seen) AS moment FROM edge WHERE node = ?1 AND last_seen <= ?2
	UNION ALL SELECT max(until) FROM gap WHERE node = ?1 AND until <= ?2
	UNION ALL SELECT first FROM node WHERE id = ?1 AND first <= ?2
);
