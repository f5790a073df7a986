-- Is this file ours?
PRAGMA application_id;
