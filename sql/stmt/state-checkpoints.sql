-- All live connections that the last run of a node had counted.
SELECT zone, source, destination, protocol, source_port, destination_port, id, start, has_ports, verdict, has_counters,
	packets_sent, packets_received, bytes_sent, bytes_received,
	reply_source, reply_destination, reply_source_port, reply_destination_port, first, direction_uncertain, source_pod, destination_pod
FROM checkpoint WHERE node = ?1;
