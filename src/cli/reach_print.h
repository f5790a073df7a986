/* The rows of `reach`, in each of its formats. */
#ifndef NETPOL_CLI_REACH_PRINT_H
#define NETPOL_CLI_REACH_PRINT_H

#include "cli/question.h"

/* To standard output, row by row. After reach_narrow() with what the question asks. -ENOMEM. */
int reach_print(struct session *session, struct reach *reach, const struct question *question);

#endif
