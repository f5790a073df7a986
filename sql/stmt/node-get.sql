-- A node's number and what its last run left; batches in the file.
SELECT id, ifnull(heartbeat, 0), longest, (SELECT batches FROM store) FROM node WHERE name = ?1;
