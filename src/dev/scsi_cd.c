/* What only a CD drive knows: MMC-6, 6. */
#include "scsi_priv.h"

#include <string.h>

#define LEAD_OUT	0xaa
#define DATA_TRACK	0x14		/* ADR 1, control 4: SPC track data */
#define CD_MAX		(450000U - 150U)	/* blocks a CD's times reach */

#define PROFILE_CD	0x0008
#define PROFILE_DVD	0x0010

/* An address as minute, second, frame, or as it is: MMC-6, 4.2.3.4. */
static void
put_address(uint8_t *p, uint64_t lba, int msf)
{
	if (!msf) {
		be32_put(p, lba > UINT32_MAX ? UINT32_MAX : (uint32_t)lba);
		return;
	}
	lba = lba > CD_MAX - 1 ? CD_MAX - 1 + 150 : lba + 150;
	p[0] = 0;
	p[1] = (uint8_t)(lba / 75 / 60);
	p[2] = (uint8_t)(lba / 75 % 60);
	p[3] = (uint8_t)(lba % 75);
}

static void
put_track(struct scsi_req *rq, unsigned track, uint64_t lba)
{
	uint8_t *p = scsi_more(rq, 8);

	p[1] = DATA_TRACK;
	p[2] = (uint8_t)track;
	put_address(p + 4, lba, rq->cdb[1] & 2);
}

/*
 * One session with one data track.  Format 0: the tracks from the one asked
 * for on; 1: the first track of the last session.
 */
enum scsi_sense
scsi_read_toc(struct scsi_req *rq)
{
	unsigned format = rq->cdb[2] & 0x0f, from = rq->cdb[6];
	uint8_t *head;

	if (format == 0)
		format = rq->cdb[9] >> 6;	/* as ATAPI had it */
	if (format > 1 || (format == 0 && from > 1 && from != LEAD_OUT))
		return SENSE_BAD_FIELD_CDB;
	head = scsi_more(rq, 4);
	head[2] = head[3] = 1;
	if (format == 1 || from <= 1)
		put_track(rq, 1, 0);
	if (format == 0)
		put_track(rq, LEAD_OUT, scsi_blocks(rq->unit));
	be16_put(head, (uint32_t)rq->len - 2);
	return SENSE_NONE;
}

static unsigned
profile(const struct scsi_unit *u)
{
	if (u->tray || scsi_blocks(u) == 0)
		return 0;
	return scsi_blocks(u) > CD_MAX ? PROFILE_DVD : PROFILE_CD;
}

/* Features: MMC-6, 5.3.  Those with a profile are current with it only. */
static const struct {
	uint16_t	 code, profile;
	uint8_t		 bits;		/* version << 2 | persistent << 1 */
	uint8_t		 len;
	uint8_t		 data[8];
} features[] = {
	{ 0x0000, 0, 0x02, 8, { 0, 0x10, 0, 0, 0, 0x08, 0, 0 } },
	{ 0x0001, 0, 0x0a, 8, { 0, 0, 0, 1, 1 } },	/* SCSI, DBE */
	{ 0x0002, 0, 0x06, 4, { 0x02 } },		/* media events */
	{ 0x0003, 0, 0x06, 4, { 0x29 } },		/* tray, eject, lock */
	{ 0x0010, 0xffff, 0x00, 8, { 0, 0, 8, 0, 0, 0x10, 0, 0 } },
	{ 0x001e, PROFILE_CD, 0x08, 4, { 0 } },
	{ 0x001f, PROFILE_DVD, 0x08, 4, { 0 } },
};
#define NFEATURES	(sizeof(features) / sizeof(features[0]))

static void
put_feature(struct scsi_req *rq, size_t i, int current)
{
	unsigned now = profile(rq->unit);
	uint8_t *p = scsi_more(rq, 4U + features[i].len);

	be16_put(p, features[i].code);
	p[2] = features[i].bits | (current ? 1 : 0);
	p[3] = features[i].len;
	memcpy(p + 4, features[i].data, features[i].len);
	if (features[i].code == 0) {
		p[6] = now == PROFILE_DVD;
		p[10] = now == PROFILE_CD;
	}
}

enum scsi_sense
scsi_get_configuration(struct scsi_req *rq)
{
	unsigned want = rq->cdb[1] & 3, from = be16_get(rq->cdb + 2);
	unsigned now = profile(rq->unit);
	uint8_t *head;
	size_t i;
	int current;

	if (want == 3)
		return SENSE_BAD_FIELD_CDB;
	head = scsi_more(rq, 8);
	for (i = 0; i < NFEATURES; i++) {
		current = features[i].profile == 0 ||
		    features[i].profile == now ||
		    (features[i].profile == 0xffff && now != 0);
		if (features[i].code < from ||
		    (want == 2 && features[i].code != from) ||
		    (want == 1 && !current))
			continue;
		put_feature(rq, i, current);
	}
	be32_put(head, (uint32_t)rq->len - 4);
	be16_put(head + 6, now);
	return SENSE_NONE;
}

/* Only polled, and only the class that we have: media. */
enum scsi_sense
scsi_get_event_status(struct scsi_req *rq)
{
	struct scsi_unit *u = rq->unit;
	uint8_t *p;

	if ((rq->cdb[1] & 1) == 0)
		return SENSE_BAD_FIELD_CDB;
	p = scsi_more(rq, 4);
	p[3] = 0x10;			/* classes that there are */
	if ((rq->cdb[4] & 0x10) == 0) {
		p[1] = 2;
		p[2] = 0x80;		/* none of those asked for */
		return SENSE_NONE;
	}
	p[1] = 6;
	p[2] = 0x04;
	p = scsi_more(rq, 4);
	p[0] = u->media;
	p[1] = (uint8_t)(u->tray | (!u->tray && scsi_blocks(u) > 0) << 1);
	/* An event is told once, to somebody who had room for it. */
	if (be16_get(rq->cdb + 7) >= 8 && rq->c->wlen >= 8)
		u->media = MEDIA_NOCHANGE;
	return SENSE_NONE;
}

enum scsi_sense
scsi_read_disc_info(struct scsi_req *rq)
{
	uint8_t *p;

	if ((rq->cdb[1] & 7) != 0)
		return SENSE_BAD_FIELD_CDB;
	p = scsi_more(rq, 34);
	be16_put(p, 32);
	p[2] = 0x0e;			/* complete, last session complete */
	p[3] = p[4] = p[5] = p[6] = 1;	/* first track; one session, track */
	p[7] = 0x20;			/* for unrestricted use */
	memset(p + 16, 0xff, 8);	/* no further session can be begun */
	return SENSE_NONE;
}

enum scsi_sense
scsi_mechanism_status(struct scsi_req *rq)
{
	uint8_t *p = scsi_more(rq, 8);

	p[1] = rq->unit->tray ? 0x10 : 0;	/* door open */
	return SENSE_NONE;
}

enum scsi_sense
scsi_prevent_allow(struct scsi_req *rq)
{
	if ((rq->cdb[4] & 2) != 0)		/* persistent: not known */
		return SENSE_BAD_FIELD_CDB;
	rq->unit->locked = rq->cdb[4] & 1;
	return SENSE_NONE;
}

static enum scsi_sense
move_tray(struct scsi_req *rq, int start)
{
	struct scsi_unit *u = rq->unit;

	if (start) {
		if (u->tray && scsi_blocks(u) > 0) {
			u->media = MEDIA_NEW;
			u->attention |= SCSI_UA(SENSE_UA_MEDIUM);
		}
		u->tray = 0;
		return SENSE_NONE;
	}
	if (u->locked)
		return SENSE_LOCKED;
	if (!u->tray) {
		u->tray = 1;
		u->media = scsi_blocks(u) > 0 ? MEDIA_REMOVED : u->media;
		rq->ejected = scsi_blocks(u) > 0;
	}
	return SENSE_NONE;
}

/*
 * A disk that is stopped has its cache on the medium; apart from that power
 * conditions mean nothing to a medium that does not turn.
 */
enum scsi_sense
scsi_start_stop(struct scsi_req *rq)
{
	struct blk_io io = { .op = BLK_FLUSH };
	int start = rq->cdb[4] & 1, loej = rq->cdb[4] & 2;

	if ((rq->cdb[4] & 0xf0) != 0)
		return SENSE_NONE;
	if (rq->unit->kind == SCSI_CDROM)
		return loej ? move_tray(rq, start) : SENSE_NONE;
	if (loej)
		return SENSE_BAD_FIELD_CDB;
	return start || scsi_blocks(rq->unit) == 0 ? SENSE_NONE :
	    scsi_host(rq, &io);
}
