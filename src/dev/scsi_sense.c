/* Sense data and unit attentions: SPC-4, 4.5 and 5.14. */
#include "scsi_priv.h"

#include <string.h>

#define FIXED_LEN	18
#define DESCRIPTOR_LEN	8

static const struct {
	uint8_t		 key, asc, ascq;
} codes[SENSE_NCODES] = {
	[SENSE_NONE] = { KEY_NO_SENSE, 0x00, 0x00 },
	[SENSE_NO_MEDIUM] = { KEY_NOT_READY, 0x3a, 0x00 },
	[SENSE_TRAY_OPEN] = { KEY_NOT_READY, 0x3a, 0x02 },
	[SENSE_READ_ERROR] = { KEY_MEDIUM_ERROR, 0x11, 0x00 },
	[SENSE_WRITE_ERROR] = { KEY_MEDIUM_ERROR, 0x0c, 0x00 },
	[SENSE_LIST_LENGTH] = { KEY_ILLEGAL_REQUEST, 0x1a, 0x00 },
	[SENSE_BAD_OPCODE] = { KEY_ILLEGAL_REQUEST, 0x20, 0x00 },
	[SENSE_LBA_RANGE] = { KEY_ILLEGAL_REQUEST, 0x21, 0x00 },
	[SENSE_BAD_FIELD_CDB] = { KEY_ILLEGAL_REQUEST, 0x24, 0x00 },
	[SENSE_BAD_LUN] = { KEY_ILLEGAL_REQUEST, 0x25, 0x00 },
	[SENSE_BAD_FIELD_LIST] = { KEY_ILLEGAL_REQUEST, 0x26, 0x00 },
	[SENSE_NO_SAVING] = { KEY_ILLEGAL_REQUEST, 0x39, 0x00 },
	[SENSE_LOCKED] = { KEY_ILLEGAL_REQUEST, 0x53, 0x02 },
	[SENSE_UA_POWER_ON] = { KEY_UNIT_ATTENTION, 0x29, 0x00 },
	[SENSE_UA_RESET] = { KEY_UNIT_ATTENTION, 0x29, 0x03 },
	[SENSE_UA_NEXUS] = { KEY_UNIT_ATTENTION, 0x29, 0x07 },
	[SENSE_UA_MEDIUM] = { KEY_UNIT_ATTENTION, 0x28, 0x00 },
	[SENSE_UA_CAPACITY] = { KEY_UNIT_ATTENTION, 0x2a, 0x09 },
	[SENSE_PROTECTED] = { KEY_DATA_PROTECT, 0x27, 0x00 },
	[SENSE_NO_SPACE] = { KEY_DATA_PROTECT, 0x27, 0x07 },
	[SENSE_MISCOMPARE] = { KEY_MISCOMPARE, 0x1d, 0x00 },
};

unsigned
scsi_render_sense(uint8_t *p, enum scsi_sense why, int descriptors)
{
	memset(p, 0, SCSI_MAXSENSE);
	if (descriptors) {
		p[0] = 0x72;
		p[1] = codes[why].key;
		p[2] = codes[why].asc;
		p[3] = codes[why].ascq;
		return DESCRIPTOR_LEN;
	}
	p[0] = 0x70;
	p[2] = codes[why].key;
	p[7] = FIXED_LEN - 8;
	p[12] = codes[why].asc;
	p[13] = codes[why].ascq;
	return FIXED_LEN;
}

enum scsi_sense
scsi_next_attention(struct scsi_unit *u)
{
	unsigned i;

	if (u->attention == 0)
		return SENSE_NONE;
	i = (unsigned)__builtin_ctz(u->attention);
	u->attention &= (uint8_t)(u->attention - 1);
	return SENSE_UA_POWER_ON + i;
}

/*
 * What went wrong was told with the command that it stopped, so all that can
 * be waiting is a unit attention: SPC-4, 6.39.
 */
enum scsi_sense
scsi_request_sense(struct scsi_req *rq)
{
	enum scsi_sense why = SENSE_NONE;
	uint8_t buf[SCSI_MAXSENSE];
	unsigned n;

	if (rq->unit != NULL)
		why = scsi_next_attention(rq->unit);
	else if (!rq->wlun && !rq->allwlun)
		why = SENSE_BAD_LUN;
	n = scsi_render_sense(buf, why, rq->cdb[1] & 1);
	memcpy(scsi_more(rq, n), buf, n);
	return SENSE_NONE;
}
