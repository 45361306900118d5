#include "live.h"

#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "liveproc.h"

#define GRANULE	512			/* of a discard in a raw image */
#define SCRIBBLES 24			/* of a run without barriers */
#define WARM	256			/* inputs until memory may not grow */
#define AGAIN	24			/* runs of one input in deep mode, */
#define REPEATS	64			/* of so many inputs */

static struct {
	struct live_proc	 proc;
	struct sim		*sim;
	struct sim_kind		 kind;		/* the same with our hooks */
	const struct sim_kind	*plain;
	uint8_t			 conf[256];
	int			 exact;		/* the run under way */
	int			 busy;		/* it may look at memory */
	int			 live;		/* before the message */
	int			 stale;		/* attach values changed */
	int			 all;		/* memory is dirty anywhere */
	uint64_t		 dirty[ARENA_RANGES];
	uint64_t		 disk[2];	/* dirty sectors */
	unsigned		 sent[2];	/* frames: sim's, device's */
	struct digest		 tx[2];
	unsigned		 inputs;	/* of this process */
	uint8_t			 fresh[SIM_STATE];	/* as attached */
	size_t			 nfresh;
	int			 deep;
	unsigned		 repeats;
	uint64_t		 broken;	/* ended in NEEDS_RESET */
} l;

/* ------------------------------------------ what the simulator is about */

static void
before(struct sim *s, struct viodev_msg *m)
{
	l.live = virtio_live(sim_virtio(s));
	if (m->type != VIODEV_INPUT)
		live_msg(&l.proc, m);
	if (l.plain->before != NULL)
		l.plain->before(s, m);
}

static void
after(struct sim *s, const struct viodev_msg *m)
{
	struct live_want w = { l.exact, m->data, s->line };

	if (m->type == VIODEV_READ)
		live_expect(&l.proc, &w);
	if (l.live || virtio_live(sim_virtio(s)))
		l.busy = 1;
	if (l.plain->after != NULL)
		l.plain->after(s, m);
}

static int
tx(struct sim *s, uint32_t q, const struct iovec *iov, int n, size_t len)
{
	int i;

	if (l.plain->tx(s, q, iov, n, len) == -1)
		return -1;
	l.sent[0]++;
	for (i = 0; i < n; i++)
		digest_add(&l.tx[0], iov[i].iov_base, iov[i].iov_len);
	return 0;
}

static void
left(void *arg, const uint8_t *p, size_t len)
{
	(void)arg;
	l.sent[1]++;
	digest_add(&l.tx[1], p, len);
}

/*
 * Nothing is under way: queues may be served by threads of the device, which
 * a pause waits for.  Whether a pause was begun; until let_go memory may
 * change.
 */
static int
hold(struct sim *s)
{
	struct viodev_msg m = { .type = VIODEV_PAUSE };
	struct virtio_dev *v = sim_virtio(s);
	int begin = l.exact && virtio_live(v) && !v->paused;

	if (begin)
		sim_deliver(s, &m);
	if (l.exact && l.busy)
		live_sync(&l.proc);
	l.busy = 0;
	return begin;
}

static void
let_go(struct sim *s, int begun)
{
	struct viodev_msg m = { .type = VIODEV_UNPAUSE };

	if (begun)
		sim_deliver(s, &m);
}

/* The guest stores: into both memories. */
static void
poked(void *arg, uint64_t gpa, const void *p, size_t len)
{
	const uint8_t *src = p;
	uint8_t *to;
	size_t i;

	(void)arg;
	if (!l.exact)
		live_flush(&l.proc);
	else if (l.busy)
		live_sync(&l.proc);
	l.busy = 0;
	to = live_at(&l.proc, gpa, len);
	if (to != NULL) {
		memcpy(to, p, len);
		return;
	}
	for (i = 0; i < len; i++)
		if ((to = live_at(&l.proc, gpa + i, 1)) != NULL)
			*to = src[i];
}

/* As a raw image in memory does it: whole pieces read as zeros. */
static int
medium_io(struct sim *s, const struct blk_io *io, int fault, unsigned cut)
{
	const struct sim_unit *u = &s->unit[io->unit];
	uint64_t start = (io->off + GRANULE - 1) / GRANULE * GRANULE;
	uint64_t end = io->off + io->len;

	if (end != u->sectors * 512)
		end -= end % GRANULE;
	if (io->op == BLK_DISCARD && start < end) {
		sim_dirty(s, u->base + start, end - start);
		memset(s->disk + u->base + start, 0, end - start);
	}
	return sim_memory.io(s, io, fault, cut);
}

static const struct sim_medium medium = { .io = medium_io };

/* --------------------------------------------------------------- records */

static void
chain(struct sim *s, const struct trace_chain *c)
{
	int begun = hold(s);
	unsigned q;

	s->guest.salt = s->record;
	q = guest_chain(&s->guest, c);
	let_go(s, begun);
	if ((c->flags & TRACE_CHAIN_KICK) != 0)
		sim_write(s, VIODEV_NOTIFY, 0, 2, q);
}

static void
poke(struct sim *s, uint64_t gpa, const uint8_t *p, size_t len)
{
	int begun = hold(s);

	if (len > ARENA_SIZE)
		len = ARENA_SIZE;
	if (arena_poke(&s->arena, gpa, p, len) == -1)
		(void)arena_poke(&s->arena, gpa % (ARENA_SIZE - len + 1), p,
		    len);
	let_go(s, begun);
}

/* A frame comes when the device wants one; before that it would wait. */
static void
input(struct sim *s, struct viodev_msg *m)
{
	if (l.proc.tap == -1 || (s->rx_on & 1) == 0 || m->len == 0 ||
	    sim_virtio(s)->paused)
		return;
	let_go(s, hold(s));
	if ((s->rx_on & 1) == 0)
		return;
	m->where = 0;
	live_flush(&l.proc);
	live_frame(&l.proc, m->payload, m->len);
	l.busy = 1;
	/* A pause may come first: no frame is lost in it, nor comes twice. */
	if (m->payload[m->len - 1] % 2 != 0)
		let_go(s, hold(s));
	s->input = m->payload;
	s->inputlen = m->len;
	sim_deliver(s, m);
	live_flush(&l.proc);
	if (l.exact)
		live_taken(&l.proc);
	l.busy = 1;
	let_go(s, hold(s));
}

/* What the channel carries, in the form in which it carries it. */
static void
msg(struct sim *s, struct viodev_msg m)
{
	if (m.type == VIODEV_INPUT) {
		input(s, &m);
		return;
	}
	if (m.type == VIODEV_SHUTDOWN)
		m.type = VIODEV_RESET;
	switch (m.type) {
	case VIODEV_CONFIG:
		/* Units have less room here than in the simulator. */
		if (l.exact && l.plain->units)
			return;
		l.stale = 1;
		break;
	case VIODEV_READ:
	case VIODEV_WRITE:
	case VIODEV_KICK:
	case VIODEV_PAUSE:
	case VIODEV_UNPAUSE:
	case VIODEV_RESET:
		m.payload = NULL;
		m.len = 0;
		break;
	default:
		return;
	}
	sim_deliver(s, &m);
}

static void
execute(struct sim *s, const struct trace_rec *rec)
{
	switch (rec->type) {
	case TRACE_MSG:
		msg(s, rec->u.msg);
		break;
	case TRACE_POKE:
		poke(s, rec->u.poke.gpa, rec->u.poke.p, rec->u.poke.len);
		break;
	case TRACE_SETUP:
		sim_setup(s, &rec->u.setup);
		break;
	case TRACE_CHAIN:
		chain(s, &rec->u.chain);
		break;
	default:
		break;
	}
	sim_settle(s);
}

static void
records(struct sim *s, const uint8_t *data, size_t len)
{
	struct trace_reader r;
	struct trace_rec rec;

	trace_open_fold(&r, data, len);
	while (trace_next(&r, &rec) == TRACE_OK && rec.number <= SIM_RECORDS) {
		s->record = rec.number;
		execute(s, &rec);
	}
}

/* ------------------------------------------------------------ comparing */

/* The address of a piece of the device's memory. */
static uint8_t *
piece(unsigned range, unsigned i)
{
	uint64_t base = range == 2 ? ARENA_HIGH : range * ARENA_SIZE;

	return live_at(&l.proc, base + i * ARENA_PIECE, ARENA_PIECE);
}

static void
differs(const uint8_t *got, const uint8_t *want, unsigned range, unsigned at)
{
	unsigned i = 0;

	while (got[i] == want[i])
		i++;
	live_fail(&l.proc, "answer", "byte %#x of memory range %u is %#x, "
	    "in-process %#x", at + i, range, got[i], want[i]);
}

static void
compare_memory(struct sim *s)
{
	const uint8_t *want, *got;
	unsigned i, k;

	for (i = 0; i < ARENA_RANGES; i++)
		for (k = 0; k < 64; k++) {
			if (!l.deep && (s->arena.touched[i] >> k & 1) == 0)
				continue;
			got = piece(i, k);
			want = s->arena.mem[s->arena.side] +
			    i * ARENA_SIZE + k * ARENA_PIECE;
			if (memcmp(got, want, ARENA_PIECE) != 0)
				differs(got, want, i, k * ARENA_PIECE);
		}
}

static void
compare_disks(struct sim *s)
{
	const struct live_disk *d = l.proc.disk;
	unsigned i;

	for (i = 0; i < l.proc.ndisks; i++)
		if ((l.deep || (s->dirty[0] | s->dirty[1]) != 0) &&
		    memcmp(d[i].p, s->disk + s->unit[i].base, d[i].len) != 0)
			live_fail(&l.proc, "answer", "the image of unit %u",
			    i);
}

static void
compare(struct sim *s)
{
	compare_memory(s);
	compare_disks(s);
	if (l.sent[0] != l.sent[1] ||
	    digest_value(&l.tx[0]) != digest_value(&l.tx[1]))
		live_fail(&l.proc, "answer", "%u frames left, in-process %u",
		    l.sent[1], l.sent[0]);
}

/*
 * Nobody waits: while the device works on what it was sent, memory changes,
 * mostly where rings and tables lie.
 */
static void
scribble(struct sim *s, uint64_t seed)
{
	const struct guest_ring *g;
	struct prng r;
	uint64_t at;
	uint8_t *p;
	unsigned i;

	prng_seed(&r, seed);
	live_ask(&l.proc);
	live_flush(&l.proc);
	for (i = 0; i < SCRIBBLES; i++) {
		g = &s->guest.ring[prng_below(&r, 4)];
		at = prng_below(&r, 4) == 0 ? prng_below(&r, 2 * ARENA_SIZE) :
		    (prng_below(&r, 2) != 0 ? g->desc : g->avail) +
		    prng_below(&r, 64);
		if ((p = live_at(&l.proc, at, 1)) != NULL)
			*p = (uint8_t)prng_next(&r);
	}
	live_collect(&l.proc);
}

/* ------------------------------------------------------------- resetting */

static void
clean_memory(void)
{
	uint64_t bits;
	unsigned i;

	for (i = 0; i < ARENA_RANGES; i++) {
		if (l.all)
			l.dirty[i] = UINT64_MAX;
		for (bits = l.dirty[i]; bits != 0; bits &= bits - 1)
			memset(piece(i, (unsigned)__builtin_ctzll(bits)), 0,
			    ARENA_PIECE);
		l.dirty[i] = 0;
	}
}

static void
clean_disks(struct sim *s)
{
	struct live_disk *d = l.proc.disk;
	unsigned i;

	if (!l.all && (s->dirty[0] | s->dirty[1]) == 0)
		return;
	for (i = 0; i < l.proc.ndisks; i++)
		memcpy(d[i].p, s->fresh + s->unit[i].base, d[i].len);
}

static size_t
save(struct sim *s, uint8_t *buf)
{
	struct wbuf w;

	wb_init(&w, buf, SIM_STATE);
	dev_save(s->dev, &w);
	return w.len;
}

/*
 * Some state outlives a reset: a tray stays open.  A card counts for good,
 * and nothing else of it does.
 */
static int
outlives(struct sim *s)
{
	static uint8_t now[SIM_STATE];

	if (l.proc.tap != -1)
		return 0;
	return save(s, now) != l.nfresh || memcmp(now, l.fresh, l.nfresh) != 0;
}

/* As after its start: registers, memory, images, tap. */
static void
reset(struct sim *s)
{
	struct viodev_msg m = {
		.type = VIODEV_CONFIG, .payload = l.conf, .len = l.proc.conf.len
	};

	if (l.stale)
		sim_deliver(s, &m);
	m = (struct viodev_msg){ .type = VIODEV_RESET };
	sim_deliver(s, &m);
	m.type = VIODEV_UNPAUSE;
	sim_deliver(s, &m);
	l.exact = 1;
	(void)sim_read(s, VIODEV_COMMON, VIRTIO_DEVICE_STATUS, 1);
	live_sync(&l.proc);
	live_check(&l.proc);
	if (outlives(s)) {
		live_stop(&l.proc);
		live_start(&l.proc);
		l.inputs = 0;
	}
	live_empty(&l.proc);
	memcpy(l.dirty, s->arena.touched, sizeof(l.dirty));
	clean_memory();
	clean_disks(s);
	l.all = l.stale = l.busy = 0;
}

static void
start_run(struct sim *s)
{
	unsigned i;

	for (i = 0; i < 2; i++) {
		l.sent[i] = 0;
		digest_init(&l.tx[i]);
	}
	sim_start(s, NULL);
	s->arena.poked = poked;
	l.nfresh = save(s, l.fresh);
	if (s->dead)
		live_fail(&l.proc, "start", "in-process it does not attach");
}

static uint64_t
run_once(const uint8_t *data, size_t len, uint64_t seed)
{
	struct sim *s = l.sim;
	int begun;

	start_run(s);
	records(s, data, len);
	if (l.exact) {
		(void)sim_read(s, VIODEV_COMMON, VIRTIO_DEVICE_STATUS, 1);
		l.busy = 1;
		begun = hold(s);
		compare(s);
		let_go(s, begun);
	} else {
		l.all = 1;
		scribble(s, seed);
	}
	if (devproc_dispatch(l.proc.dev) == -1)
		live_fail(&l.proc, "crash", "the device ended its channel");
	s->arena.poked = NULL;
	l.broken += (sim_virtio(s)->status & VIRTIO_S_NEEDS_RESET) != 0;
	reset(s);
	sim_stop(s);
	if (++l.inputs == WARM)
		l.proc.pages = live_pages(&l.proc);
	return s->digest;
}

/* The same again and again: what each run takes and keeps adds up. */
static void
repeat(const uint8_t *data, size_t len, uint64_t seed)
{
	size_t pages = 0;
	unsigned i, starts = l.proc.starts;
	struct sim_stat stat = l.sim->stat;
	uint64_t broken = l.broken;

	for (i = 0; i < AGAIN; i++) {
		if (i == AGAIN / 4)
			pages = live_pages(&l.proc);
		(void)run_once(data, len, seed);
	}
	if (starts == l.proc.starts &&
	    live_pages(&l.proc) > pages + AGAIN / 4)
		live_fail(&l.proc, "memory", "%zu pages, %zu after a quarter "
		    "of %d runs", live_pages(&l.proc), pages, AGAIN);
	l.sim->stat = stat;
	l.broken = broken;
}

uint64_t
live_run(const uint8_t *data, size_t len)
{
	uint64_t seed = digest_of(data, len), d;

	l.exact = seed % 8 != 0;
	if (l.proc.dev == NULL)
		live_start(&l.proc);
	d = run_once(data, len, seed);
	if (l.deep && l.repeats++ < REPEATS)
		repeat(data, len, seed);
	return d;
}

void
live_init(const struct sim_kind *k)
{
	struct sim *s;
	struct wbuf w;
	unsigned i;

	l.plain = k;
	l.kind = *k;
	l.kind.before = before;
	l.kind.after = after;
	if (k->tx != NULL)
		l.kind.tx = tx;
	l.sim = s = sim_new(&l.kind);
	s->deep = 1;	/* the process gets each message */
	s->medium = &medium;
	wb_init(&w, l.conf, sizeof(l.conf));
	k->conf(&w);
	if (k->tx != NULL)
		devconf_put_int(&w, DEVCONF_LINK, 1);
	l.proc.kind = k->dev->name;
	l.proc.conf = (struct devconf){ l.conf, w.len };
	l.proc.frame = left;
	live_memory(&l.proc, ARENA_SIZE, ARENA_HIGH);
	sim_start(s, NULL);
	for (i = 0; i < s->nunits && s->unit[i].sectors > 0; i++)
		live_disk(&l.proc, s->unit[i].sectors * 512,
		    s->unit[i].readonly);
	sim_stop(s);
	memset(&s->stat, 0, sizeof(s->stat));
	if (k->tx != NULL)
		live_tap(&l.proc);
	l.all = 1;
	clean_disks(s);
	l.all = 0;
}

void
live_stat(struct fuzz_stat *st)
{
	const struct sim *s = l.sim;

	st->inputs = s->stat.inputs;
	st->accepted = s->stat.accepted;
	st->requests = s->stat.done;
	st->resets = l.broken;
	st->ops = s->stat.ops;
	st->opnames = l.plain->ops;
}

void
live_deep(int on)
{
	l.deep = on;
}
