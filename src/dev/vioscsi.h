/*
 * vioscsi: a SCSI host adapter with CD drives and disks.  virtio 1.3, 5.6;
 * scsi.h says what the units answer.
 *
 * Queue 0 takes control requests, 1 has buffers for events, the others take
 * commands.  A command is carried out, to its end, in the message that finds
 * it, so none is ever in flight: BUSY, TRANSPORT_FAILURE, TARGET_FAILURE and
 * NEXUS_FAILURE have nothing to tell and are never answered.  What the medium
 * says is sense data.
 *
 * Answers: a chain without room for 12 bytes comes back with length 0.  A
 * request that is too short, whose sense data would not fit, or with data in
 * both directions gets FAILURE, a wrong address BAD_TARGET.  Where data in or
 * out is shorter than a command needs the response is OVERRUN: of made-up data
 * what fits was stored; from or to the medium nothing was moved.  residual is
 * all data of the request that was not moved.  The used length counts head,
 * sense area and data in, which are the first bytes of the writable ones.
 *
 * Task management ends commands that wait in the request queues: the function
 * completes only after each of these queues has been looked at, and commands
 * that it is about are answered ABORTED or RESET there instead of being
 * carried out.  So their answers are always there first (5.6.6.2).
 *
 * Events: MEDIA_CHANGE to who subscribed to it on a CD, PARAM_CHANGE for a
 * disk with another capacity.  VIOSCSI_EVENTS wait for the event queue's turn;
 * what finds no buffer is lost, and the next event says so.
 *
 * Features: CHANGE, as disks can grow.  Not INOUT, as no command that we know
 * moves data both ways; not HOTPLUG, as the units are those of the attach
 * list for good (a medium that comes and goes is not a unit); not T10_PI.
 *
 * Bounds: those of scsi.h for a command; after about VIOSCSI_MAXKICK bytes
 * the rest of the queue waits for the next turn.
 *
 * Attach values: QSIZE, NQUEUES (request queues, 1 to 8) and for each unit
 * UNIT, KIND, CAPACITY (below 2^54 sectors; 0 or none: no medium), READONLY,
 * SERIAL, and for a disk BLKSIZE and PHYSEXP.  A list without UNIT is about
 * one unit, target 0, LUN 0.  The CONFIG message may bring a CAPACITY for
 * units: for a CD another medium or, with 0, none.
 */
#ifndef VIOSCSI_H
#define VIOSCSI_H

#include "dev.h"

#define VIOSCSI_QSIZE	128
#define VIOSCSI_MAXQ	8		/* request queues */
#define VIOSCSI_SEGMAX	126U
#define VIOSCSI_MAXKICK	(16U << 20)
#define VIOSCSI_EVENTS	8
#define VIOSCSI_SENSE	96U		/* sense_size and cdb_size: 5.6.4 */
#define VIOSCSI_MAXSENSE 252U
#define VIOSCSI_CDB	32U
#define VIOSCSI_MAXCDB	255U

#define VIOSCSI_Q_CONTROL	0
#define VIOSCSI_Q_EVENT		1
#define VIOSCSI_Q_REQUEST	2

#define VIOSCSI_F_INOUT		(1ULL << 0)
#define VIOSCSI_F_HOTPLUG	(1ULL << 1)
#define VIOSCSI_F_CHANGE	(1ULL << 2)

/* Device configuration: 5.6.4. */
enum vioscsi_config {
	VIOSCSI_C_NUM_QUEUES	= 0x00,
	VIOSCSI_C_SEG_MAX	= 0x04,
	VIOSCSI_C_MAX_SECTORS	= 0x08,
	VIOSCSI_C_CMD_PER_LUN	= 0x0c,
	VIOSCSI_C_EVENT_SIZE	= 0x10,
	VIOSCSI_C_SENSE_SIZE	= 0x14,
	VIOSCSI_C_CDB_SIZE	= 0x18,
	VIOSCSI_C_MAX_CHANNEL	= 0x1c,
	VIOSCSI_C_MAX_TARGET	= 0x1e,
	VIOSCSI_C_MAX_LUN	= 0x20,
	VIOSCSI_C_SIZE		= 0x24
};

/* A command: 5.6.6.1.  cdb and sense have the sizes of the configuration. */
#define VIOSCSI_REQ_HEAD	19	/* lun, id, attr, prio, crn; cdb */
#define VIOSCSI_RSP_HEAD	12	/* then sense */
#define VIOSCSI_RSP_RESIDUAL	4
#define VIOSCSI_RSP_STATUS	10
#define VIOSCSI_RSP_RESPONSE	11

enum vioscsi_response {
	VIOSCSI_S_OK,
	VIOSCSI_S_OVERRUN,
	VIOSCSI_S_ABORTED,
	VIOSCSI_S_BAD_TARGET,
	VIOSCSI_S_RESET,
	VIOSCSI_S_BUSY,
	VIOSCSI_S_TRANSPORT_FAILURE,
	VIOSCSI_S_TARGET_FAILURE,
	VIOSCSI_S_NEXUS_FAILURE,
	VIOSCSI_S_FAILURE,
	VIOSCSI_S_SUCCEEDED,		/* of a function */
	VIOSCSI_S_REJECTED,
	VIOSCSI_S_INCORRECT_LUN,
};

/* Control requests: 5.6.6.2. */
#define VIOSCSI_T_TMF		0
#define VIOSCSI_T_AN_QUERY	1
#define VIOSCSI_T_AN_SUBSCRIBE	2
#define VIOSCSI_TMF_SIZE	24
#define VIOSCSI_AN_SIZE		16
#define VIOSCSI_AN_ANSWER	5

enum vioscsi_tmf {
	VIOSCSI_TMF_ABORT_TASK,
	VIOSCSI_TMF_ABORT_TASK_SET,
	VIOSCSI_TMF_CLEAR_ACA,
	VIOSCSI_TMF_CLEAR_TASK_SET,
	VIOSCSI_TMF_NEXUS_RESET,
	VIOSCSI_TMF_UNIT_RESET,
	VIOSCSI_TMF_QUERY_TASK,
	VIOSCSI_TMF_QUERY_TASK_SET,
	VIOSCSI_NTMF
};
#define VIOSCSI_AN_MEDIA	0x10

/* Events: 5.6.6.3. */
#define VIOSCSI_EVENT_SIZE	16
#define VIOSCSI_E_NONE		0
#define VIOSCSI_E_ASYNC		2
#define VIOSCSI_E_PARAM		3
#define VIOSCSI_E_MISSED	0x80000000U
#define VIOSCSI_PARAM_CAPACITY	0x092a	/* asc 2a, ascq 09 */

extern const struct dev_ops vioscsi_dev;

#endif
