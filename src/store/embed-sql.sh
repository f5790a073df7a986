#!/bin/sh
# Turns the folder of SQL files into one C header: embed-sql.sh SQL-FOLDER >HEADER
# NNN-NAME.sql are migrations, stmt/NAME.sql statements, all others scripts that become sql_NAME.
set -eu
LC_ALL=C
export LC_ALL

if [ $# -ne 1 ] || [ ! -d "$1/stmt" ]; then
	echo "usage: embed-sql.sh SQL-FOLDER >HEADER" >&2
	exit 2
fi
folder=$1

# A C string literal, a line of source for each line of the file.
literal()
{
	awk '{ gsub(/\\/, "\\\\"); gsub(/"/, "\\\""); gsub(/\t/, "\\t"); gsub(/\?/, "\\?"); printf "\n\t\"%s\\n\"", $0 }' "$1"
}

constant()
{
	echo "$1" | tr 'a-z-' 'A-Z_'
}

name_of()
{
	basename "$1" .sql
}

cat <<END
/* Generated from the files in sql/ by embed-sql.sh. */
#ifndef NETPOL_STORE_SQL_H
#define NETPOL_STORE_SQL_H

struct sql_text {
	const char *name;
	const char *text;
};

enum sql_statement {
END
for file in "$folder"/stmt/*.sql; do
	echo "	SQL_$(constant "$(name_of "$file")"),"
done
echo "	SQL_STATEMENTS"
echo "};"

echo
echo "static const struct sql_text sql_statements[] __attribute__((unused)) = {"
for file in "$folder"/stmt/*.sql; do
	printf '{"%s",' "$(name_of "$file")"
	literal "$file"
	echo "},"
done
echo "};"

echo
echo "static const struct sql_text sql_migrations[] __attribute__((unused)) = {"
count=0
for file in "$folder"/[0-9][0-9][0-9]-*.sql; do
	printf '{"%s",' "$(name_of "$file")"
	literal "$file"
	echo "},"
	count=$((count + 1))
done
echo "};"
echo "#define SQL_MIGRATIONS $count"

for file in "$folder"/[a-z]*.sql; do
	printf '\nstatic const char sql_%s[] __attribute__((unused)) =' "$(name_of "$file" | tr - _)"
	literal "$file"
	echo ";"
done
echo
echo "#endif"
