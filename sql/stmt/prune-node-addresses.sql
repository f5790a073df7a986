-- Deletes times of node addresses that ended before a moment.
DELETE FROM node_address WHERE until < ?1;
