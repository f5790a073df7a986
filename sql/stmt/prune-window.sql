-- Where the oldest flow row begins. ?1: where there is none
SELECT ifnull(min(window), ?1) FROM flow;
