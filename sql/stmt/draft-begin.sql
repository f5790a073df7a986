-- Readers refuse the file: it is not whole yet ("nPod").
PRAGMA application_id = 1850765156;
