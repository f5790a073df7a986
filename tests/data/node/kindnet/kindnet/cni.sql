-- Made into cni.db by the test: the plugin's tables, and two pods.
CREATE TABLE pods (container_id TEXT PRIMARY KEY, name TEXT, namespace TEXT, uid TEXT,
	netns TEXT NOT NULL, ip_address_v4 TEXT, ip_address_v6 TEXT, ip_gateway_v4 TEXT,
	ip_gateway_v6 TEXT, interface_name TEXT NOT NULL, interface_mtu INTEGER,
	creation_timestamp DATETIME DEFAULT CURRENT_TIMESTAMP,
	UNIQUE (ip_address_v4), UNIQUE (ip_address_v6));
CREATE TABLE portmap_entries (id INTEGER PRIMARY KEY AUTOINCREMENT, container_id TEXT NOT NULL,
	host_ip TEXT NOT NULL, host_port INTEGER NOT NULL, protocol TEXT NOT NULL,
	container_ip TEXT NOT NULL, container_port INTEGER NOT NULL,
	FOREIGN KEY (container_id) REFERENCES pods (container_id) ON DELETE CASCADE,
	UNIQUE (host_ip, host_port, protocol));
CREATE TABLE ipam_ranges (id INTEGER PRIMARY KEY AUTOINCREMENT, subnet TEXT NOT NULL,
	description TEXT);
INSERT INTO ipam_ranges (subnet) VALUES ('10.244.3.0/24'), ('fd00:10:244:3::/64');
INSERT INTO pods VALUES ('ec68b9bbacc4b33ff046f4d4f6ca04d5253c658b71b49f2e3e35c0ec70c7bda2',
	'web-0', 'shop', 'f4e6aaff-982d-4885-a2f7-206199d9b782', '/var/run/netns/cni-92c4ccf8-5d72-4e4a-a9eb-0872d2c1ba5a',
	'10.244.3.4', 'fd00:10:244:3::4', '10.244.3.1', 'fd00:10:244:3::1', 'knet5d41402a', 1500,
	'2020-01-01 00:00:00');
INSERT INTO pods VALUES ('e1d18c1a26867919e6dd665666ecffd919ae21aaa6e9bf75151456d17153d95e',
	'web-1', 'shop', '91bea325-ce0f-4125-a368-99e054e4f61e', '/var/run/netns/cni-3b0b9ebf-5988-4f1c-a850-faa073f088ee',
	'10.244.3.5', NULL, '10.244.3.1', NULL, 'knet7d793037', 1500, '2020-01-01 00:01:40');
