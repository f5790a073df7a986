/* Tables: alignment by what the terminal shows, and CSV. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <locale.h>
#include <string.h>

#include "output/output.h"

static void assert_table(const char *const *cells, size_t columns, size_t rows,
			 const char *expected, const char *csv)
{
	struct output_table *table = output_table_new(cells, columns);
	struct buf buf = {0};

	assert_non_null(table);
	for (size_t i = 1; i < rows; i++)
		assert_int_equal(output_table_row(table, cells + i * columns), 0);
	output_table_print(&buf, table);
	assert_string_equal(buf.data, expected);
	buf_clear(&buf);
	if (csv) {
		output_table_csv(&buf, table);
		assert_string_equal(buf.data, csv);
	}
	buf_clear(&buf);
	output_table_free(table);
}

static void test_alignment(void **state)
{
	static const char *const cells[] = {"NAME", "COUNT", "NOTE", "web",   "7",  "",
					    "db",   "1200",  "old",  "cache", "-",  "x y",
					    "",     "",      "",     "q",     "-3", ""};

	(void)state;
	assert_table(cells, 3, 6,
		     "NAME   COUNT  NOTE\n"
		     "web        7\n"
		     "db      1200  old\n"
		     "cache      -  x y\n"
		     "\n"
		     "q         -3\n",
		     "NAME,COUNT,NOTE\r\nweb,7,\r\ndb,1200,old\r\ncache,-,x y\r\n,,\r\nq,-3,\r\n");
}

/* Rows printed on their own, their widths known, are those of the table. */
static void test_rows(void **state)
{
	static const char *const cells[] = {"FROM", "N",  "TO", "a\xc3\xa9\n", "7", "b",
					    "c",    "10", ""};
	const struct output_column columns[] = {{4, false}, {2, true}, {1, false}};
	struct buf buf = {0};

	(void)state;
	assert_int_equal(output_width(cells[3]), 3);
	for (size_t i = 0; i < 9; i += 3)
		output_row(&buf, cells + i, columns, 3);
	assert_string_equal(buf.data, "FROM   N  TO\na\xc3\xa9?    7  b\nc     10\n");
	buf_clear(&buf);
	output_row(&buf, (const char *const[]){"longer", "x"}, columns, 2);
	output_row_csv(&buf, (const char *const[]){"a,b", "c"}, 2);
	assert_string_equal(buf.data, "longer   x\n\"a,b\",c\r\n");
	buf_clear(&buf);
}

static void test_sizes_are_numbers(void **state)
{
	static const char *const cells[] = {"A",   "B", "C",   "1.2 kB", "7 B", "3 kC",
					    "0 B", "-", "1 B", "35 MB",  "",    "2 "};

	(void)state;
	assert_table(cells, 3, 4,
		     "     A    B  C\n"
		     "1.2 kB  7 B  3 kC\n"
		     "   0 B    -  1 B\n"
		     " 35 MB       2 \n",
		     NULL);
}

static void test_text_columns_stay_left(void **state)
{
	static const char *const cells[] = {"A", "B", "80", "1", "10.0.0.1", "2"};

	(void)state;
	assert_table(cells, 2, 3, "A         B\n80        1\n10.0.0.1  2\n", NULL);
}

static void test_width(void **state)
{
	static const char *const cells[] = {"A", "B",         "\xe6\xbc\xa2\xe5\xad\x97",
					    "x", "e\xcc\x81", "y"};

	(void)state;
	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
	assert_table(cells, 2, 3,
		     "A     B\n"
		     "\xe6\xbc\xa2\xe5\xad\x97  x\n"
		     "e\xcc\x81     y\n",
		     NULL);
}

static void test_controls_are_shown(void **state)
{
	static const char *const cells[] = {"A", "B", "\x1b[31m\n", "\xff", "\xe2\x80\xaex", "b"};

	(void)state;
	assert_table(cells, 2, 3, "A       B\n?[31m?  ?\n?x      b\n", NULL);
}

static void test_csv_quotes(void **state)
{
	static const char *const cells[] = {"A", "B", "a,b", "say \"hi\"", "x\ny", "plain"};

	(void)state;
	assert_table(cells, 2, 3, "A    B\na,b  say \"hi\"\nx?y  plain\n",
		     "A,B\r\n\"a,b\",\"say \"\"hi\"\"\"\r\n\"x\ny\",plain\r\n");
}

static void test_many_rows(void **state)
{
	static const char *const title[] = {"N"};
	struct output_table *table = output_table_new(title, 1);
	struct buf buf = {0};

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(output_table_row(table, (const char *const[]){"12"}), 0);
	output_table_print(&buf, table);
	assert_int_equal(buf.length, 1001 * 3);
	assert_null(output_table_free(table));
	assert_null(output_table_free(NULL));
	buf_clear(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rows),       cmocka_unit_test(test_sizes_are_numbers),
	    cmocka_unit_test(test_alignment),  cmocka_unit_test(test_text_columns_stay_left),
	    cmocka_unit_test(test_width),      cmocka_unit_test(test_controls_are_shown),
	    cmocka_unit_test(test_csv_quotes), cmocka_unit_test(test_many_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
