#!/usr/bin/env bats
# The manual pages say what the programs do: options, commands, keys, JSON members and evidence, in both directions.

bats_require_minimum_version 1.5.0

setup() {
	unset NETPOL_DB
	export LC_ALL=C
	netpold=$abs_top_builddir/netpold
	report=$abs_top_builddir/netpol-report
	man=$abs_top_srcdir/man
	cd "$BATS_TEST_TMPDIR"
}

# Roff as plain lines: continued lines joined, fonts, quotes of arguments and escapes gone.
plain() {
	awk '/\\$/ { sub(/\\$/, ""); joined = joined $0; next } { print joined $0; joined = "" }' "$man/$1" |
		sed -e 's/\\f[A-Z]//g' -e 's/\\-/-/g' -e "s/\\\\(aq/'/g" -e 's/\\c$//'
}

# section PAGE TITLE: what stands below that heading.
section() {
	plain "$1" | awk -v title="$2" '
		/^\.SH / { sub(/^\.SH /, ""); gsub(/"/, ""); inside = $0 == title; next }
		inside'
}

# subsection TITLE <section
subsection() {
	awk -v title="$1" '/^\.SS / { sub(/^\.SS /, ""); gsub(/"/, ""); inside = $0 == title; next } inside'
}

# The tags of a section's paragraphs, as words.
tags() {
	awk 'tag { sub(/^\.[A-Z]+ +/, ""); gsub(/[",]/, " "); gsub(/ +/, " "); sub(/^ /, ""); sub(/ $/, ""); print }
		{ tag = $0 == ".TP" }'
}

# Help with each option on one line.
unwrapped() {
	awk '/^                    / { sub(/^ +/, " "); printf "%s", $0; next }
		{ printf "%s%s", (NR > 1 ? "\n" : ""), $0 }
		END { print "" }'
}

# help PROGRAM...: the spellings of all options in that help, such as "-o --format FORMAT".
help_options() {
	"$@" --help | unwrapped | sed -nE 's/^ +((-[A-Za-z], )?--[a-z-]+( [A-Z]+([\/=][A-Z]+|\[,[A-Z]+\])?| [a-z]+(\|[a-z-]+)+)?)( .*|$)/\1/p' | tr -s ', ' ' '
}

# The long names among words.
long_names() {
	grep -oE -e '--[a-z][a-z-]*' | sort -u
}

commands() {
	"$report" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'
}

# The page's line about a command.
synopsis() {
	section netpol-report.1 COMMANDS | tags | grep "^$1 "
}

same() {
	[ -n "$1" ] || { echo "nothing to compare"; return 1; }
	diff <(echo "$1") <(echo "$2")
}

# The page's keys as a file that sets all of them.
documented_keys() {
	section netpold.conf.5 'SECTIONS AND KEYS' |
		awk '/^\.SS / { sub(/^\.SS /, ""); gsub(/"/, ""); print; next }
			tag { sub(/^\.B /, ""); print }
			{ tag = $0 == ".TP" }'
}

# "[SECTION] KEY" for each key of a configuration on standard input.
qualified() {
	awk '/^\[/ { section = $0; next } / = / { print section, $1 }' | sort
}

evidence() {
	cat <<-'LINES'
		{"type":"header","version":1,"node":"n1","from":"2026-01-31T12:00:00Z","until":"2026-01-31T14:00:00Z"}
		{"type":"pod","node":"n1","namespace":"shop","name":"web","addresses":[{"address":"10.0.0.5","from":"2026-01-31T12:00:00Z"}],"words":[{"source":"cri","place":"/s","said":"{}"}]}
		{"type":"fact","node":"n1","name":"address","value":"192.0.2.10","since":"2026-01-31T12:00:00Z"}
		{"type":"object","node":"n1","kind":"Node","name":"n1","since":"2026-01-31T12:00:00Z","content":{"kind":"Node"}}
		{"type":"fact","node":"n1","name":"source.cni-result","value":"/c","since":"2026-01-31T12:00:00Z"}
		{"type":"fact","node":"n1","name":"dataplane.same-node","value":"yes","since":"2026-01-31T12:00:00Z"}
		{"type":"fact","node":"n1","name":"dataplane.was.same-node","value":"2026-01-31T12:00:00Z no: r","since":"2026-01-31T12:00:00Z"}
		{"type":"fact","node":"n1","name":"excluded.loopback","value":"it","since":"2026-01-31T12:00:00Z"}
		{"type":"gap","node":"n1","source":"log","from":"2026-01-31T12:10:00Z","until":"2026-01-31T12:11:00Z","reason":"r"}
		{"type":"flow","node":"n1","from":{"address":"10.0.0.5","namespace":"shop","name":"web"},"to":{"address":"10.0.0.7"},"service":{"address":"10.96.0.1","port":80},"protocol":"TCP","port":8080,"verdict":"denied","first_seen":"2026-01-31T12:01:00Z"}
		{"type":"flow","node":"n1","from":{"address":"10.0.0.7"},"to":{"address":"10.0.0.5","namespace":"shop","name":"web"},"protocol":"TCP","port":15008,"first_seen":"2026-01-31T12:01:00Z"}
	LINES
}

manifests() {
	cat <<-'YAML'
		{kind: Pod, apiVersion: v1, metadata: {name: a, namespace: shop}}
		---
		{kind: Pod, apiVersion: v1, metadata: {name: b, namespace: shop}}
		---
		kind: NetworkPolicy
		apiVersion: networking.k8s.io/v1
		metadata: {name: p, namespace: shop}
		spec: {podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}
	YAML
}

# The names of all members in JSON on standard input.
members() {
	grep -oE '"[a-z_]+":' | tr -d : | sort -u
}

# What a page's sketch of JSON names; values in quotes are none of it.
sketched() {
	sed -E 's/: "[^"]*"//g' | grep -oE '"[a-z_]+"' | sort -u
}

# expected_words MEMBER LINE: what import says it expected there, one a line.
expected_words() {
	run "$report" import --into never.db - <<<"$2"
	[ "$status" -eq 2 ]
	sed -n "s/.*\"$1\": expected \(.*\)/\1/p" <<<"$output" | sed 's/ or /, /' | tr -s ', ' '\n'
}

@test "netpold(8) has the options of netpold, and no others" {
	same "$(help_options "$netpold" | sort)" "$(section netpold.8 OPTIONS | tags | sort)"
	same "$(help_options "$netpold" | long_names)" "$(section netpold.8 SYNOPSIS | long_names)"
}

@test "netpol-report(1) has the commands of netpol-report, and no others" {
	same "$(commands | sort)" "$(section netpol-report.1 COMMANDS | tags | cut -d' ' -f1 | sort)"
}

@test "netpol-report(1) has the options of netpol-report and its commands, and no others" {
	used=$(help_options "$report"; for command in $(commands); do help_options "$report" "$command"; done)
	same "$(sort -u <<<"$used")" "$(section netpol-report.1 OPTIONS | tags | sort)"
}

@test "netpol-report(1) has the options that each command takes, and no others" {
	for command in $(commands); do
		echo "$command"
		common=--help
		[[ $(synopsis "$command") = *--into* || $command = reach ]] || common+=$'\n--db'
		same "$(help_options "$report" "$command" | long_names)" \
			"$({ synopsis "$command"; echo "$common"; } | long_names)"
	done
}

@test "netpol-report(1) has every reason that policy can include" {
	reasons=$("$report" policy --help | unwrapped | sed -n 's/^ *--include REASON .*: //p' | tr -d ' ' | tr , '\n')
	[ -n "$reasons" ]
	told=$(section netpol-report.1 POLICIES | subsection 'What is left out' | tags | tr ' ' '\n')
	for reason in $reasons; do
		echo "$reason"
		grep -qxF "$reason" <<<"$told"
	done
}

@test "netpol-report(1) has the formats of each command, the default first" {
	for command in $(commands); do
		echo "$command"
		help=$("$report" "$command" --help | unwrapped | sed -nE 's/.*--format FORMAT .*: (.*)/\1/p')
		page=$(synopsis "$command" | sed -nE 's/.*--format ([^]]*)\].*/\1/p' | tr -d ' ')
		if [ -z "$help" ]; then
			[ -z "$page" ]
			continue
		fi
		same "$(sed 's/ (default)//; s/, /\n/g' <<<"$help" | sort)" "$(tr '|' '\n' <<<"$page" | sort)"
		[ "${page%%|*}" = "$(grep -oE '[a-z]+ \(default\)' <<<"$help" | cut -d' ' -f1)" ]
	done
}

@test "netpol-report(1) has the operands of each command" {
	for command in $(commands); do
		echo "$command"
		operands=$("$report" "$command" --help | sed -n '1s/.*\[OPTION\]\.\.\. *//p')
		words=$(synopsis "$command" | sed -E 's/\[ [A-Z]+\]//g; s/ ?\[ --[^]]*\](\.\.\.)?//g; s/ --[a-z-]+ [A-Z]+//g')
		echo "$words"
		[ "$words" = "$command${operands:+ $operands}" ]
	done
}

@test "netpold.conf(5) and contrib/netpold.conf have the same keys and defaults in the same order" {
	same "$(documented_keys)" "$(sed -nE -e '/^\[/p' -e 's/^#([a-z_]+ = )/\1/p' "$abs_top_srcdir/contrib/netpold.conf")"
}

@test "every key of netpold.conf(5) is taken with its default, and changes nothing" {
	documented_keys >all.conf
	run "$netpold" --config all.conf --check-config
	echo "$output"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	same "$("$netpold" --config /dev/null --print-rules)" "$("$netpold" --config all.conf --print-rules)"
}

@test "contrib/netpold.conf is a configuration" {
	run "$netpold" --config "$abs_top_srcdir/contrib/netpold.conf" --check-config
	echo "$output"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "every section and key that netpold knows is in netpold.conf(5)" {
	echo '[?]' >unknown.conf
	run "$netpold" --config unknown.conf --check-config
	[ "$status" -eq 2 ]
	sections=$(sed 's/.*expected//' <<<"$output" | grep -oE '\[[^]]+\]')
	same "$(sort <<<"$sections")" "$(documented_keys | grep '^\[' | sort)"

	# A key's name is some string of the daemon's source: all of them are tried in all sections.
	grep -ohE '"[a-z_]+"' "$abs_top_srcdir"/src/daemon/*.c | tr -d '"' | sort -u >words
	while read -r section; do
		echo "$section"
		sed 's/$/ = ?/' words
	done <<<"$sections" >tried.conf
	run "$netpold" --config tried.conf --check-config
	[ "$status" -eq 2 ]
	[ "${output/not shown/}" = "$output" ]
	sed -nE 's/.*tried\.conf:([0-9]+): unknown key.*/\1/p' <<<"$output" >lines
	awk 'NR == FNR { unknown[$1]; next } !(FNR in unknown)' lines tried.conf | qualified >known
	same "$(cat known)" "$(documented_keys | qualified)"
}

@test "the examples in netpold.conf(5) are true" {
	section netpold.conf.5 EXAMPLE | awk '/^\.RE/ { exit } inside; /^\.RS/ { inside = 1 }' >example.conf
	[ -s example.conf ]
	run "$netpold" --config example.conf --check-config
	echo "$output"
	[ "$status" -eq 0 ]

	message=$(section netpold.conf.5 DESCRIPTION | grep '^netpold: error:')
	printf '[store]\n\nretention = 30\n' >wrong.conf
	run "$netpold" --config wrong.conf --check-config
	[ "$status" -eq 2 ]
	same "$message" "${output//wrong.conf//etc/netpol/netpold.conf}"
}

@test "the JSON members in netpol-report(1) are those that are printed" {
	evidence | "$report" import --into e.db
	for command in status pods edges denied; do
		echo "$command"
		page=$(section netpol-report.1 JSON | subsection "$command" | sketched)
		[ "$command" != denied ] ||
			page=$({ echo "$page"; section netpol-report.1 JSON | subsection edges | sketched; } | sort -u)
		same "$("$report" --db e.db "$command" --format json | members)" "$page"
	done
	echo workloads
	same "$(manifests | "$report" --db e.db status --workloads --inventory - --format json | members)" \
		"$(section netpol-report.1 JSON | subsection 'status --workloads' | sketched)"
	echo reach
	same "$(manifests | "$report" reach -f - --format json --explain | members)" \
		"$(section netpol-report.1 JSON | subsection reach | sketched)"
	echo evidence
	same "$("$report" --db e.db flows --format jsonl | members)" \
		"$(section netpol-report.1 EVIDENCE | subsection Lines | sketched)"
}

@test "the JSON members of verify are those in netpol-report(1), with the reasons of reach" {
	evidence | "$report" import --into e.db
	echo '{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {namespace: shop, name: p},
		spec: {podSelector: {matchLabels: {a: b}}, ingress: [{ports: [{port: 1}]}]}}' >p.yaml
	run -1 --separate-stderr "$report" --db e.db verify -f p.yaml --explain --format json
	drift=$("$report" --db e.db verify -f p.yaml --drift --format json || [ $? -eq 1 ])
	same "$({ echo "$output"; jq 'map({sides, allowed, why})' <<<"$drift"; } | members)" "$({
		section netpol-report.1 JSON | subsection verify | sketched
		section netpol-report.1 JSON | subsection reach | sed -n '/"isolated_by"/,/"allowed_by"/p' | sketched
	} | sort -u)"
}

@test "the verdicts are those of the programs" {
	verdicts=$(expected_words verdict '{"type":"flow","from":{"address":"10.0.0.1"},"to":{"address":"10.0.0.2"},"protocol":"TCP","first_seen":"2026-01-31T12:00:00Z","verdict":"?"}')
	same "$verdicts" "$(section netpol-report.1 VERDICTS | tags)"
	same "$verdicts" "$(section netpold.8 VERDICTS | tags)"
}

@test "the sources of gaps are those of the programs" {
	sources=$(expected_words source '{"type":"gap","source":"?","from":"2026-01-31T12:00:00Z","until":"2026-01-31T12:00:00Z"}')
	same "$sources" "$(section netpold.8 GAPS | tags)"
	for source in $sources; do
		section netpol-report.1 EVIDENCE | grep -qw -- "$source"
	done
}

@test "the example of evidence in netpol-report(1) can be imported, and says what it should" {
	example=$(section netpol-report.1 EVIDENCE | subsection Example)
	grep '^{' <<<"$example" >shop.jsonl
	[ "$(wc -l <shop.jsonl)" -ge 8 ]
	PATH=$abs_top_builddir:$PATH
	commands=$(grep '^netpol-report ' <<<"$example")
	grep -q -- '--into shop.db' <<<"$commands"
	while read -r command; do
		echo "$command"
		eval "$command" >last
	done <<<"$commands"
	"$report" edges --db shop.db --format csv >edges
	cat edges
	[ "$(wc -l <edges)" -eq 5 ]
	grep -q '^shop/web-1,shop/db-0,TCP 5432,,answered,3,' edges
	grep -q '^198.51.100.7,shop/web-1,TCP 8080,10.96.0.30:80,answered,40,' edges
	grep -q '10.0.9.9 .*shop/db-0' last

	"$report" flows --db shop.db --format jsonl >again.jsonl
	"$report" import --into again.db again.jsonl
	diff again.jsonl <("$report" flows --db again.db --format jsonl)
}

@test "the queries in netpold(8) are taken, also the one for pods of another node" {
	for node in n1 n2; do
		jq -c --arg node $node 'select(.node == $node)' "$abs_top_srcdir/tests/golden/two-nodes/evidence.jsonl" |
			"$report" import --into $node.db
	done
	section netpold.8 DATABASE | awk '/^\.nf/ { inside = 1 } /^\.fi/ { inside = 0 } inside && !/^\./' |
		sed -e 's/-box/-csv/' -e 's/^db=.*/db=n1.db/' >queries
	bash -e queries >answers
	cat answers
	grep -qx 'shop/web,shop,api,8080,[0-9]*' answers
}

@test "netpold(8) has the views of the database, and no others" {
	views=$(sed -n 's/^CREATE VIEW \([a-z_]*\) .*/\1/p' "$abs_top_srcdir/sql/views.sql")
	same "$(sort <<<"$views")" "$(section netpold.8 DATABASE | tags | sort)"
}

@test "netpold(8) names the data that is installed" {
	installed=$(sed -n 's|^pkgdata_DATA = .*/|share/netpol/|p' "$abs_top_srcdir/src/local.mk")
	[ -n "$installed" ]
	section netpold.8 FILES | grep -qxF ".I $installed"
}

@test "the pages format without a warning from man" {
	man --version 2>/dev/null | grep -q '^man ' || skip 'man-db is not installed (package man-db)'
	for page in "$man"/*.[1-8]; do
		LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l "$page" >text 2>warnings
		cat warnings
		[ -s text ]
		[ ! -s warnings ]
	done
}

@test "the pages format without a warning from groff" {
	command -v groff >/dev/null || skip 'groff is not installed (package groff-base)'
	for page in "$man"/*.[1-8]; do
		run groff -ww -man -Tutf8 -z "$page"
		echo "$output"
		[ "$status" -eq 0 ]
		[ -z "$output" ]
		run grep -nP '[^\x20-\x7e]' "$page"
		[ "$status" -eq 1 ]
	done
}
