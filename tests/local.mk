# The ladder: tree, unit, fuzz replay, golden and cli, netns, runtime. One report, in TAP.

LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
BATS_LOG_DRIVER = $(LOG_DRIVER)
TEST_EXTENSIONS = .bats
BATS_LOG_COMPILER = $(BATS)
AM_BATS_LOG_FLAGS = --tap
AM_TESTS_ENVIRONMENT = \
	CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT; \
	abs_top_srcdir='$(abs_top_srcdir)'; export abs_top_srcdir; \
	abs_top_builddir='$(abs_top_builddir)'; export abs_top_builddir; \
	CC='$(CC)'; export CC; NM='$(NM)'; export NM;

all_archives = libcollect.a libcli.a libcompile.a libstore.a librecord.a libidentity.a libbase.a
all_libraries = $(NFTNL_LIBS) $(NFCT_LIBS) $(MNL_LIBS) $(SYSTEMD_LIBS) $(INIH_LIBS) $(SQLITE_LIBS) \
	$(JANSSON_LIBS) $(YAML_LIBS) -lpthread

unit_tests = \
	tests/tree/test_sql \
	tests/unit/base/test_addr \
	tests/unit/base/test_buf \
	tests/unit/base/test_clock \
	tests/unit/base/test_document \
	tests/unit/base/test_hash \
	tests/unit/base/test_problem \
	tests/unit/cli/test_evidence \
	tests/unit/cli/test_options \
	tests/unit/daemon/test_config \
	tests/unit/daemon/test_config_defaults \
	tests/unit/daemon/test_retention \
	tests/unit/daemon/test_sysctl \
	tests/unit/daemon/test_writer \
	tests/unit/flow/test_flow \
	tests/unit/flow/test_fold \
	tests/unit/flow/test_live \
	tests/unit/flow/test_pending \
	tests/unit/flow/test_resolve \
	tests/unit/flow/test_track \
	tests/unit/flow/test_track_random \
	tests/unit/identity/test_interval \
	tests/unit/identity/test_inventory \
	tests/unit/identity/test_pod \
	tests/unit/kernel/test_answer \
	tests/unit/kernel/test_ct_decode \
	tests/unit/kernel/test_ct_request \
	tests/unit/kernel/test_nflog_decode \
	tests/unit/kernel/test_nflog_request \
	tests/unit/kernel/test_nlsock \
	tests/unit/kernel/test_packet \
	tests/unit/kernel/test_rules \
	tests/unit/model/test_graph \
	tests/unit/model/test_graph_read \
	tests/unit/output/test_json \
	tests/unit/output/test_table \
	tests/unit/output/test_yaml \
	tests/unit/policy/test_derive \
	tests/unit/policy/test_reduce \
	tests/unit/sources/test_cni_cache \
	tests/unit/sources/test_cni_result \
	tests/unit/store/test_crash \
	tests/unit/store/test_idmap \
	tests/unit/store/test_lock \
	tests/unit/store/test_prune \
	tests/unit/store/test_read \
	tests/unit/store/test_reader \
	tests/unit/store/test_schema \
	tests/unit/store/test_state \
	tests/unit/store/test_upkeep \
	tests/unit/store/test_wide \
	tests/unit/store/test_write

fuzz_targets = \
	tests/fuzz/fuzz_answer \
	tests/fuzz/fuzz_cni_result \
	tests/fuzz/fuzz_config \
	tests/fuzz/fuzz_ct_decode \
	tests/fuzz/fuzz_document \
	tests/fuzz/fuzz_evidence \
	tests/fuzz/fuzz_inventory \
	tests/fuzz/fuzz_nflog_decode \
	tests/fuzz/fuzz_packet

# These need nothing but the build and ordinary programs.
rootless_bats = \
	tests/cli/database.bats \
	tests/cli/import.bats \
	tests/cli/inventory.bats \
	tests/cli/netpold.bats \
	tests/cli/output.bats \
	tests/cli/usage.bats \
	tests/fuzz/replay.bats \
	tests/golden/golden.bats \
	tests/tree/layers.bats \
	tests/tree/man.bats \
	tests/tree/unit.bats

# A kernel that lets an unprivileged user make namespaces; root and containerd.
kernel_bats = \
	tests/netns/connections.bats \
	tests/netns/loss.bats \
	tests/netns/pods.bats \
	tests/netns/restart.bats \
	tests/netns/stress.bats \
	tests/runtime/pods.bats

checked_bats = $(rootless_bats) $(kernel_bats)

# One file each, linked with all of the project. With libFuzzer only the fuzz targets are made: it brings a main of its own.
LDADD = $(fuzz_main) $(all_archives) $(CMOCKA_LIBS) $(all_libraries)
AM_CFLAGS += $(CMOCKA_CFLAGS)

if TESTS_ENABLED
check_PROGRAMS += $(fuzz_targets)
if FUZZERS_ENABLED
fuzz_main = $(FUZZER_LDFLAGS)
else
fuzz_main = libreplay.a
check_LIBRARIES = libreplay.a
libreplay_a_SOURCES = tests/fuzz/replay.c
check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests) $(checked_bats)
endif
endif

EXTRA_DIST += $(rootless_bats) $(kernel_bats) \
	tests/cli/cli.bash \
	tests/golden/golden.bash \
	tests/golden/update.sh \
	tests/netns/lab.sh \
	tests/netns/faults.c \
	tests/netns/namespace.bash \
	tests/unit/flow/fixture.h \
	tests/unit/model/scene.h \
	tests/unit/store/fixture.h \
	tests/data tests/golden tests/fuzz/corpus contrib/demo
