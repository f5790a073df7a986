/* Which of a connection's entries in several zones leads; and that whatever they do, in whatever
 * order, as many connections are counted as there were. */
#include "tests/unit/flow/fixture.h"

#include "flow/track.h"
#include "flow/zones.h"

#define CLIENT "10.0.0.2"
#define BACKEND "10.0.0.3"
#define VIP "10.96.0.20"

/* ---- the rule ---- */

static struct zone_entry an_entry(uint16_t zone, uint32_t id)
{
	struct tuple original = a_tuple(IPPROTO_TCP, CLIENT, 40000, BACKEND, 8080);
	struct tuple reply = reversed(original);

	return (struct zone_entry){
	    .path = path_of_connection(&original, &reply), .zone = zone, .id = id, .begun = T0};
}

static struct zones *several(void)
{
	struct zones *zones = zones_new(1000);

	assert_non_null(zones);
	assert_false(zones_notice(zones, 0));
	assert_true(zones_notice(zones, 7));
	return zones;
}

#define assert_place(zones, zone, id, now, place)                                                  \
	do {                                                                                       \
		struct zone_entry entry = an_entry(zone, id);                                      \
		assert_int_equal(zones_join(zones, &entry, now), place);                           \
	} while (0)

static void end(struct zones *zones, uint16_t zone, uint32_t id, int64_t now)
{
	struct zone_entry entry = an_entry(zone, id);

	zones_end(zones, &entry, now);
}

static void one_zone_keeps_nothing(void **state)
{
	struct zones *zones = zones_new(1000);

	(void)state;
	assert_int_equal(zones_count(zones), 0);
	for (uint32_t id = 0; id < 3; id++) {
		assert_false(zones_notice(zones, 9));
		assert_place(zones, 9, id, T0, ZONES_LEADS);
	}
	assert_false(zones_are_several(zones));
	assert_int_equal(zones_count(zones), 1);
	assert_int_equal(zones_example(zones), 9);
	zones_free(zones);
}

static void zones_are_counted_each_once(void **state)
{
	struct zones *zones = several();

	(void)state;
	assert_false(zones_notice(zones, 7));
	assert_false(zones_notice(zones, 0));
	assert_int_equal(zones_count(zones), 2);
	assert_int_equal(zones_example(zones), 7);
	assert_false(zones_notice(zones, 65520));
	assert_false(zones_notice(zones, 65520));
	assert_int_equal(zones_count(zones), 3);
	zones_free(zones);
}

static void the_first_leads_the_others_follow(void **state)
{
	struct zones *zones = several();

	(void)state;
	assert_place(zones, 0, 1, T0, ZONES_LEADS);
	assert_place(zones, 7, 2, T0, ZONES_FOLLOWS);
	assert_place(zones, 8, 3, T0, ZONES_FOLLOWS);
	/* Told again, each keeps its place. */
	assert_place(zones, 7, 2, T0, ZONES_FOLLOWS);
	assert_place(zones, 0, 1, T0, ZONES_LEADS);
	zones_free(zones);
}

static void two_of_one_zone_are_two(void **state)
{
	struct zones *zones = several();
	struct zone_entry third = an_entry(7, 3), leader;

	(void)state;
	assert_place(zones, 0, 1, T0, ZONES_LEADS);
	assert_place(zones, 0, 2, T0, ZONES_LEADS);
	assert_place(zones, 7, 3, T0, ZONES_FOLLOWS);
	/* The one that began first. */
	assert_true(zones_leader(zones, &third, &leader));
	assert_int_equal(leader.id, 1);
	assert_place(zones, 7, 4, T0, ZONES_FOLLOWS);
	assert_place(zones, 7, 5, T0, ZONES_LEADS);
	zones_free(zones);
}

static void the_same_numbers_again_are_another_connection(void **state)
{
	struct zones *zones = several();

	(void)state;
	assert_place(zones, 0, 1, T0, ZONES_LEADS);
	assert_place(zones, 7, 2, T0, ZONES_FOLLOWS);
	end(zones, 0, 1, T0);
	/* The next one's first entry comes before the last end of the one before. */
	assert_place(zones, 0, 1, T0, ZONES_LEADS);
	end(zones, 7, 2, T0);
	assert_place(zones, 7, 2, T0, ZONES_FOLLOWS);
	end(zones, 0, 1, T0);
	end(zones, 7, 2, T0);
	assert_place(zones, 7, 2, T0, ZONES_LEADS);
	zones_free(zones);
}

static void a_leader_that_ended_is_remembered_for_a_while(void **state)
{
	struct zones *zones = several();
	struct zone_entry late = an_entry(7, 2);

	(void)state;
	assert_place(zones, 0, 1, T0, ZONES_LEADS);
	end(zones, 0, 1, T0 + SECONDS(1));
	late.begun = T0 + SECONDS(4);
	assert_int_equal(zones_join(zones, &late, T0 + SECONDS(4)), ZONES_LEADS);
	late.zone = 8;
	late.begun = T0;
	assert_int_equal(zones_join(zones, &late, T0 + SECONDS(20)), ZONES_FOLLOWS);
	late.zone = 9;
	zones_expire(zones, T0 + SECONDS(21));
	assert_int_equal(zones_join(zones, &late, T0 + SECONDS(21)), ZONES_FOLLOWS);
	end(zones, 7, 2, T0 + SECONDS(22));
	zones_shift(zones, SECONDS(100));
	assert_place(zones, 10, 5, T0 + SECONDS(141), ZONES_FOLLOWS);
	assert_place(zones, 11, 5, T0 + SECONDS(142), ZONES_LEADS);
	zones_free(zones);
}

static void who_knows_the_service_may_take_the_lead(void **state)
{
	struct zones *zones = several();
	struct zone_entry with = an_entry(7, 2);
	struct zone_entry leader;

	(void)state;
	with.service = ip(VIP);
	with.service_port = 80;
	assert_false(zones_leader(zones, &with, &leader));
	assert_place(zones, 0, 1, T0, ZONES_LEADS);
	assert_int_equal(zones_join(zones, &with, T0), ZONES_EXPLAINS);
	assert_true(zones_leader(zones, &with, &leader));
	assert_int_equal(leader.zone, 0);
	assert_int_equal(leader.id, 1);
	assert_false(addr_is_set(leader.service));
	zones_lead(zones, &with);
	assert_true(zones_leader(zones, &with, &leader));
	assert_int_equal(leader.zone, 7);
	assert_int_equal(leader.id, 2);
	assert_addr(leader.service, VIP);
	assert_int_equal(leader.service_port, 80);
	with.zone = 8;
	assert_int_equal(zones_join(zones, &with, T0), ZONES_FOLLOWS);
	zones_free(zones);
}

/* The index grows and shrinks under them, and nobody is lost. */
static void many_come_and_go(void **state)
{
	enum { MANY = 50000 };
	struct zones *zones = zones_new(MANY);
	struct zone_entry entry = an_entry(0, 1);

	(void)state;
	zones_notice(zones, 0);
	zones_notice(zones, 7);
	for (int round = 0; round < 2; round++) {
		int64_t now = T0 + round * SECONDS(100);

		for (uint32_t i = 0; i < MANY; i++) {
			entry.path.source_port = (uint16_t)i;
			entry.zone = 0;
			assert_int_equal(zones_join(zones, &entry, now), ZONES_LEADS);
		}
		for (uint32_t i = 0; i < MANY; i++) {
			entry.path.source_port = (uint16_t)i;
			entry.zone = 7;
			assert_int_equal(zones_join(zones, &entry, now), ZONES_FOLLOWS);
			entry.zone = 0;
			zones_end(zones, &entry, now + i);
		}
		/* The first half are forgotten, the others are known. */
		zones_expire(zones, now + ZONES_MEMORY + MANY / 2 - 1);
		entry.zone = 9;
		entry.path.source_port = MANY / 2;
		assert_int_equal(zones_join(zones, &entry, now + ZONES_MEMORY + MANY / 2 - 1),
				 ZONES_FOLLOWS);
		entry.path.source_port = MANY / 2 - 1;
		assert_int_equal(zones_join(zones, &entry, now + ZONES_MEMORY + MANY / 2 - 1),
				 ZONES_LEADS);
		zones_end(zones, &entry, now + ZONES_MEMORY + MANY / 2);
		zones_expire(zones, now + SECONDS(90));
	}
	zones_free(zones);
}

static void memory_is_bounded(void **state)
{
	struct zones *zones = zones_new(1024);
	struct zone_entry entry = an_entry(0, 1);

	(void)state;
	zones_notice(zones, 0);
	zones_notice(zones, 7);
	for (uint16_t port = 1; port <= 1024; port++) {
		entry.path.source_port = port;
		assert_int_equal(zones_join(zones, &entry, T0), ZONES_LEADS);
	}
	/* No room: both are counted. */
	entry.path.source_port = 2000;
	assert_int_equal(zones_join(zones, &entry, T0), ZONES_LEADS);
	entry.zone = 7;
	assert_int_equal(zones_join(zones, &entry, T0), ZONES_LEADS);
	/* What has ended makes room. */
	entry.path.source_port = 5;
	entry.zone = 0;
	zones_end(zones, &entry, T0);
	entry.path.source_port = 2000;
	assert_int_equal(zones_join(zones, &entry, T0), ZONES_LEADS);
	entry.zone = 7;
	assert_int_equal(zones_join(zones, &entry, T0), ZONES_FOLLOWS);
	zones_free(zones);
}

/* ---- in the tracker ---- */

struct scene {
	struct fold *fold;
	struct registry *registry;
	struct track *track;
};

static struct scene scene_begin_with(size_t live_limit)
{
	const struct track_options options = {
	    .live_limit = live_limit,
	    .pending = {.packet_limit = 100, .confirmed_limit = 100000},
	};
	struct scene scene = {.fold =
				  fold_new((struct fold_options){.window = 60000, .limit = 100000}),
			      .registry = registry_new()};

	assert_non_null(scene.fold);
	assert_non_null(scene.registry);
	scene.track = track_new(options, scene.fold, scene.registry);
	assert_non_null(scene.track);
	return scene;
}

static struct scene scene_begin(void)
{
	return scene_begin_with(10000);
}

static void scene_end(struct scene *scene)
{
	track_free(scene->track);
	fold_free(scene->fold);
	registry_free(scene->registry);
}

static struct conntrack_event told(enum conntrack_event_type type, uint16_t zone, uint32_t id,
				   uint16_t port, const char *asked)
{
	struct tuple original = a_tuple(IPPROTO_TCP, CLIENT, port, asked, 8080);
	struct tuple reply = a_tuple(IPPROTO_TCP, BACKEND, 8080, CLIENT, port);
	struct conntrack_event event = an_event(type, original, reply);

	event.zone = zone;
	event.id = id;
	event.has_tcp_state = true;
	event.tcp_state = TCP_CONNTRACK_SYN_SENT;
	if (type != CONNTRACK_NEW) {
		event.status |= CONNTRACK_SEEN_REPLY;
		event.tcp_state = TCP_CONNTRACK_TIME_WAIT;
		set_counters(&event, 5, 4, 500, 400);
		set_start(&event, T0);
	}
	return event;
}

static void say(struct scene *scene, struct conntrack_event event)
{
	if (event.type == CONNTRACK_ENTRY)
		track_dump_entry(scene->track, &event, T0 + SECONDS(1));
	else
		track_event(scene->track, &event, T0 + SECONDS(1));
}

/* All that was counted; those with the service in *ret_service. */
static struct totals taken_with(struct scene *scene, struct totals *ret_service, size_t gaps)
{
	struct batch *batch = calloc(1, sizeof(*batch));
	struct totals sum = {0};

	*ret_service = sum;
	assert_non_null(batch);
	fold_take(scene->fold, &batch->flows, &batch->flow_count);
	track_take(scene->track, batch);
	assert_int_equal(batch->gap_count, gaps);
	for (size_t i = 0; i < batch->flow_count; i++) {
		totals_add(&sum, &batch->flows[i].totals);
		if (addr_is_set(batch->flows[i].key.service))
			totals_add(ret_service, &batch->flows[i].totals);
	}
	batch_free(batch);
	return sum;
}

static struct totals taken(struct scene *scene, struct totals *ret_service)
{
	return taken_with(scene, ret_service, 0);
}

static void begin_several(struct scene *scene)
{
	struct totals with;

	say(scene, told(CONNTRACK_NEW, 0, 1, 1, BACKEND));
	say(scene, told(CONNTRACK_NEW, 9, 2, 1, BACKEND));
	say(scene, told(CONNTRACK_DESTROY, 9, 2, 1, BACKEND));
	say(scene, told(CONNTRACK_DESTROY, 0, 1, 1, BACKEND));
	assert_totals(taken(scene, &with), 1, 1, 1, 5, 4, 500, 400);
}

static void the_service_survives_whichever_comes_first(void **state)
{
	struct scene scene = scene_begin();
	struct totals with;

	(void)state;
	begin_several(&scene);
	say(&scene, told(CONNTRACK_NEW, 0, 1, 2, BACKEND));
	say(&scene, told(CONNTRACK_NEW, 9, 2, 2, VIP));
	say(&scene, told(CONNTRACK_DESTROY, 0, 1, 2, BACKEND));
	say(&scene, told(CONNTRACK_DESTROY, 9, 2, 2, VIP));
	assert_totals(taken(&scene, &with), 1, 1, 1, 5, 4, 500, 400);
	assert_totals(with, 1, 1, 1, 5, 4, 500, 400);
	say(&scene, told(CONNTRACK_NEW, 9, 2, 3, VIP));
	say(&scene, told(CONNTRACK_NEW, 0, 1, 3, BACKEND));
	say(&scene, told(CONNTRACK_DESTROY, 0, 1, 3, BACKEND));
	say(&scene, told(CONNTRACK_DESTROY, 9, 2, 3, VIP));
	assert_totals(taken(&scene, &with), 1, 1, 1, 5, 4, 500, 400);
	assert_totals(with, 1, 1, 1, 5, 4, 500, 400);
	scene_end(&scene);
}

/* Behind source NAT in the second of the zones. */
static struct conntrack_event told_translated(enum conntrack_event_type type, uint16_t zone,
					      uint32_t id, uint16_t port)
{
	struct conntrack_event event = told(type, zone, id, port, BACKEND);

	event.reply.destination = ip("192.0.2.1");
	event.reply.destination_port = 61000;
	return event;
}

static void check_translated(struct scene *scene)
{
	struct flow *flows;
	size_t count;

	fold_take(scene->fold, &flows, &count);
	assert_int_equal(count, 1);
	assert_int_equal(flows[0].totals.connections, 1);
	assert_addr(flows[0].key.service, VIP);
	assert_addr(flows[0].key.translated, "192.0.2.1");
	free(flows);
}

static void source_nat_of_another_zone_is_known_too(void **state)
{
	struct scene scene = scene_begin();

	(void)state;
	begin_several(&scene);
	say(&scene, told(CONNTRACK_NEW, 9, 2, 2, VIP));
	say(&scene, told_translated(CONNTRACK_NEW, 0, 1, 2));
	say(&scene, told(CONNTRACK_DESTROY, 9, 2, 2, VIP));
	say(&scene, told_translated(CONNTRACK_DESTROY, 0, 1, 2));
	check_translated(&scene);
	say(&scene, told_translated(CONNTRACK_NEW, 0, 1, 3));
	say(&scene, told(CONNTRACK_NEW, 9, 2, 3, VIP));
	say(&scene, told_translated(CONNTRACK_DESTROY, 0, 1, 3));
	say(&scene, told(CONNTRACK_DESTROY, 9, 2, 3, VIP));
	check_translated(&scene);
	scene_end(&scene);
}

static void a_dump_shows_both_and_the_service_survives(void **state)
{
	struct scene scene = scene_begin();
	struct totals with;

	(void)state;
	begin_several(&scene);
	for (int dumps = 0; dumps < 2; dumps++) {
		track_dump_begin(scene.track);
		say(&scene, told(CONNTRACK_ENTRY, 0, 1, 2, BACKEND));
		say(&scene, told(CONNTRACK_ENTRY, 9, 2, 2, VIP));
		assert_int_equal(track_dump_end(scene.track, T0 + SECONDS(2)), 0);
	}
	assert_totals(taken(&scene, &with), 1, 0, 1, 5, 4, 500, 400);
	assert_totals(with, 1, 0, 1, 0, 0, 0, 0);
	say(&scene, told(CONNTRACK_DESTROY, 0, 1, 2, BACKEND));
	say(&scene, told(CONNTRACK_DESTROY, 9, 2, 2, VIP));
	assert_totals(taken(&scene, &with), 0, 1, 0, 0, 0, 0, 0);
	assert_totals(with, 0, 1, 0, 0, 0, 0, 0);
	scene_end(&scene);
}

/* The one with the service finds no room in the table: the one that was counted goes on. */
static void without_room_the_service_waits(void **state)
{
	struct scene scene = scene_begin_with(2);
	struct totals with;

	(void)state;
	begin_several(&scene);
	track_dump_begin(scene.track);
	say(&scene, told(CONNTRACK_ENTRY, 0, 1, 2, BACKEND));
	say(&scene, told(CONNTRACK_ENTRY, 0, 5, 3, BACKEND));
	say(&scene, told(CONNTRACK_ENTRY, 9, 2, 2, VIP));
	track_dump_end(scene.track, T0 + SECONDS(2));
	assert_totals(taken_with(&scene, &with, 1), 2, 0, 2, 10, 8, 1000, 800);
	say(&scene, told(CONNTRACK_DESTROY, 0, 1, 2, BACKEND));
	say(&scene, told(CONNTRACK_DESTROY, 9, 2, 2, VIP));
	say(&scene, told(CONNTRACK_DESTROY, 0, 5, 3, BACKEND));
	assert_totals(taken(&scene, &with), 0, 2, 0, 0, 0, 0, 0);
	scene_end(&scene);
}

/* The second zone is first seen in the dump that shows a connection of before. */
static void a_restart_counts_nothing_again(void **state)
{
	struct scene scene = scene_begin(), next = scene_begin();
	struct batch *batch = calloc(1, sizeof(*batch));
	struct totals with;

	(void)state;
	assert_non_null(batch);
	track_dump_begin(scene.track);
	say(&scene, told(CONNTRACK_ENTRY, 9, 2, 2, VIP));
	say(&scene, told(CONNTRACK_ENTRY, 0, 1, 2, BACKEND));
	track_dump_end(scene.track, T0 + SECONDS(2));
	track_take(scene.track, batch);
	assert_int_equal(batch->checkpoint_count, 1);
	track_restore(next.track, &batch->checkpoints[0], T0 + SECONDS(2));
	batch_free(batch);
	for (int dumps = 0; dumps < 3; dumps++) {
		track_dump_begin(next.track);
		say(&next, told(CONNTRACK_ENTRY, 0, 1, 2, BACKEND));
		say(&next, told(CONNTRACK_ENTRY, 9, 2, 2, VIP));
		assert_int_equal(track_dump_end(next.track, T0 + SECONDS(3)), 0);
	}
	assert_totals(taken(&next, &with), 0, 0, 0, 0, 0, 0, 0);
	say(&next, told(CONNTRACK_DESTROY, 9, 2, 2, VIP));
	say(&next, told(CONNTRACK_DESTROY, 0, 1, 2, BACKEND));
	assert_totals(taken(&next, &with), 0, 1, 0, 0, 0, 0, 0);
	assert_int_equal(track_figures(next.track).live, 0);
	scene_end(&scene);
	scene_end(&next);
}

static void a_follower_that_vanishes_is_no_gap(void **state)
{
	struct scene scene = scene_begin();
	struct totals with;

	(void)state;
	begin_several(&scene);
	say(&scene, told(CONNTRACK_NEW, 0, 1, 2, BACKEND));
	say(&scene, told(CONNTRACK_NEW, 9, 2, 2, BACKEND));
	for (int dumps = 0; dumps < 3; dumps++) {
		track_dump_begin(scene.track);
		say(&scene, told(CONNTRACK_ENTRY, 0, 1, 2, BACKEND));
		track_dump_end(scene.track, T0 + SECONDS(2));
	}
	assert_totals(taken(&scene, &with), 1, 0, 1, 5, 4, 500, 400);
	assert_int_equal(track_figures(scene.track).live, 1);
	scene_end(&scene);
}

/* ---- against a naive model ---- */

#define PORTS 6u
#define PASSAGES 3u /* of a packet, each in a zone of its own */
#define CONNECTIONS 3000u
#define CHECKPOINTS_MAX (PORTS * PASSAGES * 4)

/* What a zone still has to tell of a client port: the connections in their order. */
struct passage {
	unsigned told; /* events, two for each connection */
	uint32_t id;
	bool masked; /* the NEW of this one is not told */
};

struct world {
	uint64_t random;
	unsigned made[PORTS]; /* connections so far */
	struct passage passages[PORTS][PASSAGES];
	struct scene scene;
	int64_t now;
	uint32_t ids;
	struct totals sum;
	struct checkpoint checkpoints[CHECKPOINTS_MAX]; /* the store's */
	size_t checkpoint_count;
};

static unsigned roll(struct world *world, unsigned sides)
{
	world->random ^= world->random << 13;
	world->random ^= world->random >> 7;
	world->random ^= world->random << 17;
	return (unsigned)(world->random % sides);
}

static struct conntrack_event of_passage(const struct world *world, enum conntrack_event_type type,
					 unsigned port, unsigned zone)
{
	struct conntrack_event event = told(type, (uint16_t)zone, world->passages[port][zone].id,
					    (uint16_t)(1000 + port), zone == 1 ? VIP : BACKEND);

	event.has_start = false;
	return event;
}

static void tell(struct world *world, unsigned port, unsigned zone)
{
	struct passage *passage = &world->passages[port][zone];
	bool ends = passage->told++ % 2;
	struct conntrack_event event;

	if (!ends)
		passage->masked = roll(world, 10) == 0;
	/* The kernel may give an id again. */
	if (!ends && roll(world, 2) == 0)
		passage->id = world->ids++;
	if (!ends && passage->masked)
		return;
	event = of_passage(world, ends ? CONNTRACK_DESTROY : CONNTRACK_NEW, port, zone);
	world->now += NSEC_PER_MSEC;
	track_event(world->scene.track, &event, world->now);
}

/* One more event of one zone. A connection begins when all zones have told the end of the one
 * before the last, so at most two are told of at once. */
static void step(struct world *world, unsigned port)
{
	unsigned zone = roll(world, PASSAGES), least = UINT32_MAX;
	struct passage *passages = world->passages[port];

	for (unsigned i = 0; i < PASSAGES; i++)
		if (passages[i].told < least)
			least = passages[i].told;
	if (passages[zone].told == 2 * world->made[port] && least + 2 >= 2 * world->made[port])
		world->made[port]++;
	if (passages[zone].told < 2 * world->made[port])
		tell(world, port, zone);
}

static void finish(struct world *world, unsigned port)
{
	for (unsigned zone = 0; zone < PASSAGES; zone++)
		while (world->passages[port][zone].told < 2 * world->made[port])
			tell(world, port, zone);
}

static void store_checkpoint(struct world *world, const struct checkpoint *checkpoint)
{
	size_t at = 0;

	while (at < world->checkpoint_count && (world->checkpoints[at].id != checkpoint->id ||
						world->checkpoints[at].zone != checkpoint->zone))
		at++;
	if (!checkpoint->remove) {
		assert_true(at < CHECKPOINTS_MAX);
		world->checkpoints[at] = *checkpoint;
		world->checkpoint_count += at == world->checkpoint_count;
	} else if (at < world->checkpoint_count) {
		world->checkpoints[at] = world->checkpoints[--world->checkpoint_count];
	}
}

static void commit(struct world *world)
{
	struct batch *batch = calloc(1, sizeof(*batch));

	assert_non_null(batch);
	fold_take(world->scene.fold, &batch->flows, &batch->flow_count);
	track_take(world->scene.track, batch);
	assert_int_equal(batch->gap_count, 0);
	for (size_t i = 0; i < batch->flow_count; i++)
		totals_add(&world->sum, &batch->flows[i].totals);
	for (size_t i = 0; i < batch->checkpoint_count; i++)
		store_checkpoint(world, &batch->checkpoints[i]);
	batch_free(batch);
}

/* All entries that are alive, from a zone on. */
static void dump(struct world *world)
{
	unsigned first = roll(world, PASSAGES);

	track_dump_begin(world->scene.track);
	for (unsigned i = 0; i < PORTS * PASSAGES; i++) {
		unsigned port = i % PORTS, zone = (first + i / PORTS) % PASSAGES;
		struct conntrack_event event = of_passage(world, CONNTRACK_ENTRY, port, zone);

		if (world->passages[port][zone].told % 2)
			track_dump_entry(world->scene.track, &event, world->now);
	}
	assert_int_equal(track_dump_end(world->scene.track, world->now), 0);
	commit(world);
}

/* Between two runs no connection has ended in some of its zones only. */
static void restart(struct world *world)
{
	for (unsigned port = 0; port < PORTS; port++) {
		finish(world, port);
		world->made[port]++;
		for (unsigned zone = 0; zone < PASSAGES; zone++)
			tell(world, port, (zone + port) % PASSAGES);
	}
	dump(world);
	assert_int_equal(world->checkpoint_count, PORTS);
	scene_end(&world->scene);
	world->scene = scene_begin();
	for (size_t i = 0; i < world->checkpoint_count; i++)
		track_restore(world->scene.track, &world->checkpoints[i], world->now);
	dump(world);
}

static void run_world(uint64_t seed)
{
	struct world *world = calloc(1, sizeof(*world));
	int64_t made = 1;

	assert_non_null(world);
	world->random = seed;
	world->now = T0;
	world->scene = scene_begin();
	world->ids = 100;
	say(&world->scene, told(CONNTRACK_NEW, 0, 1, 1, BACKEND));
	say(&world->scene, told(CONNTRACK_NEW, 9, 2, 1, BACKEND));
	say(&world->scene, told(CONNTRACK_DESTROY, 0, 1, 1, BACKEND));
	say(&world->scene, told(CONNTRACK_DESTROY, 9, 2, 1, BACKEND));
	for (unsigned i = 0; i < CONNECTIONS * 2 * PASSAGES; i++) {
		step(world, roll(world, PORTS));
		if (roll(world, 200) == 0)
			dump(world);
		if (roll(world, 3000) == 0)
			restart(world);
	}
	for (unsigned port = 0; port < PORTS; port++) {
		finish(world, port);
		made += world->made[port];
	}
	commit(world);
	assert_totals(world->sum, made, made, made, 5 * made, 4 * made, 500 * made, 400 * made);
	assert_int_equal(track_figures(world->scene.track).live, 0);
	assert_int_equal(world->checkpoint_count, 0);
	assert_true(made > CONNECTIONS / 2);
	scene_end(&world->scene);
	free(world);
}

static void random_interleavings_count_each_connection_once(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++)
		run_world(seed * UINT64_C(0x9e3779b97f4a7c15));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_zone_keeps_nothing),
	    cmocka_unit_test(zones_are_counted_each_once),
	    cmocka_unit_test(the_first_leads_the_others_follow),
	    cmocka_unit_test(two_of_one_zone_are_two),
	    cmocka_unit_test(the_same_numbers_again_are_another_connection),
	    cmocka_unit_test(a_leader_that_ended_is_remembered_for_a_while),
	    cmocka_unit_test(who_knows_the_service_may_take_the_lead),
	    cmocka_unit_test(many_come_and_go),
	    cmocka_unit_test(memory_is_bounded),
	    cmocka_unit_test(the_service_survives_whichever_comes_first),
	    cmocka_unit_test(source_nat_of_another_zone_is_known_too),
	    cmocka_unit_test(a_dump_shows_both_and_the_service_survives),
	    cmocka_unit_test(without_room_the_service_waits),
	    cmocka_unit_test(a_restart_counts_nothing_again),
	    cmocka_unit_test(a_follower_that_vanishes_is_no_gap),
	    cmocka_unit_test(random_interleavings_count_each_connection_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
