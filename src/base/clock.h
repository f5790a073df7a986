/* Moments as int64 nanoseconds since the epoch, and their text. */
#ifndef NETPOL_BASE_CLOCK_H
#define NETPOL_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define NSEC_PER_USEC INT64_C(1000)
#define NSEC_PER_MSEC INT64_C(1000000)
#define NSEC_PER_SEC INT64_C(1000000000)
#define MSEC_PER_SEC INT64_C(1000)

/* "2026-01-02T03:04:05.123Z" and its NUL. */
#define CLOCK_TEXT_MAX 40

/* Wall clock (CLOCK_REALTIME), ns. */
int64_t clock_now(void);
/* CLOCK_MONOTONIC, ns: for intervals and deadlines only. */
int64_t clock_monotonic(void);
/* Rounds down, also for negative values. */
int64_t clock_msec(int64_t ns);
/* RFC 3339, UTC, three decimals only when they are not zero. Milliseconds since the epoch. */
const char *clock_format(int64_t msec, char text[static CLOCK_TEXT_MAX]);
/* RFC 3339 with any zone offset and up to nine decimals → ms since the epoch (rounded down).
 * -EINVAL. */
int clock_parse(const char *text, int64_t *ret_msec);
/* A duration: a whole number with unit ms, s, m, h or d; "0" needs no unit. → ms. -EINVAL, -ERANGE.
 */
int clock_parse_duration(const char *text, int64_t *ret_msec);
/* For people, rounded down to two units: "3d 4h", "5h", "12m 30s", "40s"; "0s" for less than a
 * second. msec >= 0. Returns text. */
const char *clock_format_duration(int64_t msec, char text[static CLOCK_TEXT_MAX]);
/* RFC 3339, or a duration before now_msec ("30m", "24h", "7d"). */
int clock_parse_since(const char *text, int64_t now_msec, int64_t *ret_msec);

#endif
