-- What has been counted of a live connection.
INSERT INTO checkpoint (
	node, zone, source, destination, protocol, source_port, destination_port, id, start, has_ports, verdict, has_counters,
	packets_sent, packets_received, bytes_sent, bytes_received,
	reply_source, reply_destination, reply_source_port, reply_destination_port, first, direction_uncertain, source_pod, destination_pod
) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24)
ON CONFLICT (node, zone, source, destination, protocol, source_port, destination_port, id, start) DO UPDATE SET
	has_ports = excluded.has_ports,
	verdict = excluded.verdict,
	has_counters = excluded.has_counters,
	packets_sent = excluded.packets_sent,
	packets_received = excluded.packets_received,
	bytes_sent = excluded.bytes_sent,
	bytes_received = excluded.bytes_received,
	reply_source = excluded.reply_source,
	reply_destination = excluded.reply_destination,
	reply_source_port = excluded.reply_source_port,
	reply_destination_port = excluded.reply_destination_port,
	first = excluded.first,
	direction_uncertain = excluded.direction_uncertain,
	source_pod = excluded.source_pod,
	destination_pod = excluded.destination_pod;
