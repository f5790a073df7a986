-- How far a walk over flow rows goes.
SELECT ifnull((SELECT max(id) FROM edge), 0), ifnull((SELECT max(window) FROM flow), 0);
