-- What a source says of a pod. What others said, and no longer do, stays: it tells why the pod was taken for what it is.
INSERT INTO pod_word (pod, source, place, said) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (pod, source, place) DO UPDATE SET said = excluded.said WHERE said <> excluded.said;
