#include "model/meeting.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/counts.h"

/* So far apart clocks may be where nothing else explains what the records say. ms. */
#define CLOCK_SLACK 60000

#define VERDICTS (VERDICT_MAX + 1)

/* ---- whose the addresses were ---- */

static bool is_pod(const struct end *end)
{
	return end->kind == END_POD;
}

static int compare_pods(const void *a, const void *b)
{
	const struct owner *x = a, *y = b;

	return (x->end->pod > y->end->pod) - (x->end->pod < y->end->pod);
}

static int compare_first(const void *a, const void *b)
{
	const struct owner *x = a, *y = b;
	int r = (x->first > y->first) - (x->first < y->first);

	return r ? r : compare_pods(a, b);
}

static const struct end *end_of(const struct graph_edge *edge, bool source)
{
	return source ? edge->from : edge->to;
}

/* One for each pod, with all the time in which it was seen. */
static size_t join_owners(struct owner *owners, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		struct owner *last = kept > 0 ? &owners[kept - 1] : NULL;

		if (!last || last->end->pod != owners[i].end->pod) {
			owners[kept++] = owners[i];
			continue;
		}
		last->first = owners[i].first < last->first ? owners[i].first : last->first;
		last->last = owners[i].last > last->last ? owners[i].last : last->last;
	}
	return kept;
}

/* Bound by the record's own node; unknown if that pod is in contradiction. As it is on the wire, so
 * not behind source NAT. */
static bool is_own_pod(const struct graph_edge *edge, bool source)
{
	const struct end *end = end_of(edge, source);

	return edge->local[source ? 0 : 1] && !(source && edge->translated) &&
	       (is_pod(end) || end->kind == END_UNKNOWN);
}

/* Whom the records' own nodes had at that end. Pods in contradiction are as one. */
static size_t find_owners(const struct meeting_room *room, struct records records, bool source)
{
	size_t count = 0;

	for (size_t i = 0; i < records.count; i++) {
		const struct graph_edge *edge = records.items[i];
		const struct end *end = end_of(edge, source);

		if (!is_own_pod(edge, source))
			continue;
		room->by_pod[count++] = (struct owner){.edge = edge,
						       .end = end,
						       .first = edge->edge.first_seen,
						       .last = edge->edge.last_seen};
	}
	if (count == 0)
		return 0;
	if (count > 1)
		qsort(room->by_pod, count, sizeof(*room->by_pod), compare_pods);
	count = join_owners(room->by_pod, count);
	memcpy(room->by_time, room->by_pod, count * sizeof(*room->by_pod));
	if (count > 1)
		qsort(room->by_time, count, sizeof(*room->by_time), compare_first);
	for (size_t i = 1; i < count; i++)
		if (room->by_time[i].last < room->by_time[i - 1].last)
			room->by_time[i].last = room->by_time[i - 1].last;
	return count;
}

static bool is_among(const struct owner *by_pod, size_t count, const struct end *end)
{
	const struct owner wanted = {.end = end};

	return bsearch(&wanted, by_pod, count, sizeof(wanted), compare_pods);
}

/* The first of those seen in the time, and whether there are others. */
static const struct owner *seen_then(const struct owner *by_time, size_t count, int64_t from,
				     int64_t until, bool *ret_several)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (by_time[middle].last < from)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_several = low + 1 < count && by_time[low + 1].first <= until;
	return low < count && by_time[low].first <= until ? &by_time[low] : NULL;
}

static const struct end *make_ambiguous(struct ends *ends, struct addr address)
{
	return ends_intern(
	    ends, &(struct end){.kind = END_UNKNOWN,
				.class = "ambiguous",
				.reason = "its node tells of several pods at about that time",
				.namespace = "",
				.name = "",
				.uid = "",
				.node = "",
				.address = address,
				.pod = GRAPH_NONE,
				.workload = GRAPH_NONE});
}

/* What an end that was looked up is, now that its own node has spoken. NULL: out of memory. */
static const struct end *settle_end(const struct vantages *vantages,
				    const struct meeting_room *room, size_t count,
				    const struct edge_record *edge, const struct end *end)
{
	const int64_t slack = is_pod(end) ? CLOCK_SLACK : BIND_SLACK;
	const struct owner *owner;
	bool several;

	if (!is_pod(end) && end->kind != END_UNKNOWN)
		return end;
	if (is_pod(end) && is_among(room->by_pod, count, end))
		return end;
	owner = seen_then(room->by_time, count, edge->first_seen - slack, edge->last_seen + slack,
			  &several);
	if (!owner || vantage_cover(vantages, owner->edge->edge.node, edge->first_seen,
				    edge->last_seen) == COVER_PART)
		return end;
	return several ? make_ambiguous(room->ends, end->address) : owner->end;
}

static int settle_ends(const struct vantages *vantages, const struct meeting_room *room,
		       struct records known, struct records records, bool source)
{
	size_t count = find_owners(room, known, source);

	for (size_t i = 0; count > 0 && i < records.count; i++) {
		struct graph_edge *edge = records.items[i];
		const struct end **end = source ? &edge->from : &edge->to;
		const struct end *settled;

		if (edge->local[source ? 0 : 1])
			continue;
		settled = settle_end(vantages, room, count, &edge->edge, *end);
		if (!settled)
			return -ENOMEM;
		*end = settled;
	}
	return 0;
}

/* ---- records of one pair of pods ---- */

struct group {
	const struct vantages *vantages;
	struct records departed;
	struct records arrived;
	bool one_source; /* all that departed are of one client */
};

static int64_t count_of(const struct graph_edge *edge)
{
	return edge->edge.totals.connections > 0 ? edge->edge.totals.connections : 0;
}

static int64_t sum_of(struct records records)
{
	int64_t sum = 0;

	for (size_t i = 0; i < records.count; i++)
		sum += count_of(records.items[i]);
	return sum;
}

static struct interval time_of(struct records records)
{
	struct interval time = {.from = INT64_MAX, .until = INT64_MIN};

	for (size_t i = 0; i < records.count; i++) {
		const struct edge_record *edge = &records.items[i]->edge;

		time.from = edge->first_seen < time.from ? edge->first_seen : time.from;
		time.until = edge->last_seen > time.until ? edge->last_seen : time.until;
	}
	return time;
}

/* Did the nodes of these watch all the time of those? */
static enum cover cover_of(const struct vantages *vantages, struct records records,
			   struct records others)
{
	struct interval time = time_of(others);
	enum cover worst = COVER_WHOLE;

	for (size_t i = 0; i < records.count; i++) {
		const char *node = records.items[i]->edge.node;
		enum cover cover;

		if (i > 0 && node == records.items[i - 1]->edge.node)
			continue;
		cover = vantage_cover(vantages, node, time.from, time.until);
		worst = cover > worst ? cover : worst;
	}
	return worst;
}

/* Edges are deleted when nothing was seen of them for long, and begin anew. */
static bool begins_with(struct records records, struct records others)
{
	return time_of(records).from <= time_of(others).from + BIND_SLACK;
}

static void supersede(struct graph_edge *edge, enum standing standing)
{
	if (edge->standing == STANDING_COUNTS)
		edge->standing = standing;
}

/* So many of the records' connections count; which of them they are is not known. */
static void keep(struct records records, int64_t left, enum standing standing)
{
	for (size_t i = 0; i < records.count; i++) {
		struct graph_edge *edge = records.items[i];
		const int64_t count = count_of(edge);

		if (left == 0)
			supersede(edge, standing);
		else if (left < count)
			counts_reduce(&edge->edge.totals, left);
		left -= left < count ? left : count;
	}
}

/* ---- how they went ---- */

/* How much who has this verdict knows of the connection. */
static unsigned rank(unsigned verdict)
{
	static const unsigned ranks[VERDICTS] = {
	    [VERDICT_DENIED] = 5,  [VERDICT_ANSWERED] = 4,   [VERDICT_ONE_WAY] = 3,
	    [VERDICT_REFUSED] = 3, [VERDICT_UNANSWERED] = 2, [VERDICT_UNKNOWN] = 1};

	return ranks[verdict];
}

static bool can_be_one(unsigned departed, unsigned arrived)
{
	return departed != VERDICT_ANSWERED || arrived != VERDICT_DENIED;
}

/* Connections by verdict: of each side, on both, and of what departed on neither. */
struct tally {
	int64_t departed[VERDICTS];
	int64_t arrived[VERDICTS];
	int64_t both[VERDICTS][VERDICTS]; /* [departed][arrived] */
	int64_t left[VERDICTS];
};

/* The records of one verdict stand together. */
static struct records with_verdict(struct records records, unsigned verdict)
{
	struct records found = {.items = records.items};

	while (found.items < records.items + records.count &&
	       found.items[0]->edge.key.verdict != verdict)
		found.items++;
	while (found.items + found.count < records.items + records.count &&
	       found.items[found.count]->edge.key.verdict == verdict)
		found.count++;
	return found;
}

static void match(struct tally *tally, int64_t *came, unsigned verdict, unsigned arrived)
{
	int64_t both = tally->left[verdict] < *came ? tally->left[verdict] : *came;

	tally->both[verdict][arrived] += both;
	tally->left[verdict] -= both;
	*came -= both;
}

static const unsigned by_rank[] = {VERDICT_DENIED,  VERDICT_ANSWERED,   VERDICT_ONE_WAY,
				   VERDICT_REFUSED, VERDICT_UNANSWERED, VERDICT_UNKNOWN};
#define RANKED (sizeof(by_rank) / sizeof(by_rank[0]))

static void match_all(struct tally *tally)
{
	int64_t came[VERDICTS];

	memcpy(came, tally->arrived, sizeof(came));
	memcpy(tally->left, tally->departed, sizeof(came));
	for (unsigned verdict = 1; verdict < VERDICTS; verdict++)
		match(tally, &came[verdict], verdict, verdict);
	for (size_t i = 0; i < RANKED; i++)
		for (size_t j = 0; j < RANKED; j++)
			if (can_be_one(by_rank[j], by_rank[i]))
				match(tally, &came[by_rank[i]], by_rank[j], by_rank[i]);
}

/* The destination's node saw all that came, from the beginning: what it denied is all there is. */
static void deny_the_rest(const struct group *group, struct tally *tally)
{
	const struct records denied = with_verdict(group->arrived, VERDICT_DENIED);

	for (unsigned verdict = 1; verdict < VERDICTS; verdict++) {
		struct records departed = with_verdict(group->departed, verdict);

		if (tally->both[verdict][VERDICT_DENIED] > 0 && begins_with(denied, departed) &&
		    cover_of(group->vantages, denied, departed) == COVER_WHOLE)
			tally->left[verdict] = 0;
	}
}

static struct tally tally_up(const struct group *group)
{
	struct tally tally = {0};

	for (unsigned verdict = 1; verdict < VERDICTS; verdict++) {
		tally.departed[verdict] = sum_of(with_verdict(group->departed, verdict));
		tally.arrived[verdict] = sum_of(with_verdict(group->arrived, verdict));
	}
	match_all(&tally);
	deny_the_rest(group, &tally);
	return tally;
}

static void set_verdict(struct records records, unsigned verdict)
{
	for (size_t i = 0; i < records.count; i++)
		records.items[i]->edge.key.verdict = (uint8_t)verdict;
}

/* The verdict under which the other node has all of them, if it knows more; else 0. */
static unsigned known_as(const struct tally *tally, unsigned verdict)
{
	unsigned found = 0;

	if (tally->left[verdict] > 0)
		return 0;
	for (unsigned other = 1; other < VERDICTS; other++) {
		if (tally->both[verdict][other] == 0)
			continue;
		if (found || rank(other) < rank(verdict) || other == verdict)
			return 0;
		found = other;
	}
	return found;
}

static unsigned arrived_known_as(const struct tally *tally, unsigned verdict)
{
	unsigned found = 0;
	int64_t sum = 0;

	for (unsigned other = 1; other < VERDICTS; other++) {
		if (tally->both[other][verdict] == 0)
			continue;
		if (found || rank(other) <= rank(verdict))
			return 0;
		found = other;
		sum += tally->both[other][verdict];
	}
	return sum == tally->arrived[verdict] ? found : 0;
}

/* What was seen of them on the other node goes to it: this many remain. */
static int64_t departed_keep(const struct tally *tally, unsigned verdict)
{
	int64_t sum = tally->left[verdict];

	for (unsigned other = 1; other < VERDICTS; other++)
		if (other == verdict || rank(other) < rank(verdict))
			sum += tally->both[verdict][other];
	return sum;
}

static int64_t arrived_keep(const struct tally *tally, unsigned verdict)
{
	int64_t sum = tally->arrived[verdict];

	for (unsigned other = 1; other < VERDICTS; other++)
		if (other != verdict && rank(other) > rank(verdict))
			sum -= tally->both[other][verdict];
	return sum;
}

/* The best that is known of some of them: policies ask no more. */
static unsigned best_of(const struct tally *tally, unsigned verdict)
{
	for (size_t i = 0; i < RANKED; i++)
		if (by_rank[i] != VERDICT_DENIED && tally->both[verdict][by_rank[i]] > 0)
			return rank(by_rank[i]) > rank(verdict) ? by_rank[i] : verdict;
	return verdict;
}

/* ---- which of them count ---- */

static bool is_same_source(const struct graph_edge *a, const struct graph_edge *b)
{
	return a->from->kind == b->from->kind && a->from->pod == b->from->pod &&
	       addr_equal(a->from->address, b->from->address) &&
	       strcmp(a->from->name, b->from->name) == 0;
}

static bool is_same_service(const struct graph_edge *a, const struct graph_edge *b)
{
	return addr_equal(a->edge.key.service, b->edge.key.service) &&
	       a->edge.key.service_port == b->edge.key.service_port;
}

static bool have_one(struct records records,
		     bool (*is_same)(const struct graph_edge *, const struct graph_edge *))
{
	for (size_t i = 1; i < records.count; i++)
		if (!is_same(records.items[0], records.items[i]))
			return false;
	return records.count > 0;
}

static bool is_known(struct records records, bool source)
{
	for (size_t i = 0; i < records.count; i++)
		if (end_of(records.items[i], source)->kind == END_UNKNOWN)
			return false;
	return true;
}

/* The client asked a port of the destination's node, which turned it to a pod of its own. */
static bool was_turned(struct records arrived)
{
	for (size_t i = 0; i < arrived.count; i++)
		if (addr_is_set(arrived.items[i]->edge.key.service))
			return true;
	return false;
}

/* Another meeting of theirs was first: what it left out stays so. */
static bool is_taken(struct records records)
{
	for (size_t i = 0; i < records.count; i++)
		if (records.items[i]->standing != STANDING_COUNTS)
			return true;
	return false;
}

static void set_departed(struct graph_edge *edge, const char *node, bool tells_of_source,
			 bool tells_of_destination)
{
	edge->recorded_by[1] = node;
	edge->told_elsewhere[0] = !tells_of_source || edge->vantage == VANTAGE_NEITHER;
	edge->told_elsewhere[1] = !tells_of_destination;
}

static void set_arrived(struct graph_edge *edge, const char *node, bool tells_of_source,
			bool tells_of_destination)
{
	edge->recorded_by[0] = node;
	if (!edge->recorded_by[1])
		edge->recorded_by[1] = edge->edge.node;
	edge->told_elsewhere[0] = !tells_of_source;
	edge->told_elsewhere[1] = !tells_of_destination || edge->vantage == VANTAGE_NEITHER;
}

/* The records of one verdict, by now the same on both sides. */
struct pairing {
	const struct group *group;
	struct records departed;
	struct records arrived;
	/* Connections that the other side has under a verdict that knows less. */
	int64_t departed_beyond;
	int64_t arrived_beyond;
	bool was_unclear; /* the destination's node did not see all of it */
	int64_t total;
};

static void set_tellers(const struct pairing *pairing, bool departed_tells_both,
			bool arrived_tells_both)
{
	const char *source = pairing->departed.items[0]->recorded_by[0];
	const char *destination = pairing->arrived.items[0]->edge.node;

	for (size_t i = 0; i < pairing->departed.count; i++)
		set_departed(pairing->departed.items[i], destination, !arrived_tells_both,
			     departed_tells_both);
	for (size_t i = 0; i < pairing->arrived.count; i++)
		set_arrived(pairing->arrived.items[i], source, arrived_tells_both,
			    !departed_tells_both);
}

static bool has_certain(struct records records)
{
	for (size_t i = 0; i < records.count; i++)
		if (!records.items[i]->edge.key.direction_uncertain)
			return true;
	return false;
}

/* Who saw a connection begin tells who has not. */
static void settle_direction(const struct pairing *pairing)
{
	const bool certain = has_certain(pairing->departed) || has_certain(pairing->arrived);

	for (size_t i = 0; certain && i < pairing->departed.count; i++)
		pairing->departed.items[i]->edge.key.direction_uncertain = 0;
	for (size_t i = 0; certain && i < pairing->arrived.count; i++)
		pairing->arrived.items[i]->edge.key.direction_uncertain = 0;
}

/* What was asked for is known where it was translated alone. */
static void carry_service(const struct graph_edge *asked, struct graph_edge *edge)
{
	edge->edge.key.service = asked->edge.key.service;
	edge->edge.key.service_port = asked->edge.key.service_port;
	edge->service_prefix = asked->service_prefix;
	edge->service = asked->service;
}

/* Where both translated the source, the destination sees what the later one made of it. */
static void carry_source(const struct graph_edge *asked, struct graph_edge *edge)
{
	edge->from = asked->from;
	edge->local[0] = false;
	edge->edge.key.source = asked->edge.key.source;
	if (edge->translated)
		return;
	edge->edge.key.translated = asked->edge.key.translated;
	edge->translated = asked->translated;
}

/* Who asked, and for which service, is what the source's node knows. */
static void carry(const struct pairing *pairing, struct records departed)
{
	const bool turned = was_turned(pairing->arrived);
	const bool one_service = have_one(departed, is_same_service);

	for (size_t i = 0; i < pairing->arrived.count; i++) {
		struct graph_edge *edge = pairing->arrived.items[i];

		if (pairing->group->one_source)
			carry_source(departed.items[0], edge);
		if (!turned && one_service)
			carry_service(departed.items[0], edge);
	}
}

/* The destination's node knows how many there were. */
static void take_counts(struct graph_edge *departed, const struct graph_edge *arrived)
{
	counts_copy(&departed->edge.totals, &arrived->edge.totals);
	departed->edge.first_seen = arrived->edge.first_seen;
	departed->edge.begun = arrived->edge.begun;
	departed->edge.last_seen = arrived->edge.last_seen;
	departed->vantage = VANTAGE_DESTINATION;
}

/* One of each, and one of them has all there were. */
static bool is_pair(const struct pairing *pairing)
{
	return pairing->departed.count == 1 && pairing->arrived.count == 1 &&
	       (pairing->total <= count_of(pairing->departed.items[0]) ||
		pairing->total <= count_of(pairing->arrived.items[0])) &&
	       !was_turned(pairing->arrived);
}

static void count_pair(const struct pairing *pairing)
{
	struct graph_edge *departed = pairing->departed.items[0];
	struct graph_edge *arrived = pairing->arrived.items[0];

	if (pairing->total <= count_of(arrived))
		take_counts(departed, arrived);
	carry_service(departed, arrived);
	supersede(arrived, STANDING_SUPERSEDED);
	set_tellers(pairing, false, false);
}

static int64_t beyond(int64_t total, int64_t counted)
{
	return total > counted ? total - counted : 0;
}

static void count_arrived(const struct pairing *pairing, bool tells_both)
{
	const int64_t rest =
	    is_taken(pairing->arrived) ? 0 : beyond(pairing->total, sum_of(pairing->arrived));

	carry(pairing, pairing->departed);
	keep(pairing->departed, rest, STANDING_SUPERSEDED);
	set_tellers(pairing, false, tells_both);
}

/* May the source's node have missed some of them? */
static bool may_lack(const struct pairing *pairing)
{
	return !begins_with(pairing->departed, pairing->arrived) ||
	       cover_of(pairing->group->vantages, pairing->departed, pairing->arrived) ==
		   COVER_PART;
}

static void count_departed(const struct pairing *pairing, bool tells_both)
{
	int64_t rest = beyond(pairing->total, sum_of(pairing->departed));

	if (!may_lack(pairing) && rest > pairing->arrived_beyond)
		rest = pairing->arrived_beyond;
	if (is_taken(pairing->departed))
		rest = 0;
	keep(pairing->arrived, rest, STANDING_SUPERSEDED);
	set_tellers(pairing, tells_both, false);
}

static bool arrived_counts(const struct pairing *pairing)
{
	const struct records departed = pairing->departed, arrived = pairing->arrived;

	return !pairing->was_unclear &&
	       cover_of(pairing->group->vantages, arrived, departed) == COVER_WHOLE &&
	       begins_with(arrived, departed);
}

static void settle_counts(struct pairing *pairing)
{
	const struct records departed = pairing->departed, arrived = pairing->arrived;
	const int64_t left = sum_of(departed) + pairing->arrived_beyond;
	const int64_t came = sum_of(arrived) + pairing->departed_beyond;
	const bool one_source = have_one(departed, is_same_source);
	const bool knows_destination = is_known(departed, false) || was_turned(arrived);
	const bool knows_source = is_known(arrived, true);

	pairing->total = arrived_counts(pairing) || came >= left ? came : left;
	settle_direction(pairing);
	if (is_taken(arrived))
		count_arrived(pairing, false);
	else if (is_taken(departed))
		count_departed(pairing, false);
	else if (!knows_source && knows_destination && !was_turned(arrived))
		count_departed(pairing, true);
	else if (is_pair(pairing) && knows_destination)
		count_pair(pairing);
	else if (one_source && !knows_destination)
		count_arrived(pairing, pairing->group->one_source);
	else if (!one_source || !have_one(departed, is_same_service))
		count_departed(pairing, false);
	else
		count_arrived(pairing, false);
}

/* ---- one pair of pods ---- */

static int compare_verdicts(const void *a, const void *b)
{
	struct graph_edge *const *x = a, *const *y = b;
	const unsigned v = (*x)->edge.key.verdict, w = (*y)->edge.key.verdict;

	return v != w ? (v > w) - (v < w) : (*x > *y) - (*x < *y);
}

static void sort_verdicts(struct records records)
{
	if (records.count > 1)
		qsort(records.items, records.count, sizeof(struct graph_edge *), compare_verdicts);
}

/* Of these the other node's records count. They stay for what they tell of their own end. */
static void leave_departed(struct group *group, struct records records, unsigned verdict,
			   enum standing standing)
{
	const char *node = group->arrived.items[0]->edge.node;
	struct graph_edge **end = group->departed.items + group->departed.count;

	for (size_t i = 0; i < records.count; i++) {
		struct graph_edge *edge = records.items[i];

		supersede(edge, standing);
		set_departed(edge, node, !group->one_source, false);
		edge->edge.key.verdict = (uint8_t)verdict;
	}
	memmove(records.items, records.items + records.count,
		(size_t)(end - (records.items + records.count)) * sizeof(*records.items));
	group->departed.count -= records.count;
}

/* How many records it takes to have so many connections. */
static size_t enough(struct records records, int64_t connections)
{
	size_t count = 0;

	for (int64_t sum = 0; count < records.count && sum < connections; count++)
		sum += count_of(records.items[count]);
	return count;
}

static void reduce_departed(struct group *group, const struct tally *tally, unsigned verdict)
{
	const struct records all = with_verdict(group->departed, verdict);
	const int64_t left = departed_keep(tally, verdict);
	struct records kept = all, rest = all;
	const bool denied = left == 0 && tally->both[verdict][VERDICT_DENIED] > 0;

	if (left >= sum_of(all))
		return;
	kept.count = enough(all, left);
	keep(kept, left, STANDING_SUPERSEDED);
	rest.items += kept.count;
	rest.count -= kept.count;
	leave_departed(group, rest, best_of(tally, verdict),
		       denied ? STANDING_OVERRIDDEN : STANDING_SUPERSEDED);
}

static void leave_arrived(struct group *group, struct records records)
{
	const char *node = group->departed.items[0]->recorded_by[0];
	struct graph_edge **end = group->arrived.items + group->arrived.count;

	for (size_t i = 0; i < records.count; i++) {
		supersede(records.items[i], STANDING_SUPERSEDED);
		set_arrived(records.items[i], node, false, true);
	}
	memmove(records.items, records.items + records.count,
		(size_t)(end - (records.items + records.count)) * sizeof(*records.items));
	group->arrived.count -= records.count;
}

static void reduce_arrived(struct group *group, const struct tally *tally, unsigned verdict)
{
	const struct records all = with_verdict(group->arrived, verdict);
	const int64_t left = arrived_keep(tally, verdict);
	struct records kept = all, rest = all;

	if (left >= sum_of(all))
		return;
	kept.count = enough(all, left);
	keep(kept, left, STANDING_SUPERSEDED);
	rest.items += kept.count;
	rest.count -= kept.count;
	leave_arrived(group, rest);
}

/* What all records of a verdict are known as on the other node; 0: they keep it. */
struct renaming {
	unsigned departed[VERDICTS];
	unsigned arrived[VERDICTS];
};

static struct renaming find_names(const struct tally *tally)
{
	struct renaming names = {0};

	for (unsigned verdict = 1; verdict < VERDICTS; verdict++) {
		names.departed[verdict] = known_as(tally, verdict);
		names.arrived[verdict] = arrived_known_as(tally, verdict);
	}
	return names;
}

/* The verdicts before any is renamed: what is renamed meets those of its new name. */
static void rename_all(struct group *group, const struct renaming *names)
{
	struct records departed[VERDICTS], arrived[VERDICTS];

	for (unsigned verdict = 1; verdict < VERDICTS; verdict++) {
		departed[verdict] = with_verdict(group->departed, verdict);
		arrived[verdict] = with_verdict(group->arrived, verdict);
	}
	for (unsigned verdict = 1; verdict < VERDICTS; verdict++) {
		if (names->departed[verdict])
			set_verdict(departed[verdict], names->departed[verdict]);
		if (names->arrived[verdict])
			set_verdict(arrived[verdict], names->arrived[verdict]);
	}
	sort_verdicts(group->departed);
	sort_verdicts(group->arrived);
}

static void find_beyond(const struct tally *tally, const struct renaming *names, unsigned verdict,
			struct pairing *pairing)
{
	for (unsigned other = 1; other < VERDICTS; other++) {
		if (other == verdict)
			continue;
		pairing->was_unclear |= names->arrived[other] == verdict;
		if (rank(other) <= rank(verdict) && !names->departed[other])
			pairing->arrived_beyond += tally->both[other][verdict];
		if (rank(other) < rank(verdict) && !names->arrived[other])
			pairing->departed_beyond += tally->both[verdict][other];
	}
}

static void settle_verdict(const struct group *group, const struct tally *tally,
			   const struct renaming *names, struct records departed, unsigned verdict)
{
	struct pairing pairing = {.group = group,
				  .departed = with_verdict(group->departed, verdict),
				  .arrived = with_verdict(group->arrived, verdict)};

	find_beyond(tally, names, verdict, &pairing);
	if (pairing.departed.count > 0 && pairing.arrived.count > 0)
		settle_counts(&pairing);
	else if (pairing.arrived.count > 0 && pairing.arrived_beyond > 0)
		carry(&pairing, departed);
}

static bool have_one_verdict(const struct group *group)
{
	const unsigned verdict = group->departed.items[0]->edge.key.verdict;

	return group->departed.count == 1 && group->arrived.count == 1 &&
	       group->arrived.items[0]->edge.key.verdict == verdict && verdict != VERDICT_DENIED;
}

/* Most are so: nothing is to be sorted, tallied or renamed. */
static void settle_one(struct group *group)
{
	struct pairing pairing = {
	    .group = group, .departed = group->departed, .arrived = group->arrived};

	group->one_source = true;
	settle_counts(&pairing);
}

static void settle_group(struct group *group)
{
	struct tally tally;
	struct renaming names;
	/* Of those that are left out the first still tells who asked. */
	struct records departed = {.items = &(struct graph_edge *){NULL}, .count = 1};

	sort_verdicts(group->departed);
	sort_verdicts(group->arrived);
	departed.items[0] = group->departed.items[0];
	group->one_source = have_one(group->departed, is_same_source);
	tally = tally_up(group);
	names = find_names(&tally);
	for (unsigned verdict = 1; verdict < VERDICTS; verdict++) {
		if (!names.departed[verdict])
			reduce_departed(group, &tally, verdict);
	}
	for (unsigned verdict = 1; verdict < VERDICTS; verdict++)
		if (!names.arrived[verdict] && group->departed.count > 0)
			reduce_arrived(group, &tally, verdict);
	rename_all(group, &names);
	for (unsigned verdict = 1; verdict < VERDICTS; verdict++)
		settle_verdict(group, &tally, &names, departed, verdict);
}

/* ---- all of one wire ---- */

static size_t pod_on_wire(const struct graph_edge *edge, bool departed)
{
	return departed && edge->translated ? edge->translated->pod : edge->from->pod;
}

static int compare_owners(const struct graph_edge *a, const struct graph_edge *b, bool a_departed,
			  bool b_departed)
{
	const size_t x = pod_on_wire(a, a_departed), y = pod_on_wire(b, b_departed);
	const size_t v = a->to->pod, w = b->to->pod;

	return x != y ? (x > y) - (x < y) : (v > w) - (v < w);
}

static int sort_departed(const void *a, const void *b)
{
	struct graph_edge *const *x = a, *const *y = b;
	int r = compare_owners(*x, *y, true, true);

	return r ? r : (*x > *y) - (*x < *y);
}

static int sort_arrived(const void *a, const void *b)
{
	struct graph_edge *const *x = a, *const *y = b;
	int r = compare_owners(*x, *y, false, false);

	return r ? r : (*x > *y) - (*x < *y);
}

static struct records run_of(struct records records, size_t at, bool departed)
{
	struct records run = {.items = records.items + at, .count = 1};

	while (at + run.count < records.count &&
	       compare_owners(run.items[0], run.items[run.count], departed, departed) == 0)
		run.count++;
	return run;
}

/* NULL: at several. */
static const char *only_node(struct records records)
{
	for (size_t i = 1; i < records.count; i++)
		if (records.items[i]->edge.node != records.items[0]->edge.node)
			return NULL;
	return records.items[0]->edge.node;
}

/* What was denied at the source never left. A node's own records of what left for an address and of
 * what came to it are of other times. */
static struct records that_left(struct records departed, struct records arrived)
{
	struct records kept = {.items = departed.items};
	const char *node = only_node(arrived);

	for (size_t i = 0; i < departed.count; i++) {
		struct graph_edge *edge = departed.items[i];

		if (edge->edge.key.verdict != VERDICT_DENIED && edge->edge.node != node)
			kept.items[kept.count++] = edge;
	}
	return kept;
}

static void meet(const struct vantages *vantages, struct records departed, struct records arrived)
{
	struct group group = {.vantages = vantages, .arrived = arrived};

	group.departed = that_left(departed, arrived);
	if (group.departed.count > 0 && have_one_verdict(&group))
		settle_one(&group);
	else if (group.departed.count > 0)
		settle_group(&group);
}

static bool is_clear(struct records departed, struct records arrived)
{
	for (size_t i = 0; i < departed.count; i++) {
		const struct graph_edge *edge = departed.items[i];
		const struct end *from = edge->translated ? edge->translated : edge->from;

		if (from->kind == END_UNKNOWN || edge->to->kind == END_UNKNOWN)
			return false;
	}
	return is_known(arrived, true) && is_known(arrived, false) && !was_turned(arrived);
}

static void meet_by_owners(const struct vantages *vantages, struct records departed,
			   struct records arrived)
{
	size_t i = 0, j = 0;

	if (departed.count > 1)
		qsort(departed.items, departed.count, sizeof(struct graph_edge *), sort_departed);
	if (arrived.count > 1)
		qsort(arrived.items, arrived.count, sizeof(struct graph_edge *), sort_arrived);
	while (i < departed.count && j < arrived.count) {
		struct records left = run_of(departed, i, true), came = run_of(arrived, j, false);
		int r = compare_owners(left.items[0], came.items[0], true, false);

		i += r <= 0 ? left.count : 0;
		j += r >= 0 ? came.count : 0;
		if (r == 0)
			meet(vantages, left, came);
	}
}

int meeting_settle(const struct vantages *vantages, const struct meeting_room *room,
		   struct records departed, struct records arrived)
{
	int r = 0;

	if (!was_turned(arrived))
		r = settle_ends(vantages, room, arrived, departed, false);
	if (r == 0)
		r = settle_ends(vantages, room, departed, arrived, true);
	if (r < 0)
		return r;
	if (is_clear(departed, arrived))
		meet_by_owners(vantages, departed, arrived);
	else
		meet(vantages, departed, arrived);
	return 0;
}
