/*
 * The table of internal snapshots, as far as a check needs it: where each
 * one's L1 table is.
 */
#ifndef QCOW2_SNAP_H
#define QCOW2_SNAP_H

#include <stdint.h>

struct qcow2;

struct q2_snap {
	uint64_t	l1off;
	uint32_t	l1n;
};

/*
 * Reads the table: nsnap entries to be freed, and the bytes of the table.
 * DISK_ECORRUPT when it goes past its limits or the end of the file.
 */
int	q2_snap_load(struct qcow2 *, struct q2_snap **, uint64_t *bytes);

#endif
