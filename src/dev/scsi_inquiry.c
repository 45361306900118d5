/* Who a unit is: INQUIRY and its pages (SPC-4, 6.6 and 7.8), REPORT LUNS. */
#include "scsi_priv.h"

#include <string.h>

#define TYPE_DISK	0x00
#define TYPE_CD		0x05
#define TYPE_WLUN	0x1e
#define TYPE_NOBODY	0x7f		/* qualifier 3, type 1f */
#define SPC_4		0x06		/* version */

#define INQUIRY_LEN	36
#define LIMITS_LEN	64

static uint8_t
type_of(const struct scsi_req *rq)
{
	if (rq->wlun || rq->allwlun)
		return TYPE_WLUN;
	if (rq->unit == NULL)
		return TYPE_NOBODY;
	return rq->unit->kind == SCSI_CDROM ? TYPE_CD : TYPE_DISK;
}

static const char *
product_of(const struct scsi_req *rq)
{
	if (rq->unit == NULL)
		return "VMM SCSI        ";
	return rq->unit->kind == SCSI_CDROM ? "VMM CD-ROM      " :
	    "VMM DISK        ";
}

static enum scsi_sense
standard(struct scsi_req *rq)
{
	uint8_t *p = scsi_more(rq, INQUIRY_LEN);

	p[0] = type_of(rq);
	p[1] = p[0] == TYPE_CD ? 0x80 : 0;	/* removable */
	p[2] = SPC_4;
	p[3] = 0x12;			/* hierarchical LUNs, format 2 */
	p[4] = INQUIRY_LEN - 5;
	p[7] = 0x02;			/* command queueing */
	memcpy(p + 8, "OpenBSD ", 8);
	memcpy(p + 16, product_of(rq), 16);
	memcpy(p + 32, "001 ", 4);
	return SENSE_NONE;
}

static void page_list(struct scsi_req *);

static void
page_serial(struct scsi_req *rq)
{
	const struct scsi_unit *u = rq->unit;

	memcpy(scsi_more(rq, u->seriallen), u->serial, u->seriallen);
}

/*
 * One designator, of the form vendor and vendor's own (SPC-4, 7.8.6.4).  A
 * unit without a serial number has nothing that would tell it from others.
 */
static void
page_identity(struct scsi_req *rq)
{
	const struct scsi_unit *u = rq->unit;
	uint8_t *p;

	if (u->seriallen == 0)
		return;
	p = scsi_more(rq, 4 + 8 + 16 + u->seriallen);
	p[0] = 0x02;			/* ASCII */
	p[1] = 0x01;			/* of the unit, T10 vendor */
	p[3] = (uint8_t)(8 + 16 + u->seriallen);
	memcpy(p + 4, "OpenBSD ", 8);
	memcpy(p + 12, product_of(rq), 16);
	memcpy(p + 28, u->serial, u->seriallen);
}

static void
page_limits(struct scsi_req *rq)
{
	const struct scsi_unit *u = rq->unit;
	uint8_t *p = scsi_more(rq, LIMITS_LEN - 4) - 4;

	be32_put(p + 8, scsi_max_blocks(u));
	be32_put(p + 12, scsi_max_blocks(u));
	if (u->readonly)
		return;
	be32_put(p + 20, SCSI_UNMAP_BLOCKS);
	be32_put(p + 24, SCSI_UNMAP_DESCS);
	be32_put(p + 28, 1);		/* optimal unmap granularity */
	be64_put(p + 36, scsi_max_blocks(u));	/* write same */
	p[4] = 0x01;			/* a length of 0 is refused */
}

static void
page_character(struct scsi_req *rq)
{
	be16_put(scsi_more(rq, LIMITS_LEN - 4), 1);	/* does not rotate */
}

/* Thin provisioning: SBC-3, 6.6.5. */
static void
page_thin(struct scsi_req *rq)
{
	uint8_t *p = scsi_more(rq, 4);

	if (rq->unit->readonly)
		return;
	p[1] = 0xe0;			/* UNMAP, WRITE SAME (16), (10) */
	p[2] = 0x02;			/* thin */
}

static const struct {
	uint8_t	 page;
	uint8_t	 on;
	void	 (*render)(struct scsi_req *);
} pages[] = {
	{ 0x00, ON_UNITS, page_list },
	{ 0x80, ON_UNITS, page_serial },
	{ 0x83, ON_UNITS, page_identity },
	{ 0xb0, ON_DISK, page_limits },
	{ 0xb1, ON_DISK, page_character },
	{ 0xb2, ON_DISK, page_thin },
};
#define NPAGES	(sizeof(pages) / sizeof(pages[0]))

static int
has_page(const struct scsi_req *rq, size_t i)
{
	return (pages[i].on &
	    (rq->unit->kind == SCSI_CDROM ? ON_CD : ON_DISK)) != 0;
}

static void
page_list(struct scsi_req *rq)
{
	size_t i;

	for (i = 0; i < NPAGES; i++)
		if (has_page(rq, i))
			*scsi_more(rq, 1) = pages[i].page;
}

static enum scsi_sense
vital(struct scsi_req *rq)
{
	uint8_t *head;
	size_t i;

	if (rq->unit == NULL)
		return SENSE_BAD_FIELD_CDB;
	for (i = 0; i < NPAGES; i++) {
		if (pages[i].page != rq->cdb[2] || !has_page(rq, i))
			continue;
		head = scsi_more(rq, 4);
		head[0] = type_of(rq);
		head[1] = pages[i].page;
		pages[i].render(rq);
		be16_put(head + 2, (uint32_t)rq->len - 4);
		return SENSE_NONE;
	}
	return SENSE_BAD_FIELD_CDB;
}

enum scsi_sense
scsi_inquiry(struct scsi_req *rq)
{
	if ((rq->cdb[1] & 1) != 0)
		return vital(rq);
	return rq->cdb[2] != 0 ? SENSE_BAD_FIELD_CDB : standard(rq);
}

/*
 * A LUN in eight bytes: peripheral form below 256, else flat (SAM-5, 4.7.7).
 * The unit of the whole port names targets, too, as virtio does: 5.6.6.1.
 */
static void
put_lun(struct scsi_req *rq, const struct scsi_unit *u)
{
	uint8_t *p = scsi_more(rq, 8);

	if (rq->allwlun) {
		p[0] = 1;
		p[1] = u->target;
		be16_put(p + 2, 0x4000U | u->lun);
	} else {
		be16_put(p, u->lun < 256 ? u->lun : 0x4000U | u->lun);
	}
}

enum scsi_sense
scsi_report_luns(struct scsi_req *rq)
{
	unsigned i, select = rq->cdb[2];
	const struct scsi_unit *u;
	uint8_t *head;

	if (select > 2 || be32_get(rq->cdb + 6) < 16)
		return SENSE_BAD_FIELD_CDB;
	head = scsi_more(rq, 8);
	for (i = 0; i < rq->bus->n && select != 1; i++) {
		u = &rq->bus->unit[i];
		if (rq->allwlun || u->target == rq->target)
			put_lun(rq, u);
	}
	if (select != 0)
		be16_put(scsi_more(rq, 8), 0xc101);
	be32_put(head, (uint32_t)rq->len - 8);
	return SENSE_NONE;
}
