-- A node's number and what its last run left.
SELECT id, ifnull(heartbeat, 0), longest FROM node WHERE name = ?1;
