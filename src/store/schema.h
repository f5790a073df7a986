/* The database's shape: made, migrated, and recognised. Numbered migrations and views stand in
 * sql/. */
#ifndef NETPOL_STORE_SCHEMA_H
#define NETPOL_STORE_SCHEMA_H

#include "store/db.h"

/*
 * The schema number of a file that is ours or empty (0). Changes nothing. -EBADMSG: of another
 * application, or damaged; -EPROTO: made by a newer netpol. Sets the sticky error.
 */
int64_t schema_inspect(struct db *db);
/*
 * Brings an empty or older database up to date, all in one transaction. Errors as above; the error
 * is taken, the text is in db->text.
 */
int schema_migrate(struct db *db);
/* Is it ours, and of exactly this schema? Errors as above; an older one is -EPROTO too. Sets the
 * sticky error. */
int schema_check(struct db *db);
/* The database's schema number. */
int64_t schema_number(struct db *db);

#endif
