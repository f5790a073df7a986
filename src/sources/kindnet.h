/*
 * The state of kindnet's network plugin (cni.db, SQLite with a write-ahead log) decoded: pure, the
 * database lies in memory.
 *
 * Schema: table pods of github.com/aojea/kindnet, cmd/cni-kindnet: one row for each sandbox, made
 * when its addresses are chosen and deleted when they are free.
 */
#ifndef NETPOL_SOURCES_KINDNET_H
#define NETPOL_SOURCES_KINDNET_H

#include "sources/finding.h"

/*
 * One finding for each row. Its time has whole seconds; since nobody who spoke before the row was
 * made is its pod, its addresses are dated at the end of that second.
 */
extern const struct format kindnet_format;

#endif
