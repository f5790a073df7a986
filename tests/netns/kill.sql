-- Holds what netpold recorded of each connection, found by the address it asked for, against what the kernel said.
-- Prints one line for each promise broken, then a line that begins with "summary".
.mode list
.separator ' '
.bail on

CREATE TABLE truth (address TEXT, ended INTEGER, packets_sent INTEGER, bytes_sent INTEGER, packets_received INTEGER, bytes_received INTEGER);
CREATE TABLE up (since INTEGER, until INTEGER);
CREATE TABLE committed (killed INTEGER, address TEXT, packets_sent INTEGER, bytes_sent INTEGER, packets_received INTEGER, bytes_received INTEGER);
.mode csv
.import truth.csv truth
.import up.csv up
.import committed.csv committed
.mode list
.separator ' '
UPDATE truth SET ended = NULL WHERE ended = 0;

CREATE TABLE recorded AS
SELECT destination AS address, sum(connections) AS connections, sum(packets_sent) AS packets_sent, sum(bytes_sent) AS bytes_sent,
	sum(packets_received) AS packets_received, sum(bytes_received) AS bytes_received
FROM flows.edge
WHERE destination LIKE '10.96.%' AND verdict <> 5
GROUP BY destination;
CREATE UNIQUE INDEX recorded_address ON recorded (address);
CREATE UNIQUE INDEX truth_address ON truth (address);

-- exact: as the kernel has it; sure: netpold was up when it ended, and a second longer, or it is open still.
CREATE TABLE compared AS
SELECT truth.address AS address, truth.ended AS ended, recorded.address IS NOT NULL AS known,
	recorded.connections IS 1 AND truth.packets_sent IS recorded.packets_sent AND truth.bytes_sent IS recorded.bytes_sent
		AND truth.packets_received IS recorded.packets_received AND truth.bytes_received IS recorded.bytes_received AS exact,
	ifnull(recorded.packets_sent > truth.packets_sent OR recorded.bytes_sent > truth.bytes_sent
		OR recorded.packets_received > truth.packets_received OR recorded.bytes_received > truth.bytes_received, 0) AS more,
	truth.ended IS NULL OR EXISTS (SELECT 1 FROM up WHERE truth.ended BETWEEN since AND until - 1000) AS sure
FROM truth LEFT JOIN recorded USING (address);

SELECT 'counted twice:', * FROM recorded WHERE connections > 1;
SELECT 'never was:', * FROM recorded WHERE address NOT IN (SELECT address FROM truth);
SELECT 'more than the kernel counted:', * FROM compared JOIN recorded USING (address) JOIN truth USING (address) WHERE more;
SELECT 'not exact, though netpold was up when it ended:', * FROM compared LEFT JOIN recorded USING (address) JOIN truth USING (address)
WHERE sure AND NOT exact;
-- Closed at the kill that came after its end: so that end was committed. Later it may be closed with what was known of it.
SELECT 'its end was committed, and is not exact:', * FROM committed JOIN truth USING (address) LEFT JOIN compared USING (address)
WHERE EXISTS (SELECT 1 FROM up WHERE truth.ended BETWEEN since AND until AND until = killed) AND (NOT ifnull(exact, 0)
	OR committed.packets_sent <> truth.packets_sent OR committed.bytes_sent <> truth.bytes_sent
	OR committed.packets_received <> truth.packets_received OR committed.bytes_received <> truth.bytes_received);
SELECT 'not covered by the gaps:', missing, 'of at most', bound
FROM (SELECT count(*) AS missing FROM compared WHERE NOT exact),
	(SELECT CASE WHEN count(*) = count(at_most) THEN total(at_most) ELSE 9e99 END AS bound FROM flows.gap WHERE source = 'daemon')
WHERE missing > bound;
SELECT 'summary:', count(*), 'connections,', sum(ended IS NULL), 'open at the end,', sum(exact), 'exact,',
	sum(known AND NOT exact), 'incomplete,', sum(NOT known), 'missing;', (SELECT count(DISTINCT address) FROM committed), 'closed at some kill;',
	(SELECT count(*) || ' gaps, at most ' || ifnull(sum(at_most), 0) || ', ' || sum(at_most IS NULL) || ' without a bound'
	 FROM flows.gap WHERE source = 'daemon')
FROM compared;
