/* ▷ Which of a pod's connections a policy speaks of: those to it, or those it begins. */
#ifndef NETPOL_POLICY_DIRECTION_H
#define NETPOL_POLICY_DIRECTION_H

enum direction { DIRECTION_INGRESS, DIRECTION_EGRESS, DIRECTIONS };

#endif
