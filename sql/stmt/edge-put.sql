-- Makes an edge. ?1 to ?15 what identifies it, ?16 to ?27 totals, ?28 first seen, ?29 last seen, ?30 its number
INSERT INTO edge (
	fingerprint, node, source, destination, service, translated, source_pod, destination_pod, protocol, port, service_port,
	verdict, direction_uncertain, source_prefix, destination_prefix,
	connections, closed, counted, packets_sent, packets_received, bytes_sent, bytes_received,
	timed_out, reset, evicted, deleted, vanished, first_seen, last_seen, id
) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26,
	?27, ?28, ?29, ?30);
