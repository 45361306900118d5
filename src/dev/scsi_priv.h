/* What the files of the SCSI units share; not for others. */
#ifndef SCSI_PRIV_H
#define SCSI_PRIV_H

#include "scsi.h"

/* Operation codes: SPC-4, SBC-3, MMC-6. */
enum scsi_op {
	OP_TEST_UNIT_READY	= 0x00,
	OP_REQUEST_SENSE	= 0x03,
	OP_READ_6		= 0x08,
	OP_WRITE_6		= 0x0a,
	OP_INQUIRY		= 0x12,
	OP_MODE_SELECT_6	= 0x15,
	OP_MODE_SENSE_6		= 0x1a,
	OP_START_STOP		= 0x1b,
	OP_PREVENT_ALLOW	= 0x1e,
	OP_READ_CAPACITY_10	= 0x25,
	OP_READ_10		= 0x28,
	OP_WRITE_10		= 0x2a,
	OP_VERIFY_10		= 0x2f,
	OP_SYNC_CACHE_10	= 0x35,
	OP_WRITE_SAME_10	= 0x41,
	OP_UNMAP		= 0x42,
	OP_READ_TOC		= 0x43,
	OP_GET_CONFIGURATION	= 0x46,
	OP_GET_EVENT_STATUS	= 0x4a,
	OP_READ_DISC_INFO	= 0x51,
	OP_MODE_SELECT_10	= 0x55,
	OP_MODE_SENSE_10	= 0x5a,
	OP_READ_16		= 0x88,
	OP_WRITE_16		= 0x8a,
	OP_VERIFY_16		= 0x8f,
	OP_SYNC_CACHE_16	= 0x91,
	OP_WRITE_SAME_16	= 0x93,
	OP_SERVICE_IN_16	= 0x9e,
	OP_REPORT_LUNS		= 0xa0,
	OP_READ_12		= 0xa8,
	OP_WRITE_12		= 0xaa,
	OP_VERIFY_12		= 0xaf,
	OP_MECHANISM_STATUS	= 0xbd,
};
#define SA_READ_CAPACITY_16	0x10

/* Who has a command. */
#define ON_DISK		0x01
#define ON_CD		0x02
#define ON_WLUN		0x04	/* the REPORT LUNS unit: SPC-4, 4.6.22 */
#define ON_NOBODY	0x08	/* answered where no unit is */
#define ON_UNITS	(ON_DISK | ON_CD)
#define ON_ALL		(ON_UNITS | ON_WLUN | ON_NOBODY)

/* What comes before it. */
#define CMD_QUIET	0x01	/* a unit attention does not stop it */
#define CMD_MEDIUM	0x02	/* there must be a medium */
#define CMD_WRITES	0x04	/* which must not be write-protected */

struct scsi_cmd {
	uint8_t		 op;
	uint8_t		 action;	/* service action, with CMD_ACTION */
	uint8_t		 cdblen;
	uint8_t		 on;		/* ON_* */
	uint8_t		 flags;		/* CMD_* */
	uint8_t		 allocat;	/* allocation length: where, */
	uint8_t		 allocw;	/* how many bytes; 0: has none */
	enum scsi_sense	(*run)(struct scsi_req *);
};
#define CMD_ACTION	0x08	/* action is the low five bits of byte 1 */

/* Where a command's blocks are. */
struct scsi_span {
	uint64_t	lba, n;
};

extern const struct scsi_cmd scsi_cmds[];
extern const unsigned scsi_ncmds;

static inline uint16_t
be16_get(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t
be32_get(const uint8_t *p)
{
	return (uint32_t)be16_get(p) << 16 | be16_get(p + 2);
}

static inline uint64_t
be64_get(const uint8_t *p)
{
	return (uint64_t)be32_get(p) << 32 | be32_get(p + 4);
}

static inline void
be16_put(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void
be32_put(uint8_t *p, uint32_t v)
{
	be16_put(p, v >> 16);
	be16_put(p + 2, v);
}

static inline void
be64_put(uint8_t *p, uint64_t v)
{
	be32_put(p, (uint32_t)(v >> 32));
	be32_put(p + 4, (uint32_t)v);
}

/* Number of blocks; a CD's last one may be filled in part. */
uint64_t scsi_blocks(const struct scsi_unit *);
int	 scsi_in_range(const struct scsi_unit *, const struct scsi_span *);
/* Blocks that one command may move. */
uint32_t scsi_max_blocks(const struct scsi_unit *);

/* Room for n bytes of made-up data, zeroed, behind what is there. */
uint8_t	*scsi_more(struct scsi_req *, size_t n);
/* Takes len bytes of data out; -1, with overrun noted, when there are less. */
int	 scsi_take(struct scsi_req *, void *, uint32_t len);
/* Whether len bytes of data out (in) are there; notes an overrun if not. */
int	 scsi_out_fits(struct scsi_req *, uint64_t len);
int	 scsi_in_fits(struct scsi_req *, uint64_t len);

/* Renders sense data as the unit is told to: its length. */
unsigned scsi_render_sense(uint8_t *, enum scsi_sense, int descriptors);
/* Takes the most important unit attention off, SENSE_NONE when none. */
enum scsi_sense scsi_next_attention(struct scsi_unit *);

/* Writes go through, or a flush has to follow: SBC-3, 6.4.5. */
unsigned scsi_durable(const struct scsi_unit *, int fua);
enum scsi_sense scsi_host(struct scsi_req *, struct blk_io *);

#define SCSI_RUN(name)	enum scsi_sense scsi_##name(struct scsi_req *)
SCSI_RUN(test_unit_ready);
SCSI_RUN(request_sense);
SCSI_RUN(inquiry);
SCSI_RUN(report_luns);
SCSI_RUN(mode_sense_6);
SCSI_RUN(mode_sense_10);
SCSI_RUN(mode_select_6);
SCSI_RUN(mode_select_10);
SCSI_RUN(start_stop);
SCSI_RUN(prevent_allow);
SCSI_RUN(read_capacity_10);
SCSI_RUN(read_capacity_16);
SCSI_RUN(read);
SCSI_RUN(write);
SCSI_RUN(verify);
SCSI_RUN(sync_cache);
SCSI_RUN(unmap);
SCSI_RUN(write_same);
SCSI_RUN(read_toc);
SCSI_RUN(get_configuration);
SCSI_RUN(get_event_status);
SCSI_RUN(read_disc_info);
SCSI_RUN(mechanism_status);

/* Address and count of the commands with 6, 10, 12 and 16 bytes. */
struct scsi_span scsi_span_of(const uint8_t *cdb);

#endif
