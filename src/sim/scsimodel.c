/* Units in general: attention, identity, addresses (SPC-4, SAM-5). */
#include "scsimodel.h"

#include <string.h>

struct model_unit *
model_find(struct model_unit *all, unsigned n, unsigned target, unsigned lun)
{
	unsigned i;

	for (i = 0; i < n; i++)
		if (all[i].target == target && all[i].lun == lun)
			return &all[i];
	return NULL;
}

uint64_t
model_blocks_of(const struct model_unit *u)
{
	uint64_t bytes = u->sectors * 512;

	return u->cd ? (bytes + 2047) / 2048 : bytes / u->block;
}

/* Resets before media before parameters: SPC-4, 5.14; once each. */
static unsigned
rank(uint32_t ua)
{
	static const uint32_t order[] = {
		UA_POWER, UA_RESET, UA_NEXUS, UA_MEDIUM, UA_CAPACITY
	};
	unsigned i;

	for (i = 0; i < 4 && order[i] != ua; i++)
		;
	return i;
}

void
model_attention(struct model_unit *u, uint32_t ua)
{
	unsigned i, k;

	for (i = 0; i < u->nua; i++)
		if (u->ua[i] == ua)
			return;
	for (i = 0; i < u->nua && rank(u->ua[i]) < rank(ua); i++)
		;
	for (k = u->nua++; k > i; k--)
		u->ua[k] = u->ua[k - 1];
	u->ua[i] = ua;
}

static uint32_t
next_attention(struct model_unit *u)
{
	uint32_t ua;

	if (u->nua == 0)
		return 0;
	ua = u->ua[0];
	u->nua--;
	memmove(u->ua, u->ua + 1, u->nua * sizeof(u->ua[0]));
	return ua;
}

static void
forget_attention(struct model_unit *u, uint32_t ua)
{
	unsigned i, n = 0;

	for (i = 0; i < u->nua; i++)
		if (u->ua[i] != ua)
			u->ua[n++] = u->ua[i];
	u->nua = n;
}

void
model_reset(struct model_unit *u, uint32_t ua, int modes)
{
	if (ua == UA_POWER)
		u->nua = 0;
	model_attention(u, ua);
	u->locked = 0;
	if (modes) {
		u->cache = 1;
		u->descriptors = 0;
	}
}

void
model_medium(struct model_unit *u, uint64_t sectors)
{
	uint64_t before = u->sectors;

	u->sectors = sectors;
	if (!u->cd) {
		if (before != sectors)
			model_attention(u, UA_CAPACITY);
	} else if (sectors > 0) {
		model_attention(u, UA_MEDIUM);
		u->tray = 0;
		u->event = 2;
	} else {
		u->tray = before > 0;
		if (before > 0) {
			forget_attention(u, UA_MEDIUM);
			u->event = 3;
		}
	}
}

unsigned
model_ask(struct model_cmd *c, unsigned op, unsigned flags, uint64_t off,
    uint64_t len)
{
	struct sim *s = c->s;
	const struct sim_call *k = &s->call[c->calls];

	if (c->calls++ >= s->ncalls)
		sim_fail(s, "blk", "the medium was not asked");
	if (k->op != op || k->flags != flags || k->off != off ||
	    k->len != len || k->unit != c->u->number)
		sim_fail(s, "blk", "the medium was asked for something else");
	return (unsigned)k->result;
}

/* Puts made-up data; where: the allocation length, width bytes of it. */
static void
give(struct model_cmd *c, const uint8_t *p, size_t len, unsigned where,
    unsigned width)
{
	uint64_t most = width == 0 ? len : be_get(c->cdb + where, width);

	memcpy(c->data, p, len);
	c->len = len < most ? len : most;
	if (c->len > c->inlen) {
		c->overrun = 1;
		c->len = c->inlen;
	}
}

static void
inquiry_standard(struct model_cmd *c)
{
	uint8_t p[36] = { 0x7f, 0, 6, 0x12, 31, 0, 0, 2, 'O', 'p', 'e', 'n',
	    'B', 'S', 'D', ' ' };
	const char *name = "VMM SCSI        001 ";

	if (c->wlun)
		p[0] = 0x1e;
	else if (c->u != NULL) {
		p[0] = c->u->cd ? 5 : 0;
		p[1] = c->u->cd ? 0x80 : 0;
		name = c->u->cd ? "VMM CD-ROM      001 " :
		    "VMM DISK        001 ";
	}
	memcpy(p + 16, name, 20);
	if (c->cdb[2] != 0)
		c->sense = BAD_FIELD;
	else
		give(c, p, sizeof(p), 3, 2);
}

/* Pages with the limits of a disk: SBC-3, 6.6. */
static size_t
disk_page(const struct model_unit *u, uint8_t *p)
{
	uint64_t most = 16 * 1048576 / u->block;

	if (p[1] == 0xb2) {
		if (!u->readonly) {
			p[5] = 0xe0;
			p[6] = 2;
		}
		return 8;
	}
	if (p[1] == 0xb1) {
		p[5] = 1;
		return 64;
	}
	be_put(p + 8, 4, most);
	be_put(p + 12, 4, most);
	if (!u->readonly) {
		p[4] = 1;
		be_put(p + 20, 4, 4194304);
		be_put(p + 24, 4, 16);
		be_put(p + 28, 4, 1);
		be_put(p + 36, 8, most);
	}
	return 64;
}

static size_t
common_page(const struct model_unit *u, uint8_t *p)
{
	static const uint8_t list[] = { 0, 0x80, 0x83, 0xb0, 0xb1, 0xb2 };
	size_t n = u->nserial;

	if (p[1] == 0) {
		memcpy(p + 4, list, 6);
		return u->cd ? 7 : 10;
	}
	if (p[1] == 0x80) {
		memcpy(p + 4, u->serial, n);
		return 4 + n;
	}
	if (n == 0)
		return 4;
	p[4] = 2;
	p[5] = 1;
	p[7] = (uint8_t)(24 + n);
	memcpy(p + 8, "OpenBSD ", 8);
	memcpy(p + 16, u->cd ? "VMM CD-ROM      " : "VMM DISK        ", 16);
	memcpy(p + 32, u->serial, n);
	return 32 + n;
}

static void
inquiry_page(struct model_cmd *c)
{
	uint8_t p[128] = { 0 };
	unsigned page = c->cdb[2];
	size_t len;

	c->sense = BAD_FIELD;
	if (c->u == NULL)
		return;
	p[0] = c->u->cd ? 5 : 0;
	p[1] = (uint8_t)page;
	if (page == 0 || page == 0x80 || page == 0x83)
		len = common_page(c->u, p);
	else if (page >= 0xb0 && page <= 0xb2 && !c->u->cd)
		len = disk_page(c->u, p);
	else
		return;
	c->sense = 0;
	be_put(p + 2, 2, len - 4);
	give(c, p, len, 3, 2);
}

static void
report_luns(struct model_cmd *c)
{
	uint8_t p[8 + 8 * (MODEL_UNITS + 1)] = { 0 };
	const struct model_unit *u;
	unsigned i, at = 8;

	if (be_get(c->cdb + 6, 4) < 16 || c->cdb[2] > 2) {
		c->sense = BAD_FIELD;
		return;
	}
	for (i = 0; c->cdb[2] != 1 && i < c->n; i++) {
		u = &c->all[i];
		if (c->wlun == 2) {
			p[at] = 1;
			p[at + 1] = (uint8_t)u->target;
			be_put(p + at + 2, 2, 0x4000 + u->lun);
		} else if (u->target == c->target)
			be_put(p + at, 2, u->lun + (u->lun > 255 ? 0x4000 :
			    0));
		else
			continue;
		at += 8;
	}
	if (c->cdb[2] > 0) {
		be_put(p + at, 2, 0xc101);
		at += 8;
	}
	be_put(p, 4, at - 8);
	give(c, p, at, 6, 4);
}

static void
request_sense(struct model_cmd *c)
{
	uint32_t sense = 0;
	uint8_t p[18] = { 0x70, 0, 0, 0, 0, 0, 0, 10 };

	if (c->u != NULL)
		sense = next_attention(c->u);
	else if (!c->wlun)
		sense = SENSE(5, 0x25, 0);
	if (c->cdb[1] & 1) {
		memset(p, 0, sizeof(p));
		p[0] = 0x72;
		be_put(p + 1, 3, sense);
		give(c, p, 8, 4, 1);
		return;
	}
	p[2] = (uint8_t)(sense >> 16);
	be_put(p + 12, 2, sense & 0xffff);
	give(c, p, 18, 4, 1);
}

/*
 * Who knows the command: bits 1 disks, 2 CDs, 4 well-known units, 8 where no
 * unit is; its length; 16: no unit attention before it; 32: with a medium
 * only; 64: not on a protected one.
 */
static unsigned
traits(const uint8_t *cdb, unsigned *len)
{
	static const struct { uint8_t op, len, traits; } t[] = {
		{ 0x00, 6, 7 }, { 0x03, 6, 31 }, { 0x12, 6, 31 },
		{ 0xa0, 12, 31 }, { 0x08, 6, 35 }, { 0x28, 10, 35 },
		{ 0xa8, 12, 35 }, { 0x88, 16, 35 }, { 0x25, 10, 35 },
		{ 0x1a, 6, 3 }, { 0x5a, 10, 3 }, { 0x15, 6, 3 },
		{ 0x55, 10, 3 }, { 0x1b, 6, 3 }, { 0x1e, 6, 2 },
		{ 0x0a, 6, 97 }, { 0x2a, 10, 97 }, { 0xaa, 12, 97 },
		{ 0x8a, 16, 97 }, { 0x2f, 10, 33 }, { 0xaf, 12, 33 },
		{ 0x8f, 16, 33 }, { 0x35, 10, 33 }, { 0x91, 16, 33 },
		{ 0x41, 10, 97 }, { 0x93, 16, 97 }, { 0x42, 10, 97 },
		{ 0x43, 10, 34 }, { 0x46, 10, 18 }, { 0x4a, 10, 18 },
		{ 0x51, 10, 34 }, { 0xbd, 12, 2 },
	};
	unsigned i;

	*len = 16;
	if (cdb[0] == 0x9e)
		return (cdb[1] & 31) == 16 ? 35 : 0;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (t[i].op == cdb[0]) {
			*len = t[i].len;
			return t[i].traits;
		}
	return 0;
}

/* What comes before the command itself; 0 when nothing does. */
static uint32_t
before(struct model_cmd *c, unsigned who)
{
	unsigned len, t = traits(c->cdb, &len);
	int known = (t & who) != 0;
	uint32_t ua;

	if (c->u != NULL && !(known && (t & 16)) &&
	    (ua = next_attention(c->u)) != 0)
		return ua;
	if (!known)
		return who == 8 ? SENSE(5, 0x25, 0) : BAD_OPCODE;
	if (len > c->cdblen || (c->cdb[len - 1] & 4) != 0)
		return BAD_FIELD;
	if (c->u == NULL)
		return 0;
	if (((t & 32) || c->cdb[0] == 0) && c->u->tray)
		return SENSE(2, 0x3a, 2);
	if (((t & 32) || c->cdb[0] == 0) && model_blocks_of(c->u) == 0)
		return SENSE(2, 0x3a, 0);
	if ((t & 64) && c->u->readonly)
		return SENSE(7, 0x27, 0);
	return 0;
}

void
model_command(struct model_cmd *c)
{
	unsigned who = c->wlun ? 4 : c->u == NULL ? 8 : c->u->cd ? 2 : 1;

	c->sense = before(c, who);
	if (c->sense != 0)
		return;
	switch (c->cdb[0]) {
	case 0x00:
		break;
	case 0x03:
		request_sense(c);
		break;
	case 0x12:
		if (c->cdb[1] & 1)
			inquiry_page(c);
		else
			inquiry_standard(c);
		break;
	case 0xa0:
		report_luns(c);
		break;
	case 0x15:
	case 0x1a:
	case 0x55:
	case 0x5a:
		model_modes(c);
		break;
	case 0x1b:
	case 0x1e:
	case 0x43:
	case 0x46:
	case 0x4a:
	case 0x51:
	case 0xbd:
		model_cd(c);
		break;
	default:
		model_blocks(c);
		break;
	}
}
