-- Are the views those of this text? ?1: views.sql
SELECT (SELECT count(*) FROM sqlite_schema WHERE type = 'view' AND instr(?1, sql || ';') > 0)
	= (length(?1) - length(replace(?1, 'CREATE VIEW ', ''))) / length('CREATE VIEW ');
