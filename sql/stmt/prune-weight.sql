-- About how many bytes are of rows that stay as long as what they tell of does, and of pods whose words are gone.
SELECT stays + words + objects + checkpoints, pods
FROM (
	SELECT ifnull(sum(bytes), 0) AS pods, ifnull(sum(CASE WHEN ended IS NULL THEN bytes END), 0) AS stays
	FROM (
		SELECT ended, 250 + length(namespace) + length(name) + length(uid) + 2 * length(sandbox) + length(source) + length(conflict)
			+ ifnull(length(labels), 0) AS bytes
		FROM pod
	)
)
JOIN (SELECT ifnull(sum(16 + length(source) + length(place) + length(said)), 0) AS words FROM pod_word)
JOIN (SELECT ifnull(sum(250 + length(content)), 0) AS objects FROM object WHERE until IS NULL)
JOIN (SELECT 200 * count(*) AS checkpoints FROM checkpoint);
