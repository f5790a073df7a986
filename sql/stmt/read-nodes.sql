-- All nodes.
SELECT id, name, ifnull(first, 0), ifnull(heartbeat, 0) FROM node ORDER BY name;
