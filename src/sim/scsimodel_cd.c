/* Mode pages, and commands of a CD drive: SPC-4, 6.9 to 6.11; MMC-6, 6. */
#include "scsimodel.h"

#include <string.h>

static const uint8_t errors[12] = { 1, 10, 0, 5 };
static const uint8_t cache[20] = { 8, 18, 4 };
static const uint8_t control[12] = {
	10, 10, 0, 16, 0, 0, 0, 0, 255, 255
};
static const uint8_t drive[32] = {
	42, 30, 11, 0, 0, 0, 41, 0, 16, 128, 0, 2, 2, 0, 16, 128
};

struct page {
	const uint8_t	*p;
	unsigned	 len;
};

/* The pages of a unit in order: their number. */
static unsigned
pages_of(const struct model_unit *u, struct page *t)
{
	t[0] = (struct page){ errors, 12 };
	if (u->cd) {
		t[1] = (struct page){ control, 12 };
		t[2] = (struct page){ drive, 32 };
	} else {
		t[1] = (struct page){ cache, 20 };
		t[2] = (struct page){ control, 12 };
	}
	return 3;
}

/* A page; how: 0 as it is, 1 what can be changed, 2 as after a reset. */
static void
page_as(const struct model_unit *u, const struct page *t, unsigned how,
    uint8_t *p)
{
	unsigned code = t->p[0];

	memcpy(p, t->p, t->len);
	if (how == 1) {
		memset(p + 2, 0, t->len - 2);
		p[2] = code == 8 || code == 10 ? 4 : 0;
	} else if (how == 0 && code == 8)
		p[2] = u->cache ? 4 : 0;
	else if (how == 0 && code == 10)
		p[2] = u->descriptors ? 4 : 0;
	else if (how == 0 && code == 42 && u->locked)
		p[6] |= 2;
}

/* The data cut to a length that the CDB names, and to the room there is. */
static void
give(struct model_cmd *c, size_t len, uint64_t most)
{
	c->len = len < most ? len : most;
	if (c->len > c->inlen) {
		c->overrun = 1;
		c->len = c->inlen;
	}
}

static size_t
sense_pages(struct model_cmd *c, size_t at)
{
	unsigned want = c->cdb[2] & 63, how = c->cdb[2] >> 6, i, n, found = 0;
	struct page t[3];

	n = pages_of(c->u, t);
	for (i = 0; i < n; i++)
		if (want == 63 || want == t[i].p[0]) {
			page_as(c->u, &t[i], how, c->data + at);
			at += t[i].len;
			found = 1;
		}
	if (!found || (c->cdb[3] != 0 && (want != 63 || c->cdb[3] != 255)))
		c->sense = BAD_FIELD;
	else if (how == 3)
		c->sense = SENSE(5, 0x39, 0);
	return at;
}

static void
mode_sense(struct model_cmd *c)
{
	int six = c->cdb[0] == 0x1a;
	size_t at = six ? 4 : 8, all;
	uint64_t n = model_blocks_of(c->u);

	memset(c->data, 0, sizeof(c->data));
	if (!c->u->cd) {
		c->data[six ? 2 : 3] = c->u->readonly ? 0x90 : 0x10;
		if (!(c->cdb[1] & 8)) {
			c->data[six ? 3 : 7] = 8;
			be_put(c->data + at, 4, n > 0xffffffff ? 0xffffffff :
			    n);
			be_put(c->data + at + 4, 4, c->u->block);
			at += 8;
		}
	}
	all = sense_pages(c, at);
	if (six)
		c->data[0] = (uint8_t)(all - 1);
	else
		be_put(c->data, 2, all - 2);
	if (c->sense == 0)
		give(c, all, six ? c->cdb[4] : be_get(c->cdb + 7, 2));
}

/* Pages of a list: all looked at, then taken. */
static void
select_pages(struct model_cmd *c, const uint8_t *p, uint64_t len)
{
	uint8_t now[32], may[32];
	struct page t[3];
	unsigned i, k, n = pages_of(c->u, t);
	uint64_t at;

	for (at = 0; at < len; at += t[i].len) {
		for (i = 0; i < n && t[i].p[0] != (p[at] & 127); i++)
			;
		if (i == n)
			c->sense = BAD_LIST;
		else if (len - at < t[i].len)
			c->sense = BAD_LENGTH;
		if (c->sense != 0)
			return;
		page_as(c->u, &t[i], 0, now);
		page_as(c->u, &t[i], 1, may);
		for (k = 1; k < t[i].len; k++)
			if ((p[at + k] ^ now[k]) & (k > 1 ? ~may[k] : 255)) {
				c->sense = BAD_LIST;
				return;
			}
	}
	for (at = 0; at < len && c->sense == 0; at += p[at + 1] + 2U) {
		int on = (p[at + 2] & 4) != 0;

		if ((p[at] & 63) == 10)
			c->u->descriptors = on;
		else if ((p[at] & 63) == 8) {
			if (c->u->cache && !on) {
				i = model_ask(c, BLK_FLUSH, 0, 0, 0);
				c->sense = i == BLK_OK ? 0 : i == BLK_IOERR ?
				    SENSE(3, 0x0c, 0) : i == BLK_NOSPACE ?
				    SENSE(7, 0x27, 7) : BAD_OPCODE;
			}
			c->u->cache = c->sense == 0 ? on : 1;
		}
	}
}

static void
mode_select(struct model_cmd *c)
{
	int six = c->cdb[0] == 0x15;
	uint64_t len = six ? c->cdb[4] : be_get(c->cdb + 7, 2);
	uint64_t head = six ? 4 : 8, desc, n;
	const uint8_t *p = c->out;

	if ((c->cdb[1] & 0x11) != 0x10)
		c->sense = BAD_FIELD;
	else if (len > 0 && (len < head || len > 256))
		c->sense = BAD_LENGTH;
	else if (len > c->outlen)
		c->overrun = 1;
	if (c->sense != 0 || c->overrun || len == 0)
		return;
	c->moved = len;
	desc = six ? p[3] : be_get(p + 6, 2);
	if (desc != 0 && (desc != 8 || c->u->cd)) {
		c->sense = BAD_LIST;
		return;
	}
	if (head + desc > len) {
		c->sense = BAD_LENGTH;
		return;
	}
	p += head;
	n = desc > 0 ? be_get(p, 4) : 0;
	if (desc > 0 && (be_get(p + 5, 3) != c->u->block || (n != 0 &&
	    n != 0xffffffff && n != model_blocks_of(c->u))))
		c->sense = BAD_LIST;
	else
		select_pages(c, p + desc, len - head - desc);
}

void
model_modes(struct model_cmd *c)
{
	if (c->cdb[0] == 0x1a || c->cdb[0] == 0x5a)
		mode_sense(c);
	else
		mode_select(c);
}

static void
address(uint8_t *p, uint64_t lba, int msf)
{
	uint64_t frames = lba + 150;

	if (!msf) {
		be_put(p, 4, lba);
		return;
	}
	if (frames > 449999)
		frames = 449999;
	p[1] = (uint8_t)(frames / 4500);
	p[2] = (uint8_t)(frames % 4500 / 75);
	p[3] = (uint8_t)(frames % 75);
}

static void
toc(struct model_cmd *c)
{
	unsigned format = c->cdb[2] & 15, track = c->cdb[6];
	int msf = (c->cdb[1] & 2) != 0;
	size_t at = 4;

	if (format == 0)
		format = c->cdb[9] >> 6;
	if (format > 1 || (format == 0 && track > 1 && track != 0xaa)) {
		c->sense = BAD_FIELD;
		return;
	}
	memset(c->data, 0, 32);
	c->data[2] = c->data[3] = 1;
	if (format == 1 || track < 2) {
		memcpy(c->data + at, "\0\x14\1", 3);
		address(c->data + at + 4, 0, msf);
		at += 8;
	}
	if (format == 0) {
		memcpy(c->data + at, "\0\x14\xaa", 3);
		address(c->data + at + 4, model_blocks_of(c->u), msf);
		at += 8;
	}
	be_put(c->data, 2, at - 2);
	give(c, at, be_get(c->cdb + 7, 2));
}

/* 8: CD-ROM, 16: DVD-ROM, 0: nothing in the drive. */
static unsigned
profile(const struct model_unit *u)
{
	if (u->tray || model_blocks_of(u) == 0)
		return 0;
	return model_blocks_of(u) > 449850 ? 16 : 8;
}

static void
configuration(struct model_cmd *c)
{
	static const uint8_t all[7][12] = {
		{ 0, 0, 3, 8, 0, 16, 0, 0, 0, 8, 0, 0 },
		{ 0, 1, 11, 8, 0, 0, 0, 1, 1, 0, 0, 0 },
		{ 0, 2, 7, 4, 2 },
		{ 0, 3, 7, 4, 41 },
		{ 0, 16, 0, 8, 0, 0, 8, 0, 0, 16, 0, 0 },
		{ 0, 30, 8, 4 },
		{ 0, 31, 8, 4 },
	};
	unsigned i, now = profile(c->u), mode = c->cdb[1] & 3;
	uint64_t from = be_get(c->cdb + 2, 2);
	size_t at = 8;
	int live;

	if (mode == 3) {
		c->sense = BAD_FIELD;
		return;
	}
	memset(c->data, 0, 128);
	for (i = 0; i < 7; i++) {
		live = i < 4 || (i == 4 && now != 0) ||
		    (i == 5 && now == 8) || (i == 6 && now == 16);
		if (all[i][1] < from || (mode == 1 && !live) ||
		    (mode == 2 && all[i][1] != from))
			continue;
		memcpy(c->data + at, all[i], 4U + all[i][3]);
		c->data[at + 2] |= live ? 1 : 0;
		if (i == 0) {
			c->data[at + 6] = now == 16;
			c->data[at + 10] = now == 8;
		}
		at += 4U + all[i][3];
	}
	be_put(c->data, 4, at - 4);
	be_put(c->data + 6, 2, now);
	give(c, at, be_get(c->cdb + 7, 2));
}

static void
events(struct model_cmd *c)
{
	struct model_unit *u = c->u;
	uint8_t none[8] = { 0, 2, 0x80, 0x10 };
	uint8_t media[8] = { 0, 6, 4, 0x10 };
	int wanted = (c->cdb[4] & 0x10) != 0;

	if (!(c->cdb[1] & 1)) {
		c->sense = BAD_FIELD;
		return;
	}
	media[4] = (uint8_t)u->event;
	media[5] = u->tray ? 1 : model_blocks_of(u) > 0 ? 2 : 0;
	memcpy(c->data, wanted ? media : none, 8);
	give(c, wanted ? 8 : 4, be_get(c->cdb + 7, 2));
	if (wanted && c->len == 8)
		u->event = 0;
}

static void
disc_info(struct model_cmd *c)
{
	static const uint8_t info[34] = {
		0, 32, 14, 1, 1, 1, 1, 32, 0, 0, 0, 0, 0, 0, 0, 0,
		255, 255, 255, 255, 255, 255, 255, 255
	};

	if (c->cdb[1] & 7) {
		c->sense = BAD_FIELD;
		return;
	}
	memcpy(c->data, info, sizeof(info));
	give(c, sizeof(info), be_get(c->cdb + 7, 2));
}

static void
start_stop(struct model_cmd *c)
{
	struct model_unit *u = c->u;
	int start = c->cdb[4] & 1, eject = (c->cdb[4] & 2) != 0;
	int full = model_blocks_of(u) > 0;
	unsigned r;

	if (c->cdb[4] >> 4 != 0)
		return;
	if (!u->cd) {
		if (eject)
			c->sense = BAD_FIELD;
		else if (!start && full) {
			r = model_ask(c, BLK_FLUSH, 0, 0, 0);
			c->sense = r == BLK_OK ? 0 : r == BLK_IOERR ?
			    SENSE(3, 0x0c, 0) : r == BLK_NOSPACE ?
			    SENSE(7, 0x27, 7) : BAD_OPCODE;
		}
	} else if (eject && start) {
		if (u->tray && full) {
			u->event = 2;
			model_attention(u, UA_MEDIUM);
		}
		u->tray = 0;
	} else if (eject && u->locked) {
		c->sense = SENSE(5, 0x53, 2);
	} else if (eject && !u->tray) {
		u->tray = 1;
		c->gone = full;
		if (full)
			u->event = 3;
	}
}

void
model_cd(struct model_cmd *c)
{
	switch (c->cdb[0]) {
	case 0x1b:
		start_stop(c);
		break;
	case 0x1e:
		if (c->cdb[4] & 2)
			c->sense = BAD_FIELD;
		else
			c->u->locked = c->cdb[4] & 1;
		break;
	case 0x43:
		toc(c);
		break;
	case 0x46:
		configuration(c);
		break;
	case 0x4a:
		events(c);
		break;
	case 0x51:
		disc_info(c);
		break;
	default:
		memset(c->data, 0, 8);
		c->data[1] = c->u->tray ? 16 : 0;
		give(c, 8, be_get(c->cdb + 8, 2));
		break;
	}
}
