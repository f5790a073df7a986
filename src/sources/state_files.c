#include "sources/state_files.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/hash.h"
#include "sources/snapshot.h"

#define BUCKETS 1024
#define SILENT_FACTOR 4

enum netns { NETNS_UNKNOWN, NETNS_THERE, NETNS_GONE };

/* How a finding was told. */
struct fate {
	bool told;
	enum netns netns;
	bool further; /* all of its addresses are of a further network */
};

struct state_file {
	struct state_file *next_named;
	struct state_file *next_in_folder;
	struct state_file *next_sandbox; /* by network, while it tells anything */
	struct folder *folder;
	char *place;      /* its path */
	const char *name; /* the end of that */
	struct stamp stamp, log_stamp;
	struct findings findings;
	struct fate *fates; /* of the findings */
	bool bad;
	bool reported; /* as bad */
	int64_t bad_since;
	uint64_t listing; /* the last that met it */
};

struct state_files {
	struct state_files_options options;
	struct claim_events events;
	struct hash_seed seed;
	struct state_file *named[BUCKETS];
	struct state_file *sandboxes[BUCKETS];
	size_t count;
	size_t telling;    /* of these, those with findings */
	size_t unreported; /* bad files that may yet become good */
	struct state_losses losses;
	bool crowded; /* and it was said */
	uint64_t listing;
	int64_t now;
};

struct state_files *state_files_new(const struct state_files_options *options,
				    const struct claim_events *events)
{
	struct state_files *files = calloc(1, sizeof(*files));

	if (!files)
		return NULL;
	files->options = *options;
	files->events = *events;
	files->seed = hash_seed_random();
	return files;
}

struct state_files *state_files_free(struct state_files *files)
{
	free(files);
	return NULL;
}

void state_files_set_time(struct state_files *files, int64_t now)
{
	files->now = now;
}

static size_t name_bucket(const struct state_files *files, const struct folder *folder,
			  const char *name)
{
	struct hash_seed seed = files->seed;

	seed.k0 ^= (uintptr_t)folder;
	return hash_bytes(seed, name, strlen(name)) % BUCKETS;
}

static struct state_file *find(const struct state_files *files, const struct folder *folder,
			       const char *name)
{
	struct state_file *file = files->named[name_bucket(files, folder, name)];

	while (file && (file->folder != folder || strcmp(file->name, name) != 0))
		file = file->next_named;
	return file;
}

static struct state_file *file_free(struct state_file *file)
{
	if (file) {
		findings_clear(&file->findings);
		free(file->fates);
		free(file->place);
		free(file);
	}
	return NULL;
}

static struct state_file *file_add(struct state_files *files, struct folder *folder,
				   const char *name)
{
	struct state_file *file = calloc(1, sizeof(*file));
	size_t at;

	if (!file || asprintf(&file->place, "%s/%s", folder->path, name) < 0) {
		files->losses.error = -ENOMEM;
		free(file);
		return NULL;
	}
	file->name = file->place + strlen(folder->path) + 1;
	file->folder = folder;
	at = name_bucket(files, folder, name);
	file->next_named = files->named[at];
	files->named[at] = file;
	file->next_in_folder = folder->files;
	folder->files = file;
	files->count++;
	return file;
}

/* Of the sandbox of a file by network. */
static struct state_file **sandbox_bucket(struct state_files *files, const char *sandbox)
{
	return &files->sandboxes[hash_bytes(files->seed, sandbox, strlen(sandbox)) % BUCKETS];
}

static void sandbox_link(struct state_files *files, struct state_file *file)
{
	struct state_file **bucket;

	if (!file->folder->format->by_network || file->findings.count == 0)
		return;
	bucket = sandbox_bucket(files, file->findings.items[0].sandbox);
	file->next_sandbox = *bucket;
	*bucket = file;
}

static void sandbox_unlink(struct state_files *files, struct state_file *file)
{
	struct state_file **link;

	if (!file->folder->format->by_network || file->findings.count == 0)
		return;
	link = sandbox_bucket(files, file->findings.items[0].sandbox);
	while (*link != file)
		link = &(*link)->next_sandbox;
	*link = file->next_sandbox;
}

/* "net1", as Multus names the interfaces of further networks. */
static bool is_numbered_net(const char *interface)
{
	return strncmp(interface, "net", 3) == 0 && interface[3] != '\0' &&
	       interface[3 + strspn(interface + 3, "0123456789")] == '\0';
}

/* Is the network of this file not the sandbox's primary one? */
static bool is_further(struct state_files *files, const struct state_file *file,
		       const struct finding *finding)
{
	const struct state_file *other;

	if (!file->folder->format->by_network || !finding_is_further(finding))
		return false;
	if (is_numbered_net(finding->interface))
		return true;
	other = *sandbox_bucket(files, finding->sandbox);
	for (; other; other = other->next_sandbox) {
		const struct finding *its = &other->findings.items[0];

		if (strcmp(its->sandbox, finding->sandbox) == 0 && its->interface &&
		    !finding_is_further(its))
			return true;
	}
	return false;
}

/* A path below /proc may only be hidden from us, or another's by now. */
static enum netns find_netns(const struct state_files *files, const struct finding *finding)
{
	const char *netns = finding->netns;
	struct stat status;

	if (!files->options.check_netns || !netns || *netns != '/' ||
	    strncmp(netns, "/proc/", strlen("/proc/")) == 0)
		return NETNS_UNKNOWN;
	if (stat(netns, &status) == 0)
		return NETNS_THERE;
	return errno == ENOENT || errno == ENOTDIR ? NETNS_GONE : NETNS_UNKNOWN;
}

static const char *text_of(const char *text)
{
	return text ? text : "";
}

static void send_claim(struct state_files *files, const struct state_file *file,
		       const struct finding *finding, const struct fate *fate,
		       const struct claim_address *addresses)
{
	const struct claim claim = {
	    .source = file->folder->format->source,
	    .place = file->place,
	    .sandbox = finding->sandbox,
	    .namespace = text_of(finding->namespace),
	    .name = text_of(finding->name),
	    .uid = text_of(finding->uid),
	    .labelled = finding->labelled,
	    .labels = finding->labels,
	    .host_network = finding->host_network,
	    .has_netns = fate->netns == NETNS_THERE,
	    .orphaned = fate->netns == NETNS_GONE,
	    .created = finding->created,
	    .addresses = addresses,
	    .address_count = fate->netns == NETNS_GONE ? 0 : finding->address_count,
	};

	files->events.claim(files->events.context, &claim);
}

static void tell(struct state_files *files, const struct state_file *file,
		 const struct finding *finding, struct fate *fate)
{
	struct claim_address *addresses = calloc(finding->address_count + 1, sizeof(*addresses));

	if (!addresses) {
		files->losses.error = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < finding->address_count; i++) {
		addresses[i] = finding->addresses[i];
		addresses[i].secondary |= fate->further;
	}
	send_claim(files, file, finding, fate, addresses);
	fate->told = true;
	free(addresses);
}

/* Tells what has changed without a word in the file. */
static void update(struct state_files *files, struct state_file *file)
{
	for (size_t i = 0; i < file->findings.count; i++) {
		const struct finding *finding = &file->findings.items[i];
		struct fate *fate = &file->fates[i];
		enum netns netns = find_netns(files, finding);
		bool further = is_further(files, file, finding);

		if (fate->told && netns == fate->netns && further == fate->further)
			continue;
		fate->netns = netns;
		fate->further = further;
		tell(files, file, finding, fate);
	}
}

void state_files_retell(struct state_files *files, const struct folder *folder)
{
	for (struct state_file *file = folder->files; file; file = file->next_in_folder)
		for (size_t i = 0; i < file->findings.count; i++)
			if (file->fates[i].told)
				tell(files, file, &file->findings.items[i], &file->fates[i]);
}

/* The other files of the sandbox may be of further networks now, or no longer. */
static void update_siblings(struct state_files *files, const struct state_file *file,
			    const char *sandbox)
{
	struct state_file *other = *sandbox_bucket(files, sandbox);

	for (; other; other = other->next_sandbox)
		if (other != file && strcmp(other->findings.items[0].sandbox, sandbox) == 0)
			update(files, other);
}

static int64_t earlier(int64_t a, int64_t b)
{
	return b > 0 && b < a ? b : a;
}

static int64_t last_written(const struct state_file *file)
{
	return file->log_stamp.modified > file->stamp.modified ? file->log_stamp.modified
							       : file->stamp.modified;
}

/*
 * Since when the address is the sandbox's. Where the file does not say: since it was allocated,
 * with the file; since it was first met; or since the file was rewritten to name it. What it says
 * it cannot have said before it was written.
 */
static int64_t date_address(const struct state_file *file, const struct finding *finding,
			    const struct claim_address *address)
{
	const struct finding *before = findings_get(&file->findings, finding->sandbox);
	const struct claim_address *known =
	    before ? finding_address(before, address->address) : NULL;

	if (address->since > 0 && known)
		return earlier(address->since, known->since);
	if (address->since > 0)
		return earlier(address->since, last_written(file));
	if (!address->exact && known)
		return known->since;
	if (!address->exact && file->findings.count > 0)
		return file->stamp.modified;
	return earlier(file->stamp.modified, file->stamp.born);
}

/* Dates all addresses. False if all were allocated before the boot, so that nothing is told. */
static bool date(const struct state_files *files, const struct state_file *file,
		 struct finding *finding)
{
	size_t count = finding->address_count;

	finding->address_count = 0;
	for (size_t i = 0; i < count; i++) {
		struct claim_address address = finding->addresses[i];

		if (address.since != 0 && address.since < files->options.boot_time)
			continue;
		address.since = date_address(file, finding, &address);
		finding->addresses[finding->address_count++] = address;
	}
	return count == 0 || finding->address_count > 0;
}

static void date_all(const struct state_files *files, const struct state_file *file,
		     struct findings *findings)
{
	for (size_t i = findings->count; i-- > 0;)
		if (!date(files, file, &findings->items[i]))
			findings_remove(findings, i);
}

static void carry_fate(const struct state_file *file, const struct finding *finding,
		       struct fate *ret)
{
	const struct finding *before = findings_get(&file->findings, finding->sandbox);

	*ret = (struct fate){0};
	if (before && finding_equal(before, finding))
		*ret = file->fates[before - file->findings.items];
}

static void withdraw_missing(struct state_files *files, const struct state_file *file,
			     const struct findings *now)
{
	for (size_t i = 0; i < file->findings.count; i++) {
		const char *sandbox = file->findings.items[i].sandbox;

		if (file->fates[i].told && !findings_get(now, sandbox))
			files->events.withdraw(files->events.context, file->folder->format->source,
					       file->place, sandbox);
	}
}

/* Takes the findings over. */
static void replace(struct state_files *files, struct state_file *file, struct findings *findings)
{
	struct fate *fates = calloc(findings->count + 1, sizeof(*fates));
	struct findings before = file->findings;

	if (!fates) {
		files->losses.error = -ENOMEM;
		file->stamp = file->log_stamp = (struct stamp){0};
		return;
	}
	date_all(files, file, findings);
	for (size_t i = 0; i < findings->count; i++)
		carry_fate(file, &findings->items[i], &fates[i]);
	withdraw_missing(files, file, findings);
	sandbox_unlink(files, file);
	files->telling += (size_t)(findings->count > 0) - (size_t)(before.count > 0);
	free(file->fates);
	file->fates = fates;
	file->findings = *findings;
	*findings = (struct findings){0};
	sandbox_link(files, file);
	update(files, file);
	if (file->folder->format->by_network && before.count > 0)
		update_siblings(files, file, before.items[0].sandbox);
	if (file->folder->format->by_network && file->findings.count > 0)
		update_siblings(files, file, file->findings.items[0].sandbox);
	findings_clear(&before);
}

static void set_good(struct state_files *files, struct state_file *file)
{
	if (file->bad && !file->reported)
		files->unreported--;
	file->bad = file->reported = false;
}

static void set_bad(struct state_files *files, struct state_file *file,
		    const struct snapshot *snapshot, int error)
{
	if (!file->bad || !stamp_equal(&file->stamp, &snapshot->stamp) ||
	    !stamp_equal(&file->log_stamp, &snapshot->log_stamp)) {
		set_good(files, file);
		file->bad = true;
		file->bad_since = files->now;
		files->unreported++;
	}
	file->stamp = snapshot->stamp;
	file->log_stamp = snapshot->log_stamp;
	if (file->reported || files->now - file->bad_since < files->options.settle)
		return;
	file->reported = true;
	files->unreported--;
	files->events.problem(files->events.context, file->place,
			      format_error(file->folder->format, error));
}

static void unlink_from(struct state_file **link, struct state_file *file, bool in_folder)
{
	while (*link != file)
		link = in_folder ? &(*link)->next_in_folder : &(*link)->next_named;
	*link = in_folder ? file->next_in_folder : file->next_named;
}

/* Are there so many tenths of what is allowed? Files that tell nothing take little. */
static bool is_full(const struct state_files *files, size_t tenths)
{
	size_t most = files->options.files_max * tenths;

	return 10 * files->telling >= most || 10 * files->count >= SILENT_FACTOR * most;
}

static void detach(struct state_files *files, struct state_file *file)
{
	set_good(files, file);
	sandbox_unlink(files, file);
	unlink_from(&files->named[name_bucket(files, file->folder, file->name)], file, false);
	unlink_from(&file->folder->files, file, true);
	files->count--;
	files->telling -= file->findings.count > 0;
	files->crowded &= is_full(files, 9);
}

static void file_remove(struct state_files *files, struct state_file *file)
{
	const struct findings none = {0};

	withdraw_missing(files, file, &none);
	detach(files, file);
	if (file->folder->format->by_network && file->findings.count > 0)
		update_siblings(files, file, file->findings.items[0].sandbox);
	file_free(file);
}

static int decode(const struct state_file *file, const struct snapshot *snapshot,
		  struct findings *ret)
{
	const struct content content = {.name = file->name,
					.bytes = snapshot->bytes.length ? snapshot->bytes.data : "",
					.length = snapshot->bytes.length,
					.log = snapshot->log.data,
					.log_length = snapshot->log.length};

	return format_decode(file->folder->format, &content, ret);
}

/* Namespaces do not outlive a boot. */
static bool has_living_netns(const struct state_files *files, const struct finding *finding)
{
	struct statfs status;

	return find_netns(files, finding) == NETNS_THERE && statfs(finding->netns, &status) == 0 &&
	       status.f_type == NSFS_MAGIC;
}

/* By its time, which a clock that was set since may have put there, the file is from before the
 * boot. */
static void drop_earlier_boot(const struct state_files *files, struct findings *findings)
{
	for (size_t i = findings->count; i-- > 0;)
		if (!has_living_netns(files, &findings->items[i]))
			findings_remove(findings, i);
}

static void take(struct state_files *files, struct state_file *file,
		 const struct snapshot *snapshot, struct findings *findings)
{
	set_good(files, file);
	file->stamp = snapshot->stamp;
	file->log_stamp = snapshot->log_stamp;
	if (last_written(file) < files->options.boot_time)
		drop_earlier_boot(files, findings);
	replace(files, file, findings);
}

/* stamps: of the file as it was met. -ENOENT, or 0 whatever the content is. */
static int load(struct state_files *files, struct state_file *file, const struct snapshot *stamps)
{
	const struct format *format = file->folder->format;
	struct snapshot snapshot = *stamps;
	struct findings findings = {0};
	int r = snapshot_read(file->place, format->has_log, format->bytes_max, &snapshot);

	if (r == 0)
		r = decode(file, &snapshot, &findings);
	if (r == -ENOMEM)
		files->losses.error = r;
	if (r == 0)
		take(files, file, &snapshot, &findings);
	else if (r != -ENOENT)
		set_bad(files, file, snapshot.stamp.inode ? &snapshot : stamps, r);
	findings_clear(&findings);
	snapshot_clear(&snapshot);
	return r == -ENOENT ? r : 0;
}

static bool is_crowded(struct state_files *files, const struct folder *folder)
{
	if (!is_full(files, 10))
		return false;
	if (!files->crowded)
		files->events.problem(files->events.context, folder->path,
				      "one file too many: no more are read");
	files->crowded = files->losses.crowded = true;
	return true;
}

static bool is_known(const struct state_file *file, const struct snapshot *stamps)
{
	return stamp_equal(&file->stamp, &stamps->stamp) &&
	       stamp_equal(&file->log_stamp, &stamps->log_stamp) && (!file->bad || file->reported);
}

/* -ENOENT, or 0. */
static int meet(struct state_files *files, struct state_file *file, bool written)
{
	struct snapshot stamps = {0};
	int r = snapshot_take_stamps(file->place, file->folder->format->has_log, &stamps);

	if (r == -ENOENT)
		return r;
	file->listing = files->listing;
	if (!written && is_known(file, &stamps))
		update(files, file);
	else if (r < 0)
		set_bad(files, file, &stamps, r);
	else
		return load(files, file, &stamps);
	return 0;
}

/* One that is not there, or not any more, is not kept. */
static int meet_new(struct state_files *files, struct folder *folder, const char *name)
{
	struct state_file *file;
	int r;

	if (is_crowded(files, folder))
		return 0;
	file = file_add(files, folder, name);
	if (!file)
		return 0;
	r = meet(files, file, true);
	if (r == -ENOENT)
		file_remove(files, file);
	return r;
}

int state_files_meet(struct state_files *files, struct folder *folder, const char *name,
		     bool written)
{
	struct state_file *file = find(files, folder, name);
	bool told = file && file->findings.count > 0;
	int r = file ? meet(files, file, written) : meet_new(files, folder, name);

	if (r == -ENOENT && written && !told && !folder->missable)
		files->losses.vanished = true;
	return r;
}

void state_files_remove(struct state_files *files, struct folder *folder, const char *name)
{
	struct state_file *file = find(files, folder, name);

	if (file)
		file_remove(files, file);
}

void state_files_refresh(struct state_files *files, struct folder *folder)
{
	struct state_file *file = folder->files, *next;

	for (; file; file = next) {
		next = file->next_in_folder;
		if (meet(files, file, false) == -ENOENT)
			file_remove(files, file);
	}
}

void state_files_begin(struct state_files *files)
{
	files->listing++;
}

void state_files_sweep(struct state_files *files, struct folder *folder)
{
	struct state_file *file = folder->files, *next;

	for (; file; file = next) {
		next = file->next_in_folder;
		if (file->listing != files->listing)
			file_remove(files, file);
	}
}

void state_files_clear(struct state_files *files, struct folder *folder)
{
	while (folder->files)
		file_remove(files, folder->files);
}

void state_files_forget(struct state_files *files, struct folder *folder)
{
	while (folder->files) {
		struct state_file *file = folder->files;

		detach(files, file);
		file_free(file);
	}
}

void state_files_retry(struct state_files *files)
{
	for (size_t i = 0; i < BUCKETS && files->unreported > 0; i++) {
		struct state_file *file = files->named[i];

		for (; file; file = file->next_named)
			if (file->bad && !file->reported)
				meet(files, file, false);
	}
}

struct state_losses state_files_settle(struct state_files *files)
{
	struct state_losses losses = files->losses;

	files->losses = (struct state_losses){0};
	return losses;
}
