# Manual pages, and the configuration that they describe.

dist_man_MANS = man/netpold.8 man/netpol-report.1 man/netpold.conf.5
dist_doc_DATA = contrib/netpold.conf contrib/netpol-drift.service contrib/netpol-drift.timer
