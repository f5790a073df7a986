-- How far before a moment a search in flow has to begin.
SELECT ifnull(max(longest), 0) FROM node;
