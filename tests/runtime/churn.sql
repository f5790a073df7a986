-- What netpol-report says of a churn, held against what the pods and their driver wrote down. For sqlite3(1), in the
-- directory with the log (churn.c, churn.sh), arrived.csv, edges.json, flows.json and pods.json; each row of fault is something that
-- must not be.
--
-- A pod had its address for sure from the end of RunPodSandbox until StopPodSandbox was asked for, and perhaps from the
-- beginning of the one to the end of the other; or, if netpold says that it noticed the end later (merge.h), until
-- then, unless the next one has it for sure. A call belongs to whoever answered; one that nobody answered belongs to
-- any that perhaps had the address while it lasted. TCP's first packet, if it was lost, is sent again after a second, when
-- the address's next pod may answer: the connection began with the pod before, for which netpold binds it (track.h), so
-- such a call belongs to either. The network plugin (ptp) frees an address before it takes it from the interface: if the
-- next pod gets it meanwhile, both have it until StopPodSandbox of the one before has ended, and whose a call of that time
-- is netpold cannot know. Times are µs since the epoch.

CREATE TABLE pod(serial INTEGER PRIMARY KEY, uid TEXT, address TEXT, netns TEXT,
  run_begin INTEGER, run_end INTEGER, stop_begin INTEGER, stop_end INTEGER, removed INTEGER);
CREATE TABLE told(pid INTEGER, n INTEGER, port INTEGER, protocol TEXT, address TEXT, begun INTEGER);
CREATE TABLE result(pid INTEGER, n INTEGER, sent INTEGER, ended INTEGER, outcome TEXT, answerer INTEGER, PRIMARY KEY(pid, n));
CREATE TABLE first(port INTEGER PRIMARY KEY, netns TEXT);
CREATE TABLE again(time INTEGER); -- from when on the runtime is asked again after it was gone
CREATE TABLE arrived(protocol TEXT, port INTEGER, address TEXT, connections INTEGER); -- at the node, to be forwarded
.mode csv
.import pods.csv pod
.import calls.csv told
.import results.csv result
.import first.csv first
.import again.csv again
.import arrived.csv arrived
.mode list

CREATE TABLE edge AS
SELECT value ->> '$.port' AS port, value ->> '$.protocol' AS protocol, value ->> '$.to.address' AS address,
       value ->> '$.verdict' AS verdict, value ->> '$.connections' AS connections,
       value ->> '$.from.class' AS from_class, value ->> '$.to.class' AS to_class, value ->> '$.from.kind' AS from_kind, value ->> '$.from.uid' AS from_uid,
       value ->> '$.from.namespace' || '/' || (value ->> '$.from.name') AS from_name,
       value ->> '$.to.kind' AS to_kind, value ->> '$.to.uid' AS to_uid,
       value ->> '$.to.namespace' || '/' || (value ->> '$.to.name') AS to_name,
       (value ->> '$.packets_sent') || '/' || (value ->> '$.packets_received') AS packets,
       (value ->> '$.first_seen') || ' to ' || (value ->> '$.last_seen') AS time
  FROM json_each(readfile('edges.json')) WHERE port BETWEEN 20000 AND 60000;

CREATE TABLE flow AS
SELECT value ->> '$.port' AS port, value ->> '$.protocol' AS protocol, value ->> '$.to.address' AS address,
       value ->> '$.connections' AS connections, value ->> '$.from.uid' AS from_uid, value ->> '$.to.uid' AS to_uid
  FROM json_each(readfile('flows.json')) WHERE port BETWEEN 20000 AND 60000;
CREATE TABLE recorded AS
SELECT value ->> '$.uid' AS uid, value ->> '$.namespace' || '/' || (value ->> '$.name') AS name,
       value ->> '$.labels.app' AS app, value ->> '$.labels.serial' AS serial,
       (SELECT max(CAST(round((julianday(address.value ->> '$.until') - 2440587.5) * 86400000) AS INTEGER)) * 1000 + 999
          FROM json_each(pod.value, '$.addresses') AS address) AS noticed
  FROM json_each(readfile('pods.json')) AS pod;

-- From when on nobody had its address who had it before.
ALTER TABLE pod ADD COLUMN alone INTEGER;
UPDATE pod SET alone = ifnull((SELECT max(before.stop_end) FROM pod AS before
  WHERE before.address = pod.address AND before.run_begin < pod.run_begin), 0);

-- Until when netpold may take its address for this one's.
ALTER TABLE pod ADD COLUMN noticed INTEGER;
UPDATE pod SET noticed = max(stop_end, ifnull((SELECT max(noticed) FROM recorded WHERE recorded.uid = pod.uid), 0));
UPDATE pod SET noticed = max(stop_end, min(noticed, (SELECT run_end FROM pod AS next
  WHERE next.address = pod.address AND next.run_begin > pod.run_begin ORDER BY next.run_begin LIMIT 1)))
 WHERE EXISTS (SELECT 1 FROM pod AS next WHERE next.address = pod.address AND next.run_begin > pod.run_begin);

-- A call that was cut short has no result; it lasted as long as one can, and was sent at any moment of that time. First words
-- of a pod that never came to be are nobody's.
CREATE TABLE call AS
SELECT told.rowid AS id, told.port, told.protocol, told.address, told.begun,
       coalesce(result.ended, told.begun + 1500000) AS ended, coalesce(result.outcome, 'cut') AS outcome,
       result.answerer, result.sent,
       told.protocol = 'TCP' AND ifnull(result.ended - told.begun, 1500000) >= 1000000 AS again, pod.serial AS caller,
       coalesce(result.sent, told.begun + 1500000) < pod.stop_begin AND told.begun >= pod.alone AS caller_sure
  FROM told LEFT JOIN result USING (pid, n) LEFT JOIN first USING (port)
  JOIN pod ON pod.serial = told.port - 20000 OR pod.netns = first.netns;

CREATE TABLE possible AS
SELECT call.id, pod.serial AS callee,
       max(pod.run_end, pod.alone) <= call.begun AND call.ended <= pod.stop_begin AS sure
  FROM call JOIN pod ON call.outcome <> 'answered' AND pod.address = call.address
       AND pod.run_begin <= call.ended AND call.begun <= pod.noticed
    OR call.outcome = 'answered' AND (pod.serial = call.answerer OR
       call.again AND pod.address = call.address AND pod.run_begin <= call.sent AND call.begun <= pod.noticed);
CREATE INDEX possible_call ON possible(id);

ALTER TABLE call ADD COLUMN callee_sure INTEGER;
UPDATE call SET callee_sure = coalesce((SELECT max(sure) FROM possible WHERE possible.id = call.id), 0);

-- What is sent again is one more connection if the first was just reset. That is likelier than it seems: TCP asks again after a
-- second, and so does the node for the link address of a pod that is not up yet, to which it then sends what has waited. Or
-- the reset went to the other of two pods that have one address.
CREATE TABLE said AS
SELECT port, protocol, address, count(*) AS calls, sum(NOT caller_sure) AS caller_unsure,
       sum(iif(callee_sure, 0, 1 + again)) AS callee_unsure, sum(id NOT IN (SELECT id FROM possible)) AS nobodys
  FROM call GROUP BY port, protocol, address;
CREATE TABLE said_to AS
SELECT port, protocol, address, callee, sum(1 + again) AS at_most, sum(NOT caller_sure) AS caller_unsure,
       sum(outcome = 'answered' AND caller_sure AND callee_sure) AS answered,
       sum(outcome IN ('answered', 'connected', 'silent', 'cut', 'unreachable')) AS perhaps_answered
  FROM call JOIN possible USING (id) GROUP BY port, protocol, address, callee;
CREATE TABLE seen AS
SELECT port, protocol, address, sum(connections) AS connections,
       sum(connections * (from_kind <> 'pod')) AS from_unknown, sum(connections * (to_kind <> 'pod')) AS to_unknown
  FROM edge GROUP BY port, protocol, address;
CREATE TABLE seen_to AS
SELECT port, protocol, edge.address, serial AS callee, sum(connections) AS connections,
       sum(connections * (verdict = 'answered')) AS answered
  FROM edge JOIN pod ON pod.uid = to_uid WHERE to_kind = 'pod' GROUP BY port, protocol, edge.address, callee;

CREATE VIEW fault AS
SELECT 'the caller is another pod' AS what, edge.port, edge.protocol, edge.address,
       from_name || ' ' || verdict || ' ' || connections AS more
  FROM edge LEFT JOIN first USING (port) LEFT JOIN pod ON pod.serial = edge.port - 20000 OR pod.netns = first.netns
 WHERE from_kind = 'pod' AND (from_uid IS NOT pod.uid OR from_name IS NOT 'lab/pod-' || pod.serial)
UNION ALL
SELECT iif(at_most IS NULL, 'the callee is another pod', 'more than were called'), port, protocol, address,
       'pod-' || callee || ' ' || seen_to.connections || ', called ' || ifnull(at_most, 0)
  FROM seen_to LEFT JOIN said_to USING (port, protocol, address, callee)
 WHERE seen_to.connections > ifnull(at_most + caller_unsure, 0)
UNION ALL
SELECT 'the callee is no pod that was', port, protocol, edge.address, to_name || ' ' || to_uid
  FROM edge LEFT JOIN pod ON pod.uid = to_uid AND to_name = 'lab/pod-' || pod.serial
 WHERE to_kind = 'pod' AND pod.serial IS NULL
UNION ALL
SELECT 'the caller in a flow is another pod', flow.port, flow.protocol, flow.address, from_uid
  FROM flow LEFT JOIN first USING (port) LEFT JOIN pod ON pod.serial = flow.port - 20000 OR pod.netns = first.netns
 WHERE from_uid IS NOT NULL AND from_uid IS NOT pod.uid
UNION ALL
SELECT 'the callee in a flow is another pod', port, protocol, flow.address, to_uid
  FROM flow LEFT JOIN pod ON pod.uid = to_uid LEFT JOIN said_to USING (port, protocol)
 WHERE to_uid IS NOT NULL GROUP BY port, protocol, flow.address, to_uid
HAVING NOT max(said_to.callee IS pod.serial AND said_to.address = flow.address)
UNION ALL
SELECT 'flows have not as many as edges', port, protocol, address, sum(flow.connections) || ' of ' || seen.connections
  FROM flow JOIN seen USING (port, protocol, address) GROUP BY port, protocol, address
HAVING sum(flow.connections) <> seen.connections
UNION ALL
SELECT 'the caller is not known', port, protocol, address, from_unknown || ' of ' || connections || ', explained ' || caller_unsure
  FROM seen JOIN said USING (port, protocol, address) WHERE from_unknown > caller_unsure
UNION ALL
SELECT 'the callee is not known', port, protocol, address, to_unknown || ' of ' || connections || ', explained ' || callee_unsure
  FROM seen JOIN said USING (port, protocol, address) WHERE to_unknown > callee_unsure
UNION ALL
SELECT 'not as many as arrived', port, protocol, address, ifnull(seen.connections, 0) || ' of ' || arrived.connections
  FROM arrived LEFT JOIN seen USING (port, protocol, address)
 WHERE ifnull(seen.connections, 0) <> arrived.connections
UNION ALL
SELECT 'never arrived', port, protocol, address, seen.connections || ''
  FROM seen LEFT JOIN arrived USING (port, protocol, address) WHERE arrived.connections IS NULL
UNION ALL
SELECT 'never made', port, protocol, address, connections || ''
  FROM seen LEFT JOIN said USING (port, protocol, address) LEFT JOIN first USING (port)
 WHERE calls IS NULL AND (first.netns IS NULL OR first.netns IN (SELECT netns FROM pod))
UNION ALL
SELECT 'not as many answers as were given', port, protocol, address,
       'pod-' || callee || ' ' || ifnull(seen_to.answered, 0) || ' of ' || said_to.answered || ' to ' || perhaps_answered
  FROM said_to LEFT JOIN seen_to USING (port, protocol, address, callee)
 WHERE ifnull(seen_to.answered, 0) NOT BETWEEN said_to.answered AND perhaps_answered + said_to.caller_unsure;

-- Calls while an address of theirs was taken from its pod, or given to the pod that did not answer: when that was, each
-- netpold knows to a few ms.
CREATE VIEW parting AS
SELECT DISTINCT call.port, call.protocol, call.address
  FROM call JOIN pod ON pod.address IN (call.address, (SELECT address FROM pod WHERE serial = call.caller))
 WHERE pod.stop_begin <= call.ended AND call.begun <= pod.stop_end
    OR pod.address = call.address AND call.outcome <> 'answered' AND pod.run_begin <= call.ended AND call.begun <= pod.run_end;

-- All that is known of a fault, so that it can be understood from a log.
CREATE VIEW testimony AS
SELECT DISTINCT fault.port, fault.protocol, fault.address, witness, said
  FROM fault JOIN (
    SELECT port, protocol, address, 'call' AS witness,
           'pod-' || caller || ' begun ' || begun || ' sent ' || ifnull(sent, '?') || ' ended ' || ended || ' ' ||
           outcome || ' by ' || ifnull(answerer, '?') AS said
      FROM call
    UNION ALL
    SELECT call.port, call.protocol, call.address, 'pod',
           'pod-' || serial || ' ' || pod.address || ' run ' || run_begin || ' to ' || run_end ||
           ' stop ' || stop_begin || ' to ' || stop_end
      FROM call JOIN pod ON pod.address IN (call.address, (SELECT address FROM pod WHERE serial = call.caller))
     WHERE pod.run_begin <= call.ended AND call.begun <= pod.stop_end
    UNION ALL
    SELECT port, protocol, address, 'edge',
           ifnull(from_name, from_class) || ' to ' || ifnull(to_name, to_class) || ' ' || verdict || ' ' || connections ||
           ' ' || packets || ' ' || time
      FROM edge) AS told USING (port, protocol, address)
 ORDER BY fault.port, fault.protocol, fault.address, witness, said;

-- What no loss excuses.
CREATE VIEW lie AS
SELECT * FROM fault WHERE what LIKE '%is another pod' OR what IN ('the callee is no pod that was', 'never made');

-- The runtime lists a sandbox from the end of RunPodSandbox to the end of RemovePodSandbox. Of one that it listed for less
-- than a second the labels may be missed; wrong ones it never has.
CREATE TABLE listed AS
SELECT serial, (removed - max(run_end, (SELECT time FROM again))) / 1000 AS ms FROM pod;
CREATE VIEW unlabelled AS
SELECT 'not its labels' AS what, pod.serial, listed.ms || ' ms' AS listed, recorded.name, app, recorded.serial AS labelled
  FROM pod JOIN listed USING (serial) LEFT JOIN recorded USING (uid)
 WHERE recorded.name IS NOT 'lab/pod-' || pod.serial
    OR NOT (app IS 'churn' AND recorded.serial IS pod.serial || ''
            OR app IS NULL AND recorded.serial IS NULL AND listed.ms < 1000);

CREATE VIEW figure AS
SELECT 'pods' AS what, count(*) AS value FROM pod
UNION ALL SELECT 'addresses', count(DISTINCT address) FROM pod
UNION ALL SELECT 'at most at once', max(alive)
  FROM (SELECT (SELECT count(*) FROM pod b WHERE b.run_end <= a.run_end AND a.run_end < b.stop_begin) AS alive FROM pod a)
UNION ALL SELECT 'below 300 ms', count(*) FROM pod WHERE stop_begin - run_end < 300000
UNION ALL SELECT 'ends noticed after StopPodSandbox had ended', count(*) FROM pod WHERE noticed > stop_end
UNION ALL SELECT 'with labels', count(*) FROM pod JOIN recorded USING (uid) WHERE app = 'churn'
UNION ALL SELECT '- below 300 ms', count(*) FROM pod JOIN recorded USING (uid)
  WHERE app = 'churn' AND stop_begin - run_end < 300000
UNION ALL SELECT 'first words', count(*) FROM call JOIN first USING (port)
UNION ALL SELECT '- before RunPodSandbox returned', count(*)
  FROM call JOIN first USING (port) JOIN pod ON pod.serial = caller WHERE begun < run_end
UNION ALL SELECT 'calls', count(*) FROM call
UNION ALL SELECT '- ' || outcome, count(*) FROM call GROUP BY outcome
UNION ALL SELECT '- answered after the address had changed hands', count(*)
  FROM call JOIN pod ON pod.serial = answerer WHERE begun < run_end
UNION ALL SELECT '- while an address was taken from its pod', sum(calls) FROM said JOIN parting USING (port, protocol, address)
UNION ALL SELECT '- while an address was of two pods', count(*) FROM call
  WHERE EXISTS (SELECT 1 FROM pod WHERE run_begin <= ended AND begun < alone
    AND pod.address IN (call.address, (SELECT address FROM pod WHERE serial = caller)))
UNION ALL SELECT 'flows', count(*) FROM flow
UNION ALL SELECT 'connections recorded', sum(connections) FROM edge
UNION ALL SELECT '- answered, both ends known', sum(connections) FROM edge
  WHERE verdict = 'answered' AND from_kind = 'pod' AND to_kind = 'pod'
UNION ALL SELECT '- from nobody known', sum(from_unknown) FROM seen
UNION ALL SELECT '- to nobody known', sum(to_unknown) FROM seen
UNION ALL SELECT '- - at an address that no pod ever had', sum(to_unknown) FROM seen
  WHERE address NOT IN (SELECT address FROM pod)
UNION ALL SELECT '- - at an address that no pod had then', sum(min(to_unknown, nobodys)) FROM seen JOIN said USING (port, protocol, address)
  WHERE address IN (SELECT address FROM pod)
UNION ALL SELECT '- - while the address was given to a pod or taken from it', sum(max(to_unknown - nobodys, 0))
  FROM seen JOIN said USING (port, protocol, address)
UNION ALL SELECT 'called ambiguous', sum(connections) FROM edge WHERE 'ambiguous' IN (from_class, to_class)
UNION ALL SELECT 'faults: ' || what, count(*) FROM fault GROUP BY what;
