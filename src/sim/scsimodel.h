/*
 * A model of SCSI units, written from SPC-4, SBC-3 and MMC-6 and not from the
 * device: what each command must answer, what it must ask of the medium, and
 * which bytes it must bring.
 */
#ifndef SCSIMODEL_H
#define SCSIMODEL_H

#include "sim.h"

#define MODEL_UNITS	8
#define MODEL_DATA	512

/* Sense as key, code and qualifier in one number; 0 is GOOD. */
#define SENSE(key, asc, ascq)	((key) << 16 | (asc) << 8 | (ascq))

struct model_unit {
	int		 cd, readonly;
	unsigned	 target, lun, number;
	uint32_t	 block;
	unsigned	 physexp;
	uint64_t	 sectors;
	uint8_t		 serial[30];
	size_t		 nserial;
	uint32_t	 ua[8];		/* that wait, most important first */
	unsigned	 nua;
	int		 tray, locked, event, cache, descriptors;
	unsigned	 subscribed;
};

struct model_cmd {
	struct sim	*s;
	struct model_unit *all;
	unsigned	 n;		/* units */
	struct model_unit *u;		/* NULL: nobody */
	unsigned	 target;
	int		 wlun;		/* 1 of the target, 2 of the device */
	uint8_t		 cdb[16];
	unsigned	 cdblen;	/* bytes that came */
	const uint8_t	*out;		/* data out as the device saw it */
	uint64_t	 outlen, inlen;	/* room */
	uint64_t	 known;		/* bytes of data out that were kept */
	/* what must come */
	uint32_t	 sense;		/* SENSE() or 0 */
	int		 overrun;
	uint8_t		 data[MODEL_DATA];
	size_t		 len;		/* made-up data, cut */
	uint64_t	 moved;		/* from or to the medium, or taken */
	uint64_t	 off;		/* of a read, in the model's memory */
	uint64_t	 real;		/* bytes of it that the medium has */
	int		 reads, spoilt;	/* or tried to */
	int		 gone;		/* the guest ejected something */
	unsigned	 calls;		/* of the medium so far */
};

/* A reset of the kind that ua tells. */
void	model_reset(struct model_unit *, uint32_t ua, int modes);
void	model_attention(struct model_unit *, uint32_t ua);
void	model_medium(struct model_unit *, uint64_t sectors);
struct model_unit *model_find(struct model_unit *, unsigned n,
	    unsigned target, unsigned lun);

/* Works the command out; fails the run where the medium was asked wrongly. */
void	model_command(struct model_cmd *);
/* What it does with blocks of a disk; part of model_command. */
void	model_blocks(struct model_cmd *);
void	model_cd(struct model_cmd *);
void	model_modes(struct model_cmd *);
/* The next call of the medium has to be this one; its result. */
unsigned model_ask(struct model_cmd *, unsigned op, unsigned flags,
	    uint64_t off, uint64_t len);
uint64_t model_blocks_of(const struct model_unit *);

#define UA_POWER	SENSE(6, 0x29, 0x00)
#define UA_RESET	SENSE(6, 0x29, 0x03)
#define UA_NEXUS	SENSE(6, 0x29, 0x07)
#define UA_MEDIUM	SENSE(6, 0x28, 0x00)
#define UA_CAPACITY	SENSE(6, 0x2a, 0x09)
#define BAD_OPCODE	SENSE(5, 0x20, 0x00)
#define BAD_FIELD	SENSE(5, 0x24, 0x00)
#define BAD_LIST	SENSE(5, 0x26, 0x00)
#define BAD_LENGTH	SENSE(5, 0x1a, 0x00)
#define BAD_LBA		SENSE(5, 0x21, 0x00)

static inline uint64_t
be_get(const uint8_t *p, unsigned n)
{
	uint64_t v = 0;

	while (n-- > 0)
		v = v << 8 | *p++;
	return v;
}

static inline void
be_put(uint8_t *p, unsigned n, uint64_t v)
{
	while (n-- > 0) {
		p[n] = (uint8_t)v;
		v >>= 8;
	}
}

#endif
