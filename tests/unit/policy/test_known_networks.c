#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "policy/known_networks.h"

struct reading {
	struct known_networks *networks;
	struct problems problems;
};

static int read_text(struct reading *reading, const char *name, const char *text)
{
	struct document *document = NULL;
	int r;

	if (!reading->networks)
		reading->networks = known_networks_new();
	assert_non_null(reading->networks);
	assert_int_equal(document_parse(text, strlen(text), name, &reading->problems, &document),
			 0);
	r = known_networks_add(reading->networks, document, &reading->problems);
	document_free(document);
	return r;
}

static void reading_end(struct reading *reading)
{
	known_networks_free(reading->networks);
	problems_clear(&reading->problems);
}

/* "": none has it. */
static const char *holder(const struct reading *reading, const char *address)
{
	struct prefix prefix;
	const struct known_network *found;

	assert_int_equal(prefix_parse(address, &prefix), 0);
	found = known_networks_find(reading->networks, prefix);
	return found ? found->name : "";
}

static void test_longest_prefix(void **state)
{
	struct reading reading = {0};

	(void)state;
	assert_int_equal(read_text(&reading, "a",
				   "- name: wide\n"
				   "  cidrs: [198.51.0.0/16, \"2001:db8::/32\"]\n"
				   "- {name: narrow, cidrs: [198.51.100.0/24, 198.51.100.0/24]}\n"
				   "- {name: one, cidrs: [198.51.100.7/32]}\n"
				   "- {name: twin, cidrs: [198.51.100.7/32, 198.51.0.0/16]}\n"),
			 0);
	assert_int_equal(reading.problems.count, 0);
	assert_string_equal(holder(&reading, "198.51.0.0"), "twin");
	assert_string_equal(holder(&reading, "198.51.99.255"), "twin");
	assert_string_equal(holder(&reading, "198.51.100.0"), "narrow");
	assert_string_equal(holder(&reading, "198.51.100.6"), "narrow");
	assert_string_equal(holder(&reading, "198.51.100.7"), "one");
	assert_string_equal(holder(&reading, "198.51.100.8"), "narrow");
	assert_string_equal(holder(&reading, "198.51.101.0"), "twin");
	assert_string_equal(holder(&reading, "198.52.0.0"), "");
	assert_string_equal(holder(&reading, "198.50.255.255"), "");
	assert_string_equal(holder(&reading, "2001:db8::1"), "wide");
	assert_string_equal(holder(&reading, "2001:db9::1"), "");
	assert_string_equal(holder(&reading, "::"), "");
	/* All of it, not its first address alone. */
	assert_string_equal(holder(&reading, "198.51.100.0/23"), "twin");
	assert_string_equal(holder(&reading, "198.51.100.0/25"), "narrow");
	assert_string_equal(holder(&reading, "198.51.100.6/31"), "narrow");
	assert_string_equal(holder(&reading, "198.50.0.0/15"), "");
	reading_end(&reading);
}

static void test_blocks_are_tidy(void **state)
{
	struct reading reading = {0};
	struct prefix prefix = {0};
	const struct known_network *found;
	char text[PREFIX_TEXT_MAX];

	(void)state;
	assert_int_equal(read_text(&reading, "a",
				   "- name: net\n"
				   "  cidrs: [203.0.113.0/24, '2001:db8::/32', 192.0.2.0/25,"
				   " 192.0.2.0/24, 192.0.2.7/32]\n"),
			 0);
	assert_int_equal(prefix_parse("192.0.2.7", &prefix), 0);
	found = known_networks_find(reading.networks, prefix);
	assert_non_null(found);
	assert_int_equal(found->block_count, 3);
	assert_string_equal(prefix_format(found->blocks[0], text), "192.0.2.0/24");
	assert_string_equal(prefix_format(found->blocks[1], text), "203.0.113.0/24");
	assert_string_equal(prefix_format(found->blocks[2], text), "2001:db8::/32");
	reading_end(&reading);
}

static void test_several_files(void **state)
{
	struct reading reading = {0};

	(void)state;
	assert_int_equal(read_text(&reading, "a", "[{name: z, cidrs: [192.0.2.0/24]}]"), 0);
	assert_int_equal(
	    read_text(&reading, "b", "[{\"name\": \"a\", \"cidrs\": [\"203.0.113.0/24\"]}]"), 0);
	assert_string_equal(holder(&reading, "192.0.2.1"), "z");
	assert_string_equal(holder(&reading, "203.0.113.1"), "a");
	assert_int_equal(read_text(&reading, "c", "\n- {name: z, cidrs: [10.0.0.0/8]}"), -EINVAL);
	assert_int_equal(reading.problems.count, 1);
	assert_string_equal(reading.problems.items[0].subject, "c:2");
	assert_string_equal(reading.problems.items[0].message,
			    "known networks: name: \"z\" is there already, at a:1");
	reading_end(&reading);
}

/* One error each, at this line, that says this. */
static void assert_wrong(const char *text, unsigned line, const char *message)
{
	struct reading reading = {0};
	char subject[32];

	snprintf(subject, sizeof(subject), "file:%u", line);
	assert_int_equal(read_text(&reading, "file", text), -EINVAL);
	assert_int_equal(reading.problems.count, 1);
	assert_int_equal(reading.problems.items[0].severity, PROBLEM_ERROR);
	assert_string_equal(reading.problems.items[0].subject, subject);
	if (!strstr(reading.problems.items[0].message, message))
		fail_msg("no \"%s\" in \"%s\"", message, reading.problems.items[0].message);
	reading_end(&reading);
}

static void test_what_is_wrong(void **state)
{
	(void)state;
	assert_wrong("", 1, "expected one list");
	assert_wrong("[]", 1, "expected one list");
	assert_wrong("{name: a, cidrs: [192.0.2.0/24]}", 1, "expected one list");
	assert_wrong("- {name: a, cidrs: [192.0.2.0/24]}\n---\n- {name: b, cidrs: [10.0.0.0/8]}\n",
		     1, "expected one list");
	assert_wrong("- text\n", 1, "[0]: expected a mapping");
	assert_wrong("- cidrs: [192.0.2.0/24]\n", 1, "[0].name: is missing");
	assert_wrong("- name: ''\n  cidrs: [192.0.2.0/24]\n", 1, "[0].name: expected a name");
	assert_wrong("- name: \"a\\nb\"\n  cidrs: [192.0.2.0/24]\n", 1,
		     "[0].name: expected a name");
	assert_wrong("- name: 5\n  cidrs: [192.0.2.0/24]\n", 1, "[0].name: expected text");
	assert_wrong("- name: a\n", 1, "[0].cidrs: expected a list of blocks");
	assert_wrong("- name: a\n  cidrs: []\n", 2, "[0].cidrs: expected a list of blocks");
	assert_wrong("- name: a\n  cidrs: 192.0.2.0/24\n", 2, "[0].cidrs: expected a list, not");
	assert_wrong("- name: a\n  cidrs:\n  - 192.0.2.0/24\n  - 192.0.2.9\n", 4,
		     "[0].cidrs[1]: expected a block");
	assert_wrong("- name: a\n  cidrs: [192.0.2.0/33]\n", 2, "[0].cidrs[0]: expected a block");
	assert_wrong("- name: a\n  cidrs: [192.0.2.1/24]\n", 2,
		     "[0].cidrs[0]: \"192.0.2.1/24\" has bits set beyond its length: did you mean "
		     "192.0.2.0/24?");
	assert_wrong("- name: a\n  cidrs: ['::ffff:192.0.2.0/120']\n", 2, "write it as IPv4");
	assert_wrong("- name: a\n  cidrs: [~]\n", 2, "[0].cidrs[0]: is missing");
	assert_wrong("- name: a\n  CIDRs: [192.0.2.0/24]\n  cidrs: [192.0.2.0/24]\n", 2,
		     "[0].CIDRs: unknown field: it is written cidrs");
	assert_wrong("- name: a\n  cidrs: [192.0.2.0/24]\n  url: x\n", 3, "[0].url: unknown field");
	assert_wrong("- {name: a, cidrs: [192.0.2.0/24]}\n- {name: a, cidrs: [10.0.0.0/8]}\n", 2,
		     "\"a\" is there already, at file:1");
}

static void test_all_that_is_wrong_is_said(void **state)
{
	struct reading reading = {0};

	(void)state;
	assert_int_equal(
	    read_text(&reading, "file", "- {name: a, cidrs: [x, y]}\n- {name: b, cidrs: [z]}\n"),
	    -EINVAL);
	assert_int_equal(reading.problems.errors, 3);
	reading_end(&reading);
}

/* Against a walk over all, where prefixes nest. */
static void test_find_as_a_walk_does(void **state)
{
	struct reading reading = {0};
	struct prefix prefixes[200];
	struct buf text = {0};
	uint64_t random = 0x9e3779b97f4a7c15;

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		const uint8_t bytes[4] = {10, 0, (uint8_t)(random >> 8 & 3),
					  (uint8_t)(random >> 16)};
		char cidr[PREFIX_TEXT_MAX];

		random = random * 6364136223846793005u + 1442695040888963407u;
		prefixes[i] =
		    prefix_around(addr_from_bytes(bytes, 4), (uint8_t)(18 + (random >> 60) % 15));
		buf_printf(&text, "- {name: n%03u, cidrs: [%s]}\n", i,
			   prefix_format(prefixes[i], cidr));
	}
	assert_int_equal(text.error, 0);
	assert_int_equal(read_text(&reading, "file", text.data), 0);
	for (unsigned i = 0; i < 1024; i++) {
		const uint8_t bytes[4] = {10, 0, (uint8_t)(i >> 8), (uint8_t)i};
		const struct addr addr = addr_from_bytes(bytes, 4);
		char expected[8] = "", address[ADDR_TEXT_MAX];
		unsigned best = 0;

		for (unsigned j = 0; j < 200; j++)
			if (prefix_contains(prefixes[j], addr) && prefixes[j].length > best) {
				best = prefixes[j].length;
				snprintf(expected, sizeof(expected), "n%03u", j);
			}
		assert_string_equal(holder(&reading, addr_format(addr, address)), expected);
	}
	buf_clear(&text);
	reading_end(&reading);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_longest_prefix),
	    cmocka_unit_test(test_blocks_are_tidy),
	    cmocka_unit_test(test_several_files),
	    cmocka_unit_test(test_what_is_wrong),
	    cmocka_unit_test(test_all_that_is_wrong_is_said),
	    cmocka_unit_test(test_find_as_a_walk_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
