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

all_archives = libcollect.a libcri.a libcli.a libcompile.a libstore.a librecord.a libidentity.a libbase.a
all_libraries = $(NFTNL_LIBS) $(NFCT_LIBS) $(MNL_LIBS) $(SYSTEMD_LIBS) $(INIH_LIBS) $(SQLITE_LIBS) \
	$(JANSSON_LIBS) $(YAML_LIBS) $(NGHTTP2_LIBS) $(PROTOBUF_C_LIBS) -lpthread

unit_tests = \
	tests/tree/test_sql \
	tests/unit/base/test_addr \
	tests/unit/base/test_arena \
	tests/unit/base/test_buf \
	tests/unit/base/test_clock \
	tests/unit/base/test_document \
	tests/unit/base/test_hash \
	tests/unit/base/test_permute \
	tests/unit/base/test_problem \
	tests/unit/base/test_special_range \
	tests/unit/base/test_tree \
	tests/unit/cli/test_cluster \
	tests/unit/cli/test_evidence \
	tests/unit/cli/test_import_gadget \
	tests/unit/cli/test_import_gather \
	tests/unit/cli/test_import_hubble \
	tests/unit/cli/test_options \
	tests/unit/cli/test_session \
	tests/unit/cli/test_summary_text \
	tests/unit/cli/test_wrap \
	tests/unit/daemon/test_config \
	tests/unit/daemon/test_config_defaults \
	tests/unit/daemon/test_dataplane \
	tests/unit/daemon/test_found \
	tests/unit/daemon/test_handover \
	tests/unit/daemon/test_inventory_changes \
	tests/unit/daemon/test_inventory_file \
	tests/unit/daemon/test_pod_news \
	tests/unit/daemon/test_pods \
	tests/unit/daemon/test_retention \
	tests/unit/daemon/test_sysctl \
	tests/unit/daemon/test_valve \
	tests/unit/daemon/test_writer \
	tests/unit/flow/test_flow \
	tests/unit/flow/test_fold \
	tests/unit/flow/test_idle \
	tests/unit/flow/test_live \
	tests/unit/flow/test_losses \
	tests/unit/flow/test_owners \
	tests/unit/flow/test_pending \
	tests/unit/flow/test_recent \
	tests/unit/flow/test_resolve \
	tests/unit/flow/test_track \
	tests/unit/flow/test_track_checkpoints \
	tests/unit/flow/test_track_denied \
	tests/unit/flow/test_track_dump \
	tests/unit/flow/test_track_random \
	tests/unit/flow/test_track_repeated \
	tests/unit/flow/test_zones \
	tests/unit/identity/test_interval \
	tests/unit/identity/test_inventory \
	tests/unit/identity/test_inventory_merge \
	tests/unit/identity/test_inventory_network \
	tests/unit/identity/test_inventory_owner \
	tests/unit/identity/test_inventory_template \
	tests/unit/identity/test_inventory_trim \
	tests/unit/identity/test_labels \
	tests/unit/identity/test_merge \
	tests/unit/identity/test_pod \
	tests/unit/identity/test_pod_join \
	tests/unit/identity/test_tenures \
	tests/unit/kernel/test_answer \
	tests/unit/kernel/test_ct_decode \
	tests/unit/kernel/test_ct_filter \
	tests/unit/kernel/test_ct_request \
	tests/unit/kernel/test_nflog_decode \
	tests/unit/kernel/test_nflog_request \
	tests/unit/kernel/test_nlsock \
	tests/unit/kernel/test_packet \
	tests/unit/kernel/test_rules \
	tests/unit/model/test_graph \
	tests/unit/model/test_counts \
	tests/unit/model/test_graph_read \
	tests/unit/model/test_pods \
	tests/unit/model/test_selector \
	tests/unit/model/test_vantage \
	tests/unit/output/test_json \
	tests/unit/output/test_table \
	tests/unit/output/test_yaml \
	tests/unit/policy/test_admit \
	tests/unit/policy/test_aggregate \
	tests/unit/policy/test_agreement \
	tests/unit/policy/test_atom \
	tests/unit/policy/test_cluster_ranges \
	tests/unit/policy/test_derive \
	tests/unit/policy/test_diff \
	tests/unit/policy/test_dns \
	tests/unit/policy/test_entry \
	tests/unit/policy/test_evaluate \
	tests/unit/policy/test_evaluate_unknown \
	tests/unit/policy/test_kind_clusternetworkpolicy \
	tests/unit/policy/test_kind_kubescape \
	tests/unit/policy/test_kinds \
	tests/unit/policy/test_externals \
	tests/unit/policy/test_kinds_published \
	tests/unit/policy/test_known_networks \
	tests/unit/policy/test_label_selector \
	tests/unit/policy/test_manifest \
	tests/unit/policy/test_manifest_files \
	tests/unit/policy/test_manifest_strict \
	tests/unit/policy/test_manifest_wider \
	tests/unit/policy/test_peers \
	tests/unit/policy/test_port_set \
	tests/unit/policy/test_properties \
	tests/unit/policy/test_properties_options \
	tests/unit/policy/test_published \
	tests/unit/policy/test_reach \
	tests/unit/policy/test_reach_agreement \
	tests/unit/policy/test_readiness \
	tests/unit/policy/test_reduce \
	tests/unit/policy/test_replay \
	tests/unit/policy/test_scene_graph \
	tests/unit/policy/test_rule_rows \
	tests/unit/policy/test_scene_inventory \
	tests/unit/policy/test_tomorrow \
	tests/unit/policy/test_unused \
	tests/unit/sources/test_cni_result \
	tests/unit/sources/test_cri \
	tests/unit/sources/test_cri_message \
	tests/unit/sources/test_cri_table \
	tests/unit/sources/test_dataplane \
	tests/unit/sources/test_dataplane_cni \
	tests/unit/sources/test_dataplane_decode \
	tests/unit/sources/test_formats \
	tests/unit/sources/test_node_fixtures \
	tests/unit/sources/test_node_kinds \
	tests/unit/sources/test_node_state \
	tests/unit/sources/test_state_files \
	tests/unit/sources/test_wal \
	tests/unit/store/test_crash \
	tests/unit/store/test_identity \
	tests/unit/store/test_idmap \
	tests/unit/store/test_lock \
	tests/unit/store/test_pages \
	tests/unit/store/test_prune \
	tests/unit/store/test_read \
	tests/unit/store/test_reader \
	tests/unit/store/test_schema \
	tests/unit/store/test_state \
	tests/unit/store/test_upkeep \
	tests/unit/store/test_wide \
	tests/unit/store/test_write

# A container runtime, and what one answers.
tests_unit_sources_test_cri_SOURCES = tests/unit/sources/test_cri.c \
	tests/unit/sources/cri_bodies.c tests/unit/sources/cri_bodies.h \
	tests/unit/sources/cri_server.c tests/unit/sources/cri_server.h
tests_unit_sources_test_cri_message_SOURCES = tests/unit/sources/test_cri_message.c \
	tests/unit/sources/cri_bodies.c tests/unit/sources/cri_bodies.h

# A second evaluator, and clusters to ask both about.
tests_unit_policy_test_agreement_SOURCES = tests/unit/policy/test_agreement.c \
	tests/unit/policy/cluster.c tests/unit/policy/cluster.h \
	tests/unit/policy/cluster_print.c \
	tests/unit/policy/naive.c tests/unit/policy/naive.h \
	tests/unit/policy/worlds.c tests/unit/policy/worlds.h
# Clusters, what was recorded of them, and what is made of that.
histories = tests/unit/policy/properties.c tests/unit/policy/properties.h \
	tests/unit/policy/histories.c tests/unit/policy/histories.h \
	tests/unit/policy/histories_talk.c tests/unit/policy/histories_tell.c
tests_unit_policy_test_properties_SOURCES = tests/unit/policy/test_properties.c $(histories)
tests_unit_policy_test_properties_options_SOURCES = tests/unit/policy/test_properties_options.c \
	$(histories)
tests_unit_policy_test_tomorrow_SOURCES = tests/unit/policy/test_tomorrow.c $(histories)
tests_unit_policy_test_reach_agreement_SOURCES = tests/unit/policy/test_reach_agreement.c \
	tests/unit/policy/cluster.c tests/unit/policy/cluster.h

# Objects held to the fields that their APIs publish; the program does it for bats.
published = tests/unit/policy/published.c tests/unit/policy/published.h \
	tests/unit/policy/published_internal.h \
	tests/unit/policy/published_kinds.c \
	tests/unit/policy/published_text.c
tests_unit_policy_test_manifest_wider_SOURCES = tests/unit/policy/test_manifest_wider.c \
	tests/unit/policy/random_policy.c tests/unit/policy/random_policy.h
tests_unit_policy_test_kinds_published_SOURCES = tests/unit/policy/test_kinds_published.c \
	tests/unit/policy/random_policy.c tests/unit/policy/random_policy.h $(published)
tests_unit_policy_test_kinds_SOURCES = tests/unit/policy/test_kinds.c $(published)
tests_unit_policy_test_published_SOURCES = tests/unit/policy/test_published.c $(published)
tests_unit_policy_check_published_SOURCES = tests/unit/policy/check_published.c $(published)
tests_unit_policy_check_published_LDADD = libcli.a libcompile.a libidentity.a libbase.a $(JANSSON_LIBS) $(YAML_LIBS)

# Run by the bats files of the same name, inside a namespace.
kernel_tests = \
	tests/netns/test_adopt \
	tests/netns/test_feeds
tests_netns_test_adopt_SOURCES = tests/netns/test_adopt.c tests/netns/lanes.c tests/netns/lanes.h
tests_netns_test_feeds_SOURCES = tests/netns/test_feeds.c tests/netns/lanes.c tests/netns/lanes.h

# Preloaded by tests/netns/rules.bats.
preloads = tests/netns/old_kernel.so
tests_netns_old_kernel_so_SOURCES = tests/netns/old_kernel.c
tests_netns_old_kernel_so_CFLAGS = $(AM_CFLAGS) -fPIC
tests_netns_old_kernel_so_LDFLAGS = -shared
tests_netns_old_kernel_so_LDADD = -ldl

fuzz_targets = \
	tests/fuzz/fuzz_answer \
	tests/fuzz/fuzz_config \
	tests/fuzz/fuzz_cri \
	tests/fuzz/fuzz_ct_decode \
	tests/fuzz/fuzz_dataplane \
	tests/fuzz/fuzz_document \
	tests/fuzz/fuzz_evidence \
	tests/fuzz/fuzz_handover \
	tests/fuzz/fuzz_import_gadget \
	tests/fuzz/fuzz_import_hubble \
	tests/fuzz/fuzz_inventory \
	tests/fuzz/fuzz_inventory_trim \
	tests/fuzz/fuzz_known_networks \
	tests/fuzz/fuzz_manifest \
	tests/fuzz/fuzz_nflog_decode \
	tests/fuzz/fuzz_node_state \
	tests/fuzz/fuzz_packet

# These need nothing but the build and ordinary programs.
rootless_bats = \
	tests/cli/database.bats \
	tests/cli/diff.bats \
	tests/cli/explain.bats \
	tests/cli/import.bats \
	tests/cli/import_formats.bats \
	tests/cli/inventory.bats \
	tests/cli/known_networks.bats \
	tests/cli/kinds.bats \
	tests/cli/netpold.bats \
	tests/cli/output.bats \
	tests/cli/output_dir.bats \
	tests/cli/policy.bats \
	tests/cli/reach.bats \
	tests/cli/recipes.bats \
	tests/cli/several.bats \
	tests/cli/slow.bats \
	tests/cli/status_workloads.bats \
	tests/cli/usage.bats \
	tests/cli/verify.bats \
	tests/fuzz/replay.bats \
	tests/golden/golden.bats \
	tests/tree/failures.bats \
	tests/tree/layers.bats \
	tests/tree/man.bats \
	tests/tree/unit.bats

# A kernel that lets an unprivileged user make namespaces; for real pods root and containerd. They mostly wait: several at a time.
waiting_bats = \
	tests/netns/stress.bats \
	tests/netns/pods.bats \
	tests/netns/loss.bats \
	tests/netns/rules.bats \
	tests/netns/restart.bats \
	tests/netns/limits.bats \
	tests/netns/connections.bats \
	tests/netns/nodes.bats \
	tests/netns/dataplane.bats \
	tests/netns/handover.bats \
	tests/netns/listeners.bats \
	tests/netns/inventory.bats \
	tests/netns/feeds.bats \
	tests/netns/adopt.bats \
	tests/runtime/pods.bats

# These have loads of their own, or set up cgroups as the pods do, and run one at a time.
lone_bats = \
	tests/netns/kill.bats \
	tests/netns/load.bats \
	tests/runtime/churn.bats \
	tests/runtime/load.bats \
	tests/runtime/service.bats

# What takes longest, and so begins first where several run at a time.
long_tests = \
	tests/netns/stress.bats \
	tests/golden/golden.bats \
	tests/unit/daemon/test_writer \
	tests/runtime/pods.bats \
	tests/netns/pods.bats \
	tests/cli/import.bats \
	tests/netns/loss.bats \
	tests/unit/policy/test_properties \
	tests/netns/connections.bats \
	tests/netns/rules.bats \
	tests/netns/limits.bats \
	tests/netns/restart.bats \
	tests/cli/several.bats

kernel_bats = $(waiting_bats) $(lone_bats)
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
check_PROGRAMS += $(unit_tests) $(kernel_tests) $(preloads)
check_PROGRAMS += tests/bench/offer tests/netns/exchange tests/netns/idle_listener \
	tests/netns/manager tests/runtime/churn tests/unit/policy/check_published
tests_unit_daemon_test_pods_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_now
tests_unit_cli_test_options_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=reallocarray,--wrap=strdup,--wrap=strndup
tests_unit_cli_test_session_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=cluster_new
tests_netns_manager_LDADD = $(SYSTEMD_LIBS)
TESTS += $(unit_tests) $(checked_bats)
endif
endif

# What measures, and what offers the load that is measured; some tests use it too.
bench_programs = tests/bench/offer tests/bench/bare tests/bench/bind tests/bench/policies tests/bench/record tests/bench/runtime
EXTRA_PROGRAMS = $(bench_programs) tests/netns/exchange
CLEANFILES += $(bench_programs)
tests_bench_offer_LDADD =
tests_netns_exchange_LDADD =
tests_netns_idle_listener_LDADD =
tests_bench_runtime_SOURCES = tests/bench/runtime.c \
	tests/unit/sources/cri_bodies.c tests/unit/sources/cri_bodies.h \
	tests/unit/sources/cri_server.c tests/unit/sources/cri_server.h
tests_bench_policies_SOURCES = tests/bench/policies.c tests/bench/cluster.c tests/bench/cluster.h
tests_bench_policies_LDADD = libcompile.a libstore.a librecord.a libidentity.a libbase.a $(SQLITE_LIBS) $(JANSSON_LIBS) $(YAML_LIBS)
tests_bench_record_LDADD = libstore.a librecord.a libidentity.a libbase.a $(SQLITE_LIBS) $(JANSSON_LIBS)
tests_bench_bind_LDADD = libidentity.a libbase.a $(JANSSON_LIBS)
tests_runtime_churn_LDADD =
tests_bench_bare_LDADD = libcollect.a libidentity.a libbase.a $(MNL_LIBS) -lpthread

# One JSON line for each case on stdout; most need root. BENCH = names of cases, all if empty.
bench: netpold$(EXEEXT) netpol-report$(EXEEXT) $(bench_programs)
	@abs_top_builddir='$(abs_top_builddir)' $(top_srcdir)/tests/bench/run $(BENCH)
.PHONY: bench

EXTRA_DIST += $(rootless_bats) $(kernel_bats) \
	tests/bench/run \
	tests/cli/cli.bash \
	tests/golden/golden.bash \
	tests/golden/update.sh \
	tests/fuzz/sighting.h \
	tests/netns/kill.bash \
	tests/netns/kill.sql \
	tests/netns/lab.sh \
	tests/netns/load.bash \
	tests/netns/lanes.bash \
	tests/netns/faults.c \
	tests/netns/namespace.bash \
	tests/netns/nodes.bash \
	tests/unit/base/tree_fixture.h \
	tests/unit/flow/bench.h \
	tests/runtime/churn.sh \
	tests/runtime/churn.sql \
	tests/runtime/machine.sh \
	tests/runtime/service.sh \
	tests/unit/cli/evidence_line.h \
	tests/unit/cli/sighting_fixture.h \
	tests/unit/flow/fixture.h \
	tests/unit/identity/inventory_fixture.h \
	tests/unit/model/scene.h \
	tests/unit/policy/kind_fixture.h \
	tests/unit/policy/past.h \
	tests/unit/policy/policy_set.h \
	tests/unit/policy/shop.h \
	tests/unit/policy/manifest_fixture.h \
	tests/unit/policy/stage.h \
	tests/unit/sources/stage.h \
	tests/unit/store/fixture.h \
	tests/data tests/golden tests/fuzz/corpus contrib/demo
