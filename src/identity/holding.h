/*
 * Which sandbox had an address from when to when, by what is told of it at the moment. Within
 * identity/; the rules are in merge.h. Times are ns since the epoch (CLOCK_REALTIME).
 */
#ifndef NETPOL_IDENTITY_HOLDING_H
#define NETPOL_IDENTITY_HOLDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

/* An end is remembered for so long after it was noticed, for owners that are told late. */
#define HOLDING_MEMORY_NS (60 * INT64_C(1000000000))
/* Of one sandbox, with those that ended. */
#define HOLDINGS_MAX 128u

struct holder;

/* One sandbox's time with one address. */
struct holding {
	struct holding *next;  /* of the sandbox, the latest first */
	struct holding *rival; /* next of the address, whoever has it */
	struct holding *past;  /* next of those that have ended */
	struct holding **past_link;
	struct holder *holder;
	struct addr address;
	int64_t since;
	int64_t until; /* INTERVAL_OPEN: it has it */
	bool exact;
	bool secondary;
	bool guessed;     /* nobody says since when */
	bool unsure;      /* nor by which clock: not exact, and had from the earliest possible on */
	bool told;        /* by anyone, now */
	bool allocated;   /* and by who allocated it */
	bool freed;       /* for good, whatever others tell */
	bool lasting;     /* freed, and others have told it ever since */
	bool visited;     /* as that */
	int64_t proof;    /* from when on it surely had it */
	int64_t met;      /* when it was first told */
	int64_t noticed;  /* when the end was */
	int64_t released; /* when who allocated it became silent, or told another, while others were
			     not; 0 */
};

/* A sandbox, as far as addresses are concerned. Start from {0}. */
struct holder {
	struct holding *first;
	size_t count;
	struct holder *next_changed;
	struct holder **changed_link; /* NULL: not changed */
};

/* What all sources say of one address of one sandbox. */
struct evidence {
	struct addr address;
	int64_t exact;  /* earliest moment of allocation; 0: none says */
	int64_t plain;  /* earliest moment at which it surely had it; 0: none says */
	bool allocated; /* told by who allocated it */
	bool secondary;
};

struct holdings;

/* Are these of one pod? Then they do not dispute an address. */
typedef bool holdings_same_fn(const struct holder *a, const struct holder *b);

struct holdings *holdings_new(holdings_same_fn *is_same);  /* NULL: no memory */
struct holdings *holdings_free(struct holdings *holdings); /* NULL is allowed; returns NULL */
/* The sandbox has these addresses and no others; created: since when there is the sandbox, 0
 * unknown. -ENOMEM: again later. */
int holdings_settle(struct holdings *holdings, struct holder *holder, const struct evidence *told,
		    size_t count, int64_t created, int64_t now);
/* The holder goes. */
void holdings_clear(struct holdings *holdings, struct holder *holder);
/* What time decides. */
void holdings_tick(struct holdings *holdings, int64_t now);
/* The clock was set by delta and is now. */
void holdings_shift(struct holdings *holdings, int64_t now, int64_t delta);
/* Has time something to decide? */
bool holdings_wait(const struct holdings *holdings);
/* A holder with a change that was not taken yet, NULL: none is left. */
struct holder *holdings_take_changed(struct holdings *holdings);
void holdings_mark_changed(struct holdings *holdings, struct holder *holder);

/* How many addresses two pods have at once, for longer than the order of files explains. */
size_t holdings_contested(const struct holdings *holdings);
/* Each of them, once for as long as it lasts: two of those who have it. And each that is told of
 * one for so long although it was allocated to another; decided: to b. */
typedef void holdings_contest_fn(void *context, struct addr address, struct holder *a,
				 struct holder *b, bool decided);
void holdings_visit_contested(struct holdings *holdings, holdings_contest_fn *visit, void *context);

#endif
