# What a node needs besides the programs. The unit names the program by its installed path.
if SYSTEMD_UNIT
systemdsystemunit_DATA = systemd/netpold.service
endif
systemd/netpold.service: systemd/netpold.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) systemd && \
	$(SED) 's|[@]sbindir[@]|$(sbindir)|g' $(srcdir)/systemd/netpold.service.in >$@.tmp && mv $@.tmp $@
CLEANFILES += systemd/netpold.service

sysctldir = $(prefix)/lib/sysctl.d
dist_sysctl_DATA = systemd/sysctl.d/netpol.conf
sysusersdir = $(prefix)/lib/sysusers.d
dist_sysusers_DATA = systemd/sysusers.d/netpol.conf
modulesloaddir = $(prefix)/lib/modules-load.d
dist_modulesload_DATA = systemd/modules-load.d/netpol.conf

EXTRA_DIST += systemd/netpold.service.in
