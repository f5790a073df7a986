# Libraries and programs in the order in which data flows through them.

noinst_LIBRARIES += libbase.a librecord.a libidentity.a libcri.a libcollect.a libstore.a libcompile.a \
	libcli.a

libbase_a_SOURCES = \
	src/base/addr.c \
	src/base/addr.h \
	src/base/buf.c \
	src/base/buf.h \
	src/base/clock.c \
	src/base/clock.h \
	src/base/document.c \
	src/base/document.h \
	src/base/document_build.c \
	src/base/document_build.h \
	src/base/document_json.c \
	src/base/document_plain.c \
	src/base/document_yaml.c \
	src/base/hash.c \
	src/base/hash.h \
	src/base/log.c \
	src/base/log.h \
	src/base/problem.c \
	src/base/problem.h \
	src/base/special_range.c \
	src/base/special_range.h
libbase_a_CFLAGS = $(AM_CFLAGS) $(YAML_CFLAGS)

# What the collector hands to the store, in words that both programs use.
librecord_a_SOURCES = src/flow/flow.c src/flow/flow.h

libidentity_a_SOURCES = \
	src/identity/claim.h \
	src/identity/holding.c \
	src/identity/holding.h \
	src/identity/interval.c \
	src/identity/interval.h \
	src/identity/inventory.c \
	src/identity/inventory.h \
	src/identity/inventory_find.c \
	src/identity/inventory_merge.c \
	src/identity/inventory_network.c \
	src/identity/inventory_object.c \
	src/identity/inventory_object.h \
	src/identity/inventory_owner.c \
	src/identity/inventory_table.c \
	src/identity/inventory_table.h \
	src/identity/inventory_template.c \
	src/identity/inventory_trim.c \
	src/identity/inventory_trim.h \
	src/identity/inventory_value.c \
	src/identity/inventory_value.h \
	src/identity/inventory_whole.h \
	src/identity/inventory_workload.c \
	src/identity/labels.c \
	src/identity/labels.h \
	src/identity/merge.c \
	src/identity/merge.h \
	src/identity/pod.c \
	src/identity/pod.h \
	src/identity/word.c \
	src/identity/word.h
libidentity_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)

# Made by protoc-c, whose code is not held to our warnings.
nodist_libcri_a_SOURCES = src/sources/cri.pb-c.c src/sources/cri.pb-c.h
libcri_a_SOURCES =
libcri_a_CFLAGS = $(AM_CFLAGS) $(PROTOBUF_C_CFLAGS) -w
EXTRA_DIST += src/sources/cri.proto
BUILT_SOURCES += src/sources/cri.pb-c.h
CLEANFILES += src/sources/cri.pb-c.c src/sources/cri.pb-c.h
src/sources/cri.pb-c.c: src/sources/cri.proto
	$(AM_V_GEN)$(MKDIR_P) src/sources && \
	$(PROTOC_C) --proto_path=$(srcdir)/src --c_out=src $(srcdir)/src/sources/cri.proto
src/sources/cri.pb-c.h: src/sources/cri.pb-c.c

# kernel, sources, flow and the daemon less its main: all that only netpold has.
libcollect_a_SOURCES = \
	src/daemon/announce.c \
	src/daemon/announce.h \
	src/daemon/collector.c \
	src/daemon/collector.h \
	src/daemon/config.c \
	src/daemon/config.h \
	src/daemon/dataplane.c \
	src/daemon/dataplane.h \
	src/daemon/exclusions.c \
	src/daemon/exclusions.h \
	src/daemon/first_packets.c \
	src/daemon/first_packets.h \
	src/daemon/found.c \
	src/daemon/found.h \
	src/daemon/handover.c \
	src/daemon/handover.h \
	src/daemon/handover_state.c \
	src/daemon/handover_state.h \
	src/daemon/inventory_changes.c \
	src/daemon/inventory_changes.h \
	src/daemon/inventory_file.c \
	src/daemon/inventory_file.h \
	src/daemon/mend.c \
	src/daemon/mend.h \
	src/daemon/node_addresses.c \
	src/daemon/node_addresses.h \
	src/daemon/pods.c \
	src/daemon/pods.h \
	src/daemon/queue.c \
	src/daemon/queue.h \
	src/daemon/retention.c \
	src/daemon/retention.h \
	src/daemon/status.c \
	src/daemon/status.h \
	src/daemon/sysctl.c \
	src/daemon/sysctl.h \
	src/daemon/taps.c \
	src/daemon/taps.h \
	src/daemon/valve.c \
	src/daemon/valve.h \
	src/daemon/writer.c \
	src/daemon/writer.h \
	src/flow/fold.c \
	src/flow/fold.h \
	src/flow/idle.c \
	src/flow/idle.h \
	src/flow/live.c \
	src/flow/live.h \
	src/flow/pending.c \
	src/flow/pending.h \
	src/flow/recent.c \
	src/flow/recent.h \
	src/flow/resolve.c \
	src/flow/resolve.h \
	src/flow/track.c \
	src/flow/track.h \
	src/flow/zones.c \
	src/flow/zones.h \
	src/kernel/answer.c \
	src/kernel/answer.h \
	src/kernel/ct_decode.c \
	src/kernel/ct_decode.h \
	src/kernel/ct_filter.c \
	src/kernel/ct_filter.h \
	src/kernel/ct_request.c \
	src/kernel/ct_request.h \
	src/kernel/event.h \
	src/kernel/feed.c \
	src/kernel/feed.h \
	src/kernel/loss.h \
	src/kernel/nflog_decode.c \
	src/kernel/nflog_decode.h \
	src/kernel/nflog_request.c \
	src/kernel/nflog_request.h \
	src/kernel/nlsock.c \
	src/kernel/nlsock.h \
	src/kernel/packet.c \
	src/kernel/packet.h \
	src/kernel/query.c \
	src/kernel/query.h \
	src/kernel/request.h \
	src/kernel/rules.c \
	src/kernel/rules.h \
	src/kernel/wire.h \
	src/sources/aws_ipam.c \
	src/sources/aws_ipam.h \
	src/sources/base64.c \
	src/sources/base64.h \
	src/sources/cilium_endpoint.c \
	src/sources/cilium_endpoint.h \
	src/sources/cni_result.c \
	src/sources/cni_result.h \
	src/sources/cri.c \
	src/sources/cri.h \
	src/sources/cri_call.c \
	src/sources/cri_call.h \
	src/sources/cri_message.c \
	src/sources/cri_message.h \
	src/sources/cri_table.c \
	src/sources/cri_table.h \
	src/sources/dataplane.c \
	src/sources/dataplane.h \
	src/sources/dataplane_cni.c \
	src/sources/dataplane_cni.h \
	src/sources/dataplane_decode.c \
	src/sources/dataplane_decode.h \
	src/sources/dataplane_look.c \
	src/sources/dataplane_look.h \
	src/sources/finding.c \
	src/sources/finding.h \
	src/sources/host_addr.c \
	src/sources/host_addr.h \
	src/sources/host_local.c \
	src/sources/host_local.h \
	src/sources/kindnet.c \
	src/sources/kindnet.h \
	src/sources/member.c \
	src/sources/member.h \
	src/sources/node_state.c \
	src/sources/node_state.h \
	src/sources/oci_bundle.c \
	src/sources/oci_bundle.h \
	src/sources/snapshot.c \
	src/sources/snapshot.h \
	src/sources/state_files.c \
	src/sources/state_files.h \
	src/sources/wal.c \
	src/sources/wal.h \
	src/sources/watch.c \
	src/sources/watch.h
libcollect_a_CFLAGS = $(AM_CFLAGS) $(MNL_CFLAGS) $(NFTNL_CFLAGS) $(SYSTEMD_CFLAGS) $(INIH_CFLAGS) \
	$(JANSSON_CFLAGS) $(SQLITE_CFLAGS) $(NGHTTP2_CFLAGS) $(PROTOBUF_C_CFLAGS) -pthread
$(libcollect_a_OBJECTS): src/sources/cri.pb-c.h

libstore_a_SOURCES = \
	src/store/db.c \
	src/store/db.h \
	src/store/files.c \
	src/store/files.h \
	src/store/idmap.c \
	src/store/idmap.h \
	src/store/lock.c \
	src/store/lock.h \
	src/store/open.c \
	src/store/pod_rows.c \
	src/store/pod_rows.h \
	src/store/prune.c \
	src/store/prune_pods.c \
	src/store/read.c \
	src/store/read_edge_flows.c \
	src/store/read_flows.c \
	src/store/reader.c \
	src/store/reader_internal.h \
	src/store/renew.c \
	src/store/schema.c \
	src/store/schema.h \
	src/store/snapshot.c \
	src/store/state.c \
	src/store/store.h \
	src/store/store_internal.h \
	src/store/sums.c \
	src/store/sums.h \
	src/store/uncut.c \
	src/store/upkeep.c \
	src/store/wide.c \
	src/store/wide.h \
	src/store/write.c \
	src/store/write_edges.c \
	src/store/write_flows.c \
	src/store/write_identity.c \
	src/store/write_objects.c
nodist_libstore_a_SOURCES = src/store/sql.h
libstore_a_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
$(libstore_a_OBJECTS): src/store/sql.h

# model, policy, output: from stored rows to text.
libcompile_a_SOURCES = \
	src/model/assembly.c \
	src/model/assembly.h \
	src/model/bind.c \
	src/model/bind.h \
	src/model/classes.c \
	src/model/classes.h \
	src/model/edge_order.c \
	src/model/edge_order.h \
	src/model/graph.c \
	src/model/graph.h \
	src/model/labels.c \
	src/model/mesh.c \
	src/model/mesh.h \
	src/model/pods.c \
	src/model/pods.h \
	src/model/record.c \
	src/model/record.h \
	src/model/selector.c \
	src/model/selector.h \
	src/model/sieve.c \
	src/model/sieve.h \
	src/model/strings.c \
	src/model/strings.h \
	src/model/meeting.c \
	src/model/meeting.h \
	src/model/vantage.c \
	src/model/vantage.h \
	src/model/windows.c \
	src/model/windows.h \
	src/model/workload.c \
	src/model/workload.h \
	src/output/items.c \
	src/output/items.h \
	src/output/json.c \
	src/output/output.h \
	src/output/table.c \
	src/output/text.c \
	src/output/text.h \
	src/output/yaml.c \
	src/policy/admit.c \
	src/policy/admit.h \
	src/policy/aggregate.c \
	src/policy/aggregate.h \
	src/policy/answers.c \
	src/policy/answers.h \
	src/policy/array.h \
	src/policy/atom.c \
	src/policy/atom.h \
	src/policy/basis.h \
	src/policy/bits.h \
	src/policy/blocks.c \
	src/policy/blocks.h \
	src/policy/class_index.c \
	src/policy/class_index.h \
	src/policy/cluster_ranges.c \
	src/policy/cluster_ranges.h \
	src/policy/coverage.h \
	src/policy/cover.c \
	src/policy/cover.h \
	src/policy/derive.c \
	src/policy/default_deny.c \
	src/policy/default_deny.h \
	src/policy/diff.c \
	src/policy/diff.h \
	src/policy/diff_units.c \
	src/policy/diff_units.h \
	src/policy/diff_weigh.c \
	src/policy/diff_weigh.h \
	src/policy/direction.h \
	src/policy/dns.c \
	src/policy/dns.h \
	src/policy/dns_nodes.c \
	src/policy/dns_nodes.h \
	src/policy/endpoints.c \
	src/policy/endpoints.h \
	src/policy/entities.c \
	src/policy/entities.h \
	src/policy/entry.c \
	src/policy/entry.h \
	src/policy/evaluate.c \
	src/policy/evaluate.h \
	src/policy/evaluate_classes.c \
	src/policy/evaluate_compile.c \
	src/policy/evaluate_connection.c \
	src/policy/evaluate_cuts.c \
	src/policy/evaluate_explain.c \
	src/policy/evaluate_internal.h \
	src/policy/evaluate_pair.c \
	src/policy/evaluate_peers.c \
	src/policy/evaluate_place.c \
	src/policy/externals.c \
	src/policy/externals.h \
	src/policy/forwarding.c \
	src/policy/forwarding.h \
	src/policy/group.c \
	src/policy/group.h \
	src/policy/intern.c \
	src/policy/intern.h \
	src/policy/kind.c \
	src/policy/kind.h \
	src/policy/kind_calico_staged.c \
	src/policy/kind_cilium.c \
	src/policy/kind_clusternetworkpolicy.c \
	src/policy/kind_common.c \
	src/policy/kind_common.h \
	src/policy/kind_kubescape.c \
	src/policy/kind_networkpolicy.c \
	src/policy/kind_networkpolicy.h \
	src/policy/kind_size.c \
	src/policy/kind_size.h \
	src/policy/known_networks.c \
	src/policy/known_networks.h \
	src/policy/label_selector.c \
	src/policy/label_selector.h \
	src/policy/leave.c \
	src/policy/leave.h \
	src/policy/likeness.c \
	src/policy/likeness.h \
	src/policy/manifest.c \
	src/policy/manifest.h \
	src/policy/manifest_object.c \
	src/policy/manifest_object.h \
	src/policy/manifest_others.c \
	src/policy/manifest_others.h \
	src/policy/manifest_policy.c \
	src/policy/manifest_policy.h \
	src/policy/manifest_value.c \
	src/policy/manifest_value.h \
	src/policy/name.c \
	src/policy/name.h \
	src/policy/order.c \
	src/policy/order.h \
	src/policy/own_node.c \
	src/policy/own_node.h \
	src/policy/partial.c \
	src/policy/partial.h \
	src/policy/picks.c \
	src/policy/picks.h \
	src/policy/peer_evidence.c \
	src/policy/peer_evidence.h \
	src/policy/peers.c \
	src/policy/peers.h \
	src/policy/pick.c \
	src/policy/pick.h \
	src/policy/pod_classes.c \
	src/policy/pod_classes.h \
	src/policy/policy.h \
	src/policy/policy_set.c \
	src/policy/port_ranges.c \
	src/policy/port_ranges.h \
	src/policy/port_set.c \
	src/policy/port_set.h \
	src/policy/port_sets.c \
	src/policy/port_sets.h \
	src/policy/prefixes.c \
	src/policy/prefixes.h \
	src/policy/rare.c \
	src/policy/rare.h \
	src/policy/reach.c \
	src/policy/reach.h \
	src/policy/reach_ranges.c \
	src/policy/reach_ranges.h \
	src/policy/reach_workloads.c \
	src/policy/reach_workloads.h \
	src/policy/reason.c \
	src/policy/reason.h \
	src/policy/reduce.c \
	src/policy/reduce.h \
	src/policy/replay.c \
	src/policy/replay.h \
	src/policy/readiness.c \
	src/policy/readiness.h \
	src/policy/rule_rows.c \
	src/policy/rule_rows.h \
	src/policy/scene.c \
	src/policy/scene.h \
	src/policy/scene_graph.c \
	src/policy/scene_graph.h \
	src/policy/scene_inventory.c \
	src/policy/scene_inventory.h \
	src/policy/service_ports.c \
	src/policy/service_ports.h \
	src/policy/source_nat.c \
	src/policy/source_nat.h \
	src/policy/subjects.c \
	src/policy/subjects.h \
	src/policy/tally.c \
	src/policy/tally.h \
	src/policy/unused.c \
	src/policy/unused.h \
	src/policy/used.c \
	src/policy/used.h \
	src/policy/watch.c \
	src/policy/watch.h
libcompile_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)

libcli_a_SOURCES = \
	src/cli/address_notes.c \
	src/cli/address_notes.h \
	src/cli/candidates.c \
	src/cli/candidates.h \
	src/cli/because.c \
	src/cli/because.h \
	src/cli/cilium_note.c \
	src/cli/cilium_note.h \
	src/cli/cluster.c \
	src/cli/cluster.h \
	src/cli/cmd_denied.c \
	src/cli/cmd_diff.c \
	src/cli/cmd_edges.c \
	src/cli/cmd_flows.c \
	src/cli/cmd_import.c \
	src/cli/cmd_pods.c \
	src/cli/cmd_policy.c \
	src/cli/cmd_reach.c \
	src/cli/cmd_status.c \
	src/cli/cmd_verify.c \
	src/cli/command.h \
	src/cli/dataplane.c \
	src/cli/dataplane.h \
	src/cli/diff_print.c \
	src/cli/diff_print.h \
	src/cli/diff_sets.c \
	src/cli/diff_sets.h \
	src/cli/drift.c \
	src/cli/drift.h \
	src/cli/evidence.c \
	src/cli/evidence.h \
	src/cli/extent.c \
	src/cli/extent.h \
	src/cli/compile.c \
	src/cli/compile.h \
	src/cli/doubts.c \
	src/cli/doubts.h \
	src/cli/holes.c \
	src/cli/holes.h \
	src/cli/manifests.c \
	src/cli/manifests.h \
	src/cli/import_gadget.c \
	src/cli/import_gadget.h \
	src/cli/import_gather.c \
	src/cli/import_gather.h \
	src/cli/import_hubble.c \
	src/cli/import_hubble.h \
	src/cli/import_index.c \
	src/cli/import_index.h \
	src/cli/import_pods.c \
	src/cli/import_pods.h \
	src/cli/import_reading.c \
	src/cli/import_reading.h \
	src/cli/import_sighting.h \
	src/cli/mesh_notes.c \
	src/cli/mesh_notes.h \
	src/cli/options.c \
	src/cli/options.h \
	src/cli/output_dir.c \
	src/cli/output_dir.h \
	src/cli/refused.c \
	src/cli/refused.h \
	src/cli/progress.c \
	src/cli/progress.h \
	src/cli/rule_text.c \
	src/cli/rule_text.h \
	src/cli/question.c \
	src/cli/question.h \
	src/cli/reach_print.c \
	src/cli/reach_print.h \
	src/cli/session.c \
	src/cli/session.h \
	src/cli/shape.c \
	src/cli/shape.h \
	src/cli/summary_text.c \
	src/cli/summary_text.h \
	src/cli/verify_print.c \
	src/cli/verify_print.h \
	src/cli/workloads_print.c \
	src/cli/workloads_print.h
libcli_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)

sbin_PROGRAMS += netpold
netpold_SOURCES = src/daemon/main.c
netpold_LDADD = libcollect.a libcri.a libstore.a librecord.a libidentity.a libbase.a \
	$(NFTNL_LIBS) $(MNL_LIBS) $(SYSTEMD_LIBS) $(INIH_LIBS) $(SQLITE_LIBS) $(JANSSON_LIBS) \
	$(NGHTTP2_LIBS) $(PROTOBUF_C_LIBS) $(YAML_LIBS) -lpthread

bin_PROGRAMS += netpol-report
netpol_report_SOURCES = src/cli/main.c
netpol_report_LDADD = libcli.a libcompile.a libstore.a librecord.a libidentity.a libbase.a \
	$(SQLITE_LIBS) $(JANSSON_LIBS) $(YAML_LIBS)

# Every SQL file of the project, as one header.
sql_files = \
	sql/001-first.sql \
	sql/reader.sql \
	sql/schema.sql \
	sql/stmt/all-pages.sql \
	sql/stmt/application-id.sql \
	sql/stmt/begin.sql \
	sql/stmt/checkpoint-delete.sql \
	sql/stmt/checkpoint-put.sql \
	sql/stmt/commit.sql \
	sql/stmt/edge-add.sql \
	sql/stmt/edge-count.sql \
	sql/stmt/edge-get.sql \
	sql/stmt/edge-put.sql \
	sql/stmt/fact-delete.sql \
	sql/stmt/fact-put.sql \
	sql/stmt/flow-append.sql \
	sql/stmt/flow-fold.sql \
	sql/stmt/free-pages.sql \
	sql/stmt/gap-delete.sql \
	sql/stmt/gap-near.sql \
	sql/stmt/gap-put.sql \
	sql/stmt/journal-mode.sql \
	sql/stmt/node-address-end.sql \
	sql/stmt/node-address-open.sql \
	sql/stmt/node-address-put.sql \
	sql/stmt/node-beat.sql \
	sql/stmt/node-get.sql \
	sql/stmt/node-put.sql \
	sql/stmt/object-count.sql \
	sql/stmt/object-end.sql \
	sql/stmt/object-forget.sql \
	sql/stmt/object-get.sql \
	sql/stmt/object-open.sql \
	sql/stmt/object-put.sql \
	sql/stmt/page-size.sql \
	sql/stmt/pod-address-put.sql \
	sql/stmt/pod-addresses-end.sql \
	sql/stmt/pod-end.sql \
	sql/stmt/pod-find.sql \
	sql/stmt/pod-open.sql \
	sql/stmt/pod-put.sql \
	sql/stmt/pod-reopen.sql \
	sql/stmt/pod-update.sql \
	sql/stmt/pod-word-put.sql \
	sql/stmt/pod-words-forget.sql \
	sql/stmt/pod-words.sql \
	sql/stmt/prune-choose.sql \
	sql/stmt/prune-edge.sql \
	sql/stmt/prune-edges.sql \
	sql/stmt/prune-flow.sql \
	sql/stmt/prune-flows.sql \
	sql/stmt/prune-gaps.sql \
	sql/stmt/prune-live.sql \
	sql/stmt/prune-naming.sql \
	sql/stmt/prune-node-addresses.sql \
	sql/stmt/prune-objects.sql \
	sql/stmt/prune-pod-addresses.sql \
	sql/stmt/prune-pod-intervals.sql \
	sql/stmt/prune-pod-words.sql \
	sql/stmt/prune-pod.sql \
	sql/stmt/prune-pods.sql \
	sql/stmt/prune-walk.sql \
	sql/stmt/prune-weight.sql \
	sql/stmt/prune-window.sql \
	sql/stmt/quick-check.sql \
	sql/stmt/read-edge-page.sql \
	sql/stmt/read-edge-range.sql \
	sql/stmt/read-edge-window.sql \
	sql/stmt/read-edges-cut.sql \
	sql/stmt/read-edges.sql \
	sql/stmt/read-facts.sql \
	sql/stmt/read-figures.sql \
	sql/stmt/read-flow-count.sql \
	sql/stmt/read-flow-ends.sql \
	sql/stmt/read-flows.sql \
	sql/stmt/read-gaps.sql \
	sql/stmt/read-longest.sql \
	sql/stmt/read-node-addresses.sql \
	sql/stmt/read-next-window.sql \
	sql/stmt/read-nodes.sql \
	sql/stmt/read-objects.sql \
	sql/stmt/read-pods.sql \
	sql/stmt/read-sums.sql \
	sql/stmt/rollback.sql \
	sql/stmt/snapshot.sql \
	sql/stmt/state-checkpoints.sql \
	sql/stmt/state-facts.sql \
	sql/stmt/state-pod-turns.sql \
	sql/stmt/state-pod.sql \
	sql/stmt/state-pods.sql \
	sql/stmt/state-seen.sql \
	sql/stmt/store-batches.sql \
	sql/stmt/store-count.sql \
	sql/stmt/store-get.sql \
	sql/stmt/store-put.sql \
	sql/stmt/user-version.sql \
	sql/stmt/vacuum-some.sql \
	sql/stmt/vacuum.sql \
	sql/stmt/views-current.sql \
	sql/views.sql \
	sql/writer.sql
EXTRA_DIST += $(sql_files) src/store/embed-sql.sh
BUILT_SOURCES += src/store/sql.h
CLEANFILES += src/store/sql.h
src/store/sql.h: $(sql_files) src/store/embed-sql.sh
	$(AM_V_GEN)$(MKDIR_P) src/store && \
	$(SHELL) $(srcdir)/src/store/embed-sql.sh $(srcdir)/sql >$@.tmp && mv $@.tmp $@

pkgdata_DATA = sql/views.sql
