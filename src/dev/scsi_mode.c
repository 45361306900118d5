/* Mode pages: SPC-4, 6.11, 6.9, 7.5; SBC-3, 6.4; MMC-6, 7. */
#include "scsi_priv.h"

#include <string.h>

#define PAGE_ERRORS	0x01
#define PAGE_CACHE	0x08
#define PAGE_CONTROL	0x0a
#define PAGE_CD		0x2a
#define PAGE_ALL	0x3f

#define PC_CURRENT	0
#define PC_CHANGEABLE	1
#define PC_SAVED	3

#define THE_BIT		0x04		/* WCE and D_SENSE, both in byte 2 */
#define CD_LOCK_STATE	0x02		/* in byte 6 of PAGE_CD */
#define MAXPAGE		32
#define MAXLIST		256		/* of MODE SELECT */
#define DISK_PARAM	0x10		/* DPO and FUA are known */
#define DISK_WP		0x80
#define DESC_LEN	8

static const struct {
	uint8_t		 code;
	uint8_t		 on;
	uint8_t		 len;
	uint8_t		 bytes[MAXPAGE];	/* as after a reset */
} pages[] = {
	{ PAGE_ERRORS, ON_UNITS, 12, { PAGE_ERRORS, 10, 0, 5 } },
	{ PAGE_CACHE, ON_DISK, 20, { PAGE_CACHE, 18, THE_BIT } },
	{ PAGE_CONTROL, ON_UNITS, 12,
	    { PAGE_CONTROL, 10, 0, 0x10, 0, 0, 0, 0, 0xff, 0xff } },
	/* Reads CD-R, CD-RW, DVD; a tray that locks and ejects; 24 x. */
	{ PAGE_CD, ON_CD, 32, { PAGE_CD, 30, 0x0b, 0, 0, 0, 0x29, 0,
	    0x10, 0x80, 0, 2, 2, 0, 0x10, 0x80 } },
};
#define NPAGES	(sizeof(pages) / sizeof(pages[0]))

/* The state behind the one bit of a page that can be changed, or NULL. */
static uint8_t *
state_of(struct scsi_unit *u, uint8_t code)
{
	if (code == PAGE_CACHE)
		return &u->wce;
	return code == PAGE_CONTROL ? &u->d_sense : NULL;
}

static int
has_page(const struct scsi_unit *u, size_t i)
{
	return (pages[i].on & (u->kind == SCSI_CDROM ? ON_CD : ON_DISK)) != 0;
}

/* A page as it is now, as it was after the reset, or what may be changed. */
static void
render(struct scsi_unit *u, size_t i, unsigned pc, uint8_t *p)
{
	const uint8_t *state = state_of(u, pages[i].code);

	memcpy(p, pages[i].bytes, pages[i].len);
	if (pc == PC_CHANGEABLE) {
		memset(p + 2, 0, pages[i].len - 2U);
		if (state != NULL)
			p[2] = THE_BIT;
	} else if (pc == PC_CURRENT) {
		if (state != NULL)
			p[2] = (uint8_t)((p[2] & ~THE_BIT) |
			    (*state ? THE_BIT : 0));
		if (pages[i].code == PAGE_CD && u->locked)
			p[6] |= CD_LOCK_STATE;
	}
}

static void
put_descriptor(struct scsi_req *rq)
{
	uint8_t *p = scsi_more(rq, DESC_LEN);
	uint64_t n = scsi_blocks(rq->unit);

	be32_put(p, n > UINT32_MAX ? UINT32_MAX : (uint32_t)n);
	be32_put(p + 4, rq->unit->blksize);
}

static enum scsi_sense
put_pages(struct scsi_req *rq)
{
	unsigned code = rq->cdb[2] & 0x3f, pc = rq->cdb[2] >> 6;
	unsigned sub = rq->cdb[3], found = 0;
	size_t i;

	if (sub != 0 && (sub != 0xff || code != PAGE_ALL))
		return SENSE_BAD_FIELD_CDB;
	for (i = 0; i < NPAGES; i++) {
		if (!has_page(rq->unit, i) ||
		    (code != PAGE_ALL && code != pages[i].code))
			continue;
		found = 1;
		if (pc != PC_SAVED)
			render(rq->unit, i, pc, scsi_more(rq, pages[i].len));
	}
	if (!found)
		return SENSE_BAD_FIELD_CDB;
	return pc == PC_SAVED ? SENSE_NO_SAVING : SENSE_NONE;
}

/* Header of hlen bytes, block descriptor of a disk, pages. */
static enum scsi_sense
mode_sense(struct scsi_req *rq, unsigned hlen)
{
	struct scsi_unit *u = rq->unit;
	uint8_t *head = scsi_more(rq, hlen);
	enum scsi_sense why;
	uint8_t param = 0;

	if (u->kind == SCSI_DISK) {
		param = DISK_PARAM | (u->readonly ? DISK_WP : 0);
		if ((rq->cdb[1] & 0x08) == 0)
			put_descriptor(rq);
	}
	if (hlen == 4) {
		head[2] = param;
		head[3] = (uint8_t)(rq->len - hlen);
	} else {
		head[3] = param;
		head[7] = (uint8_t)(rq->len - hlen);
	}
	why = put_pages(rq);
	if (hlen == 4)
		head[0] = (uint8_t)(rq->len - 1);
	else
		be16_put(head, (uint32_t)rq->len - 2);
	return why;
}

enum scsi_sense
scsi_mode_sense_6(struct scsi_req *rq)
{
	return mode_sense(rq, 4);
}

enum scsi_sense
scsi_mode_sense_10(struct scsi_req *rq)
{
	return mode_sense(rq, 8);
}

/* A block descriptor that says what is so anyway; none other is taken. */
static int
same_descriptor(const struct scsi_unit *u, const uint8_t *p)
{
	uint32_t n = be32_get(p);

	return (be32_get(p + 4) & 0xffffff) == u->blksize &&
	    (n == 0 || n == UINT32_MAX || n == scsi_blocks(u));
}

/* Looks one page over; its length or 0. */
static unsigned
check_page(struct scsi_unit *u, const uint8_t *p, size_t left,
    enum scsi_sense *why)
{
	uint8_t now[MAXPAGE], may[MAXPAGE];
	size_t i, k;

	*why = SENSE_BAD_FIELD_LIST;
	for (i = 0; i < NPAGES; i++)
		if (has_page(u, i) && pages[i].code == (p[0] & 0x7f))
			break;
	if (i == NPAGES)
		return 0;
	if (left < 2 || left < pages[i].len) {
		*why = SENSE_LIST_LENGTH;
		return 0;
	}
	render(u, i, PC_CURRENT, now);
	render(u, i, PC_CHANGEABLE, may);
	for (k = 1; k < pages[i].len; k++)
		if (((p[k] ^ now[k]) & (k == 1 ? 0xff : ~may[k])) != 0)
			return 0;
	return pages[i].len;
}

/* What is volatile so far becomes durable when the cache goes off. */
static enum scsi_sense
change(struct scsi_req *rq, uint8_t code, int on)
{
	uint8_t *state = state_of(rq->unit, code);
	struct blk_io io = { .op = BLK_FLUSH };
	enum scsi_sense why = SENSE_NONE;

	if (state == NULL)
		return SENSE_NONE;
	if (code == PAGE_CACHE && *state && !on)
		why = scsi_host(rq, &io);
	if (why == SENSE_NONE)
		*state = (uint8_t)on;
	return why;
}

/* Nothing is changed unless all of the list is right: SPC-4, 6.9. */
static enum scsi_sense
select_pages(struct scsi_req *rq, const uint8_t *p, size_t len)
{
	enum scsi_sense why = SENSE_NONE;
	size_t at;
	unsigned n;

	for (at = 0; at < len; at += n)
		if ((n = check_page(rq->unit, p + at, len - at, &why)) == 0)
			return why;
	why = SENSE_NONE;
	for (at = 0; at < len && why == SENSE_NONE; at += p[at + 1] + 2U)
		why = change(rq, p[at] & 0x3f, (p[at + 2] & THE_BIT) != 0);
	return why;
}

static enum scsi_sense
mode_select(struct scsi_req *rq, unsigned hlen, unsigned len)
{
	uint8_t list[MAXLIST];
	unsigned desc;

	if ((rq->cdb[1] & 0x11) != 0x10)	/* PF without SP */
		return SENSE_BAD_FIELD_CDB;
	if (len == 0)
		return SENSE_NONE;
	if (len < hlen || len > sizeof(list))
		return SENSE_LIST_LENGTH;
	if (scsi_take(rq, list, len) == -1)
		return SENSE_NONE;
	desc = hlen == 4 ? list[3] : be16_get(list + 6);
	if (desc != 0 && (desc != DESC_LEN || rq->unit->kind != SCSI_DISK))
		return SENSE_BAD_FIELD_LIST;
	if (len < hlen + desc)
		return SENSE_LIST_LENGTH;
	if (desc != 0 && !same_descriptor(rq->unit, list + hlen))
		return SENSE_BAD_FIELD_LIST;
	return select_pages(rq, list + hlen + desc, len - hlen - desc);
}

enum scsi_sense
scsi_mode_select_6(struct scsi_req *rq)
{
	return mode_select(rq, 4, rq->cdb[4]);
}

enum scsi_sense
scsi_mode_select_10(struct scsi_req *rq)
{
	return mode_select(rq, 8, be16_get(rq->cdb + 7));
}
