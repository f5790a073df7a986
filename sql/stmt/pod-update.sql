-- A pod is told again: what was known of it stays known. No row: it is another sandbox. Parameters as pod-put, ?12 pod
UPDATE pod SET
	sandbox = CASE ?2 WHEN '' THEN sandbox ELSE ?2 END,
	namespace = CASE ?3 WHEN '' THEN namespace ELSE ?3 END,
	name = CASE ?4 WHEN '' THEN name ELSE ?4 END,
	uid = CASE ?5 WHEN '' THEN uid ELSE ?5 END,
	source = CASE ?6 WHEN '' THEN source ELSE ?6 END,
	conflict = ?7,
	labels = ifnull(?8, labels),
	host_network = max(host_network, ?9),
	created = ifnull(?10, created),
	ended = ?11
WHERE id = ?12 AND node = ?1 AND (sandbox IN ('', ?2) OR ?2 = '')
RETURNING id;
