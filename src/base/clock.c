#include "base/clock.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define YEAR_0 INT64_C(-62167219200)
#define YEAR_10000 INT64_C(253402300800)

static int64_t clock_read(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

int64_t clock_now(void)
{
	return clock_read(CLOCK_REALTIME);
}

int64_t clock_monotonic(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

static int64_t divide_down(int64_t value, int64_t by)
{
	return value / by - (value % by < 0);
}

int64_t clock_msec(int64_t ns)
{
	return divide_down(ns, NSEC_PER_MSEC);
}

/* The digits, and what follows them; where that ends. */
static char *put_number(char *text, int value, int width, char after)
{
	for (int i = width; i-- > 0; value /= 10)
		text[i] = (char)('0' + value % 10);
	text[width] = after;
	return text + width + 1;
}

/* Of the proleptic Gregorian calendar. Days are counted from a first of March, so that the day that
 * not each year has is the last one. */
static void civil_date(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
	const int64_t of_era = 146097; /* 400 years */
	int64_t since = days + 719468; /* 0000-03-01 */
	int64_t era = divide_down(since, of_era);
	int64_t day = since - era * of_era;
	int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	int64_t month;

	day -= 365 * year + year / 4 - year / 100;
	month = (5 * day + 2) / 153; /* March is 0 */
	*ret_day = (int)(day - (153 * month + 2) / 5 + 1);
	*ret_month = (int)(month < 10 ? month + 3 : month - 9);
	*ret_year = (int)(year + era * 400 + (*ret_month <= 2));
}

const char *clock_format(int64_t msec, char text[static CLOCK_TEXT_MAX])
{
	const int64_t seconds = divide_down(msec, MSEC_PER_SEC);
	const int rest = (int)((msec % MSEC_PER_SEC + MSEC_PER_SEC) % MSEC_PER_SEC);
	const int64_t days = divide_down(seconds, 86400);
	const int second = (int)(seconds - days * 86400);
	int year, month, day;
	char *end;

	if (seconds < YEAR_0 || seconds >= YEAR_10000) {
		snprintf(text, CLOCK_TEXT_MAX, "%s",
			 msec < 0 ? "0000-01-01T00:00:00Z" : "9999-12-31T23:59:59Z");
		return text;
	}
	civil_date(days, &year, &month, &day);
	end = put_number(text, year, 4, '-');
	end = put_number(end, month, 2, '-');
	end = put_number(end, day, 2, 'T');
	end = put_number(end, second / 3600, 2, ':');
	end = put_number(end, second / 60 % 60, 2, ':');
	end = put_number(end, second % 60, 2, rest ? '.' : 'Z');
	if (rest)
		end = put_number(end, rest, 3, 'Z');
	*end = '\0';
	return text;
}

/* Exactly width digits, then the separator (0: nothing to follow). */
static bool take_number(const char **text, int width, char separator, int *ret)
{
	int value = 0;

	for (int i = 0; i < width; i++, (*text)++) {
		if (!isdigit((unsigned char)**text))
			return false;
		value = value * 10 + (**text - '0');
	}
	if (separator) {
		if (**text != separator)
			return false;
		(*text)++;
	}
	*ret = value;
	return true;
}

static bool take_fraction(const char **text, int64_t *ret_msec)
{
	int64_t msec = 0, scale = 100;
	int digits = 0;

	if (**text != '.') {
		*ret_msec = 0;
		return true;
	}
	for ((*text)++; isdigit((unsigned char)**text); (*text)++, digits++) {
		msec += (**text - '0') * scale;
		scale /= 10;
	}
	*ret_msec = msec;
	return digits > 0 && digits <= 9;
}

static bool take_offset(const char **text, int *ret_minutes)
{
	int hours, minutes, sign;

	if (**text == 'Z' || **text == 'z') {
		(*text)++;
		*ret_minutes = 0;
		return true;
	}
	if (**text != '+' && **text != '-')
		return false;
	sign = **text == '-' ? -1 : 1;
	(*text)++;
	if (!take_number(text, 2, ':', &hours) || !take_number(text, 2, 0, &minutes) ||
	    hours > 23 || minutes > 59)
		return false;
	*ret_minutes = sign * (hours * 60 + minutes);
	return true;
}

static bool is_calendar_date(const struct tm *tm)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year = tm->tm_year + 1900;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	if (tm->tm_mon < 0 || tm->tm_mon > 11 || tm->tm_mday < 1)
		return false;
	return tm->tm_mday <= days[tm->tm_mon] + (tm->tm_mon == 1 && leap);
}

int clock_parse(const char *text, int64_t *ret_msec)
{
	struct tm tm = {0};
	int64_t fraction;
	int offset;

	if (!take_number(&text, 4, '-', &tm.tm_year) || !take_number(&text, 2, '-', &tm.tm_mon) ||
	    !take_number(&text, 2, 0, &tm.tm_mday))
		return -EINVAL;
	if (*text != 'T' && *text != 't' && *text != ' ')
		return -EINVAL;
	text++;
	if (!take_number(&text, 2, ':', &tm.tm_hour) || !take_number(&text, 2, ':', &tm.tm_min) ||
	    !take_number(&text, 2, 0, &tm.tm_sec) || !take_fraction(&text, &fraction) ||
	    !take_offset(&text, &offset) || *text != '\0')
		return -EINVAL;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	if (!is_calendar_date(&tm) || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
		return -EINVAL;
	*ret_msec = ((int64_t)timegm(&tm) - offset * 60) * MSEC_PER_SEC + fraction;
	return 0;
}

int clock_parse_duration(const char *text, int64_t *ret_msec)
{
	static const struct {
		const char *unit;
		int64_t msec;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
	char *end = NULL;
	long long value;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno == ERANGE)
		return -ERANGE;
	if (value == 0 && *end == '\0') {
		*ret_msec = 0;
		return 0;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].unit) != 0)
			continue;
		if (value > INT64_MAX / units[i].msec)
			return -ERANGE;
		*ret_msec = value * units[i].msec;
		return 0;
	}
	return -EINVAL;
}

const char *clock_format_duration(int64_t msec, char text[static CLOCK_TEXT_MAX])
{
	static const struct {
		const char *unit;
		int64_t seconds, of_greater;
	} units[] = {{"d", 86400, INT64_MAX}, {"h", 3600, 24}, {"m", 60, 60}, {"s", 1, 60}};
	const int64_t seconds = msec / MSEC_PER_SEC;
	size_t i = 0;
	int64_t rest;
	int length;

	while (i < 3 && seconds < units[i].seconds)
		i++;
	length = snprintf(text, CLOCK_TEXT_MAX, "%" PRId64 "%s", seconds / units[i].seconds,
			  units[i].unit);
	if (i == 3)
		return text;
	rest = seconds / units[i + 1].seconds % units[i + 1].of_greater;
	if (rest > 0)
		snprintf(text + length, CLOCK_TEXT_MAX - (size_t)length, " %" PRId64 "%s", rest,
			 units[i + 1].unit);
	return text;
}

int clock_parse_since(const char *text, int64_t now_msec, int64_t *ret_msec)
{
	int64_t before;
	int r = clock_parse_duration(text, &before);

	if (r == -EINVAL)
		return clock_parse(text, ret_msec);
	if (r < 0)
		return r;
	*ret_msec = now_msec - before;
	return 0;
}
