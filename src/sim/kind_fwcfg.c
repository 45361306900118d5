/*
 * Firmware's configuration, once more: the bytes of each item, written down
 * one by one, and guest memory before and after a request.
 */
#include <stdlib.h>
#include <string.h>

#include "chipsim.h"
#include "fwcfg.h"

enum op {
	OP_ADD, OP_REFUSED, OP_DATA, OP_FILE, OP_DIRECTORY, OP_DMA,
	OP_DMA_FILE, OP_SKIP, OP_FAILED, OP_PAST_END
};

static const char *const ops[] = {
	"add", "refused", "data", "file", "directory", "dma", "dma-file",
	"skip", "failed", "past-end", NULL
};

struct entry {
	char		name[56];
	uint64_t	len, off;
};

struct store {
	struct entry	file[FWCFG_MAXFILES];
	unsigned	n;
	unsigned	key;
	uint64_t	pos;
	uint64_t	high;
	uint64_t	ram;
	unsigned	ncpus;
	uint8_t		mem[ARENA_RANGES][ARENA_SIZE];	/* before a request */
};

static const struct entry *
file_of(const struct store *f)
{
	unsigned i = f->key - 0x20;

	return f->key >= 0x20 && i < f->n ? &f->file[i] : NULL;
}

static uint64_t
item_len(const struct store *f)
{
	if (file_of(f) != NULL)
		return file_of(f)->len;
	switch (f->key) {
	case 0x00:
	case 0x01:
		return 4;
	case 0x03:
		return 8;
	case 0x04:
	case 0x05:
	case 0x0f:
		return 2;
	case 0x19:
		return 4 + 64 * (uint64_t)f->n;
	default:
		return 0;
	}
}

static uint8_t
directory_byte(const struct store *f, uint64_t pos)
{
	const struct entry *e;
	unsigned i;

	if (pos < 4)
		return pos == 3 ? (uint8_t)f->n : 0;
	i = (unsigned)(pos - 4) / 64;
	e = &f->file[i];
	pos = (pos - 4) % 64;
	if (pos < 4)
		return (uint8_t)(e->len >> (24 - 8 * pos));
	if (pos < 6)
		return pos == 4 ? 0 : (uint8_t)(0x20 + i);
	return pos < 8 ? 0 : (uint8_t)e->name[pos - 8];
}

/* The byte of the selected item at a position; zeros behind its end. */
static uint8_t
item_byte(const struct chipsim *s, const struct store *f, uint64_t pos)
{
	const struct entry *e = file_of(f);

	if (pos >= item_len(f))
		return 0;
	if (e != NULL)
		return e->off + pos < CHIPSIM_MEDIUM ?
		    s->medium[e->off + pos] : 0;
	switch (f->key) {
	case 0x00:
		return (uint8_t)"QEMU"[pos];
	case 0x01:
		return pos == 0 ? 3 : 0;
	case 0x03:
		return (uint8_t)(f->ram >> (8 * pos));
	case 0x04:
		return pos == 0;
	case 0x19:
		return directory_byte(f, pos);
	default:
		return (uint8_t)(f->ncpus >> (8 * pos));
	}
}

static void
add(struct chipsim *s, struct store *f, const struct viodev_msg *m)
{
	struct devconf c = { m->payload, m->len };
	const uint8_t *name;
	struct entry *e;
	unsigned i;
	size_t len;

	if (fwcfg_files(s->dev) == f->n) {
		chipsim_met(s, OP_REFUSED);
		if (s->logs != 1)
			chipsim_fail(s, "log", "a refusal without a line");
		return;
	}
	chipsim_met(s, OP_ADD);
	s->effects = 1;
	name = devconf_bytes(&c, DEVCONF_FILE, &len);
	if (name == NULL || len == 0 || len > 55 || f->n == FWCFG_MAXFILES)
		chipsim_fail(s, "answer", "a file that nobody can have");
	e = &f->file[f->n];
	memset(e, 0, sizeof(*e));
	memcpy(e->name, name, len);
	e->len = devconf_int(&c, DEVCONF_LENGTH, 0);
	for (i = 0; i < f->n; i++) {
		if (strcmp(f->file[i].name, e->name) == 0)
			chipsim_fail(s, "answer", "two files of one name");
		e->off += f->file[i].len;
	}
	f->n++;
}

static void
keep_memory(struct chipsim *s, struct store *f)
{
	static const uint64_t gpa[] = { 0, ARENA_SIZE, ARENA_HIGH };
	unsigned i;

	for (i = 0; i < ARENA_RANGES; i++)
		(void)arena_peek(&s->arena, gpa[i], f->mem[i], ARENA_SIZE);
}

/* The place of an address in what was kept, or NULL. */
static uint8_t *
kept(struct store *f, uint64_t gpa)
{
	if (gpa < 2 * ARENA_SIZE)
		return &f->mem[gpa / ARENA_SIZE][gpa % ARENA_SIZE];
	if (gpa >= ARENA_HIGH && gpa - ARENA_HIGH < ARENA_SIZE)
		return &f->mem[2][gpa - ARENA_HIGH];
	return NULL;
}

static uint32_t
be32_at(struct store *f, uint64_t gpa, int *ok)
{
	uint32_t v = 0;
	unsigned i;

	for (i = 0; i < 4; i++)
		if (kept(f, gpa + i) == NULL)
			*ok = 0;
		else
			v = v << 8 | *kept(f, gpa + i);
	return v;
}

/*
 * What the request leaves in memory: applied to what was kept, byte by byte.
 * A request that fails half way may have stored a part; that is left open.
 */
static int
apply_read(struct chipsim *s, struct store *f, uint64_t gpa, uint64_t len)
{
	const struct entry *e = file_of(f);
	uint64_t i, left = item_len(f) > f->pos ? item_len(f) - f->pos : 0;

	if (len > left)
		chipsim_met(s, OP_PAST_END);
	if (len > left + FWCFG_SLACK)
		return -1;
	if (e != NULL && left > 0 && len > 0 && e->off + f->pos +
	    (len < left ? len : left) > CHIPSIM_MEDIUM)
		return -1;
	for (i = 0; i < len; i++)
		if (kept(f, gpa + i) == NULL)
			return -1;
	for (i = 0; i < len; i++)
		*kept(f, gpa + i) = item_byte(s, f, f->pos + i);
	f->pos += len < left ? len : left;
	chipsim_met(s, e != NULL ? OP_DMA_FILE : OP_DMA);
	return 0;
}

static void
compare_memory(struct chipsim *s, struct store *f, int loose, uint64_t at)
{
	static const uint64_t gpa[] = { 0, ARENA_SIZE, ARENA_HIGH };
	uint8_t b[ARENA_SIZE], c[4];
	unsigned i;

	if (loose) {
		/* Only the answer is to be there. */
		if (arena_peek(&s->arena, at, c, 4) == 0 &&
		    memcmp(c, "\0\0\0\1", 4) != 0)
			chipsim_fail(s, "answer", "a failed request does not "
			    "say so");
		return;
	}
	for (i = 0; i < ARENA_RANGES; i++)
		if (arena_peek(&s->arena, gpa[i], b, ARENA_SIZE) == 0 &&
		    memcmp(b, f->mem[i], ARENA_SIZE) != 0)
			chipsim_fail(s, "store", "memory has other bytes than "
			    "the item");
}

static void
request(struct chipsim *s, struct store *f, uint64_t at)
{
	int ok = 1, res = 0;
	uint32_t control = be32_at(f, at, &ok), len = be32_at(f, at + 4, &ok);
	uint64_t gpa = (uint64_t)be32_at(f, at + 8, &ok) << 32;
	unsigned i;

	gpa |= be32_at(f, at + 12, &ok);
	if (!ok) {
		compare_memory(s, f, 0, at);
		return;
	}
	if ((control & 8) != 0) {
		f->key = control >> 16;
		f->pos = 0;
	}
	if ((control & 2) != 0) {
		res = apply_read(s, f, gpa, len);
	} else if ((control & 16) != 0) {
		res = -1;
	} else if ((control & 4) != 0) {
		chipsim_met(s, OP_SKIP);
		f->pos += len;
		if (f->pos > item_len(f))
			f->pos = item_len(f);
	}
	if (res == -1)
		chipsim_met(s, OP_FAILED);
	for (i = 0; i < 4; i++)
		*kept(f, at + i) = i == 3 && res == -1;
	compare_memory(s, f, res == -1, at);
}

static void
on_write(struct chipsim *s, struct store *f, const struct viodev_msg *m)
{
	uint32_t v = (uint32_t)m->data;

	if (m->where == 0x510 && m->width == 2) {
		f->key = v & 0xffff;
		f->pos = 0;
	} else if (m->width != 4 || (m->where != 0x514 && m->where != 0x518))
		f->high = 0;
	else if (m->where == 0x514)
		f->high = __builtin_bswap32(v);
	else {
		request(s, f, f->high << 32 | __builtin_bswap32(v));
		f->high = 0;
	}
}

static void
on_read(struct chipsim *s, struct store *f, const struct viodev_msg *m)
{
	uint64_t want = UINT64_MAX >> (64 - 8 * m->width);

	if (m->space != VIODEV_PORT)
		;
	else if (m->where == 0x511 && m->width == 1) {
		want = item_byte(s, f, f->pos);
		chipsim_met(s, file_of(f) != NULL ? OP_FILE :
		    f->key == 0x19 ? OP_DIRECTORY : OP_DATA);
		f->pos += f->pos < item_len(f);
	} else if (m->where == 0x514 && m->width == 4)
		want = 0x554d4551;
	else if (m->where == 0x518 && m->width == 4)
		want = 0x47464320;
	if (m->data != want)
		chipsim_fail(s, "answer", "an item reads otherwise");
}

/* A request is only judged where nothing is made to fail. */
static void
before(struct chipsim *s, const struct viodev_msg *m)
{
	unsigned i;

	if (m->type != VIODEV_WRITE && m->type != VIODEV_READ)
		return;
	for (i = 0; i < CHIPSIM_FAULTS; i++)
		if (s->fault[i].call == TRACE_CALL_BLK)
			s->fault[i].on = 0;
	if (m->type == VIODEV_WRITE && m->where == 0x518)
		keep_memory(s, s->model);
}

static void
after(struct chipsim *s, const struct viodev_msg *m)
{
	struct store *f = s->model;

	if (m->type == VIODEV_CONFIG)
		add(s, f, m);
	else if (m->type == VIODEV_READ)
		on_read(s, f, m);
	else if (m->type == VIODEV_WRITE && m->space == VIODEV_PORT)
		on_write(s, f, m);
	else if (m->type == VIODEV_RESET) {
		f->key = 0;
		f->pos = f->high = 0;
	}
}

static void
start(struct chipsim *s)
{
	struct store *f = s->model;

	f->ram = devconf_int(&s->conf, DEVCONF_LOWMEM, 0) +
	    devconf_int(&s->conf, DEVCONF_HIGHMEM, 0);
	f->ncpus = (unsigned)devconf_int(&s->conf, DEVCONF_NCPUS, 1);
}

static void
conf(struct wbuf *w)
{
	devconf_put_int(w, DEVCONF_LOWMEM, 64 << 20);
	devconf_put_int(w, DEVCONF_HIGHMEM, 1ULL << 33);
	devconf_put_int(w, DEVCONF_NCPUS, 2);
}

const struct chipsim_kind chip_fwcfg = {
	.dev = &fwcfg_dev,
	.timers = 1,
	.lanes = 1,
	.model = sizeof(struct store),
	.conf = conf,
	.start = start,
	.before = before,
	.after = after,
	.ops = ops,
};
