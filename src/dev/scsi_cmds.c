/* The commands, and who has them. */
#include "scsi_priv.h"

#define M	CMD_MEDIUM
#define W	(CMD_MEDIUM | CMD_WRITES)
#define Q	CMD_QUIET
#define A	CMD_ACTION
#define BOTH	ON_UNITS

const struct scsi_cmd scsi_cmds[] = {
	/* op, action, bytes, on, flags, allocation length, run */
	{ OP_TEST_UNIT_READY, 0, 6, BOTH | ON_WLUN, 0, 0, 0,
	    scsi_test_unit_ready },
	{ OP_REQUEST_SENSE, 0, 6, ON_ALL, Q, 4, 1, scsi_request_sense },
	{ OP_INQUIRY, 0, 6, ON_ALL, Q, 3, 2, scsi_inquiry },
	{ OP_REPORT_LUNS, 0, 12, ON_ALL, Q, 6, 4, scsi_report_luns },
	{ OP_READ_6, 0, 6, BOTH, M, 0, 0, scsi_read },
	{ OP_READ_10, 0, 10, BOTH, M, 0, 0, scsi_read },
	{ OP_READ_12, 0, 12, BOTH, M, 0, 0, scsi_read },
	{ OP_READ_16, 0, 16, BOTH, M, 0, 0, scsi_read },
	{ OP_READ_CAPACITY_10, 0, 10, BOTH, M, 0, 0, scsi_read_capacity_10 },
	{ OP_SERVICE_IN_16, SA_READ_CAPACITY_16, 16, BOTH, M | A, 10, 4,
	    scsi_read_capacity_16 },
	{ OP_MODE_SENSE_6, 0, 6, BOTH, 0, 4, 1, scsi_mode_sense_6 },
	{ OP_MODE_SENSE_10, 0, 10, BOTH, 0, 7, 2, scsi_mode_sense_10 },
	{ OP_MODE_SELECT_6, 0, 6, BOTH, 0, 0, 0, scsi_mode_select_6 },
	{ OP_MODE_SELECT_10, 0, 10, BOTH, 0, 0, 0, scsi_mode_select_10 },
	{ OP_START_STOP, 0, 6, BOTH, 0, 0, 0, scsi_start_stop },
	{ OP_PREVENT_ALLOW, 0, 6, ON_CD, 0, 0, 0, scsi_prevent_allow },
	{ OP_WRITE_6, 0, 6, ON_DISK, W, 0, 0, scsi_write },
	{ OP_WRITE_10, 0, 10, ON_DISK, W, 0, 0, scsi_write },
	{ OP_WRITE_12, 0, 12, ON_DISK, W, 0, 0, scsi_write },
	{ OP_WRITE_16, 0, 16, ON_DISK, W, 0, 0, scsi_write },
	{ OP_VERIFY_10, 0, 10, ON_DISK, M, 0, 0, scsi_verify },
	{ OP_VERIFY_12, 0, 12, ON_DISK, M, 0, 0, scsi_verify },
	{ OP_VERIFY_16, 0, 16, ON_DISK, M, 0, 0, scsi_verify },
	{ OP_SYNC_CACHE_10, 0, 10, ON_DISK, M, 0, 0, scsi_sync_cache },
	{ OP_SYNC_CACHE_16, 0, 16, ON_DISK, M, 0, 0, scsi_sync_cache },
	{ OP_WRITE_SAME_10, 0, 10, ON_DISK, W, 0, 0, scsi_write_same },
	{ OP_WRITE_SAME_16, 0, 16, ON_DISK, W, 0, 0, scsi_write_same },
	{ OP_UNMAP, 0, 10, ON_DISK, W, 0, 0, scsi_unmap },
	{ OP_READ_TOC, 0, 10, ON_CD, M, 7, 2, scsi_read_toc },
	{ OP_GET_CONFIGURATION, 0, 10, ON_CD, Q, 7, 2, scsi_get_configuration },
	{ OP_GET_EVENT_STATUS, 0, 10, ON_CD, Q, 7, 2, scsi_get_event_status },
	{ OP_READ_DISC_INFO, 0, 10, ON_CD, M, 7, 2, scsi_read_disc_info },
	{ OP_MECHANISM_STATUS, 0, 12, ON_CD, 0, 8, 2, scsi_mechanism_status },
};
const unsigned scsi_ncmds = sizeof(scsi_cmds) / sizeof(scsi_cmds[0]);
