/*
 * SCSI for virtual media: what a unit answers to a command.  Rules from SPC-4
 * (all units), SBC-3 (disks) and MMC-6 (CDs).
 *
 * Nothing here knows of virtio's requests.  A transport fills a scsi_req and
 * calls scsi_execute(), which is done when it returns: data moved, status and
 * sense decided.  Payload goes between the host's medium and guest memory
 * without a copy; data that we make up is collected in the request and stored
 * by the caller, so that an answer can stand in front of it.
 *
 * After a read that failed nobody knows what the host left in the buffer, so
 * zeros are stored there; they do not count as moved.
 *
 * A unit is a disk or a CD drive.  A capacity of 0 is a unit without medium.
 * CDs have blocks of 2,048 bytes; a last block that the medium fills in part
 * is filled up with zeros.
 *
 * Bounds: a command moves or writes at most SCSI_MAXXFER bytes, UNMAP takes
 * SCSI_UNMAP_DESCS ranges of SCSI_UNMAP_BLOCKS blocks together; what is
 * beyond is an invalid field.  The limits of a disk are told in its VPD page
 * B0 (SBC-3, 6.6.4).
 */
#ifndef SCSI_H
#define SCSI_H

#include "dev.h"
#include "vq.h"

#define SCSI_CDB	16		/* bytes of the longest command */
#define SCSI_MAXXFER	(16U << 20)
#define SCSI_UNMAP_DESCS 16U
#define SCSI_UNMAP_BLOCKS (1U << 22)
#define SCSI_MAXSENSE	18
#define SCSI_DATA	512		/* bytes of made-up data, at most */
#define SCSI_SERIAL	30
#define SCSI_UNITS	8		/* of one device */
#define SCSI_CD_BLOCK	2048U
#define SCSI_SECTOR	512U		/* unit of capacities */

enum scsi_status {			/* SAM-5, 5.3.1 */
	SCSI_GOOD		= 0x00,
	SCSI_CHECK		= 0x02,
};

enum scsi_key {				/* SPC-4, 4.5.6 */
	KEY_NO_SENSE		= 0x0,
	KEY_NOT_READY		= 0x2,
	KEY_MEDIUM_ERROR	= 0x3,
	KEY_ILLEGAL_REQUEST	= 0x5,
	KEY_UNIT_ATTENTION	= 0x6,
	KEY_DATA_PROTECT	= 0x7,
	KEY_MISCOMPARE		= 0xe,
};

/* What a command may end with; scsi_sense.c has the codes. */
enum scsi_sense {
	SENSE_NONE,
	SENSE_NO_MEDIUM,
	SENSE_TRAY_OPEN,
	SENSE_READ_ERROR,
	SENSE_WRITE_ERROR,
	SENSE_LIST_LENGTH,		/* parameter list */
	SENSE_BAD_OPCODE,
	SENSE_LBA_RANGE,
	SENSE_BAD_FIELD_CDB,
	SENSE_BAD_LUN,
	SENSE_BAD_FIELD_LIST,
	SENSE_NO_SAVING,
	SENSE_LOCKED,			/* medium removal prevented */
	SENSE_UA_POWER_ON,
	SENSE_UA_RESET,
	SENSE_UA_NEXUS,
	SENSE_UA_MEDIUM,
	SENSE_UA_CAPACITY,
	SENSE_PROTECTED,
	SENSE_NO_SPACE,
	SENSE_MISCOMPARE,
	SENSE_NCODES
};

/* Unit attentions that wait, a bit each; the lowest comes first. */
#define SCSI_UA(sense)	(1U << ((sense) - SENSE_UA_POWER_ON))
#define SCSI_UA_ALL	0x1fU

enum scsi_kind {
	SCSI_DISK,
	SCSI_CDROM,
};

/* Events of a drive: MMC-6, 6.6.2.6. */
enum scsi_media_event {
	MEDIA_NOCHANGE,
	MEDIA_EJECT_WISH,
	MEDIA_NEW,
	MEDIA_REMOVED,
	MEDIA_NEVENTS
};

struct scsi_unit {
	/* as attached */
	uint8_t		 kind;		/* enum scsi_kind */
	uint8_t		 readonly;
	uint8_t		 target;
	uint16_t	 lun;
	uint8_t		 number;	/* the host's, for blk */
	uint8_t		 physexp;
	uint32_t	 blksize;
	uint64_t	 sectors;	/* may change; 0: no medium */
	uint8_t		 serial[SCSI_SERIAL];
	uint8_t		 seriallen;
	/* state */
	uint8_t		 attention;	/* SCSI_UA bits */
	uint8_t		 tray;		/* 1: open */
	uint8_t		 locked;	/* PREVENT ALLOW */
	uint8_t		 media;		/* event not yet told */
	uint8_t		 wce;		/* write cache on */
	uint8_t		 d_sense;	/* sense as descriptors */
	uint8_t		 subscribed;	/* async notifications: 5.6.6.2 */
};

/* All units behind one port. */
struct scsi_bus {
	struct scsi_unit unit[SCSI_UNITS];
	unsigned	 n;
	struct dev_host	*host;
};

struct scsi_req {
	struct scsi_bus	*bus;
	struct scsi_unit *unit;		/* NULL: nobody at this LUN */
	uint8_t		 target;
	uint8_t		 wlun;		/* the REPORT LUNS unit of the target */
	uint8_t		 allwlun;	/* the one of the whole port */
	uint8_t		 cdb[SCSI_CDB];
	unsigned	 cdblen;	/* bytes that the initiator gave */
	struct vq_chain	*c;		/* data out: readable; in: writable */
	/* answer */
	uint8_t		 status;	/* enum scsi_status */
	uint8_t		 overrun;	/* the buffers were too short */
	uint8_t		 sense[SCSI_MAXSENSE];
	unsigned	 senselen;
	uint32_t	 filled;	/* bytes that the host put into c->w */
	uint32_t	 zeros;		/* to be stored behind them, or */
	uint8_t		 data[SCSI_DATA];	/* these */
	size_t		 len;
	uint32_t	 taken;		/* bytes of data out used */
	uint32_t	 work;		/* bytes moved, for the caller's turn */
	uint8_t		 ejected;	/* the tray went open by the guest */
};

/* Carries out cdb.  Whatever it holds, there is an answer. */
void	scsi_execute(struct scsi_req *);

/* The unit at an address, or NULL. */
struct scsi_unit *scsi_find(struct scsi_bus *, unsigned target, unsigned lun);
int	scsi_has_target(const struct scsi_bus *, unsigned target);

/* A reset of some kind, with its SENSE_UA_: SPC-4, 5.14. */
void	scsi_unit_reset(struct scsi_unit *, enum scsi_sense);
/* The host put in another medium, or took it away (0): MMC-6, 4.1.7. */
void	scsi_set_medium(struct scsi_unit *, uint64_t sectors);

#endif
