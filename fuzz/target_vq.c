/*
 * Virtqueues alone, without registers or a device.
 *
 * The input sets a queue up, offers chains, and says how they are consumed.
 *
 * A MSG record is one look at the queue; its bytes choose, per chain, how
 * much is read and written in which pieces, and when to stop or to put a
 * chain back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "guest.h"
#include "oracle.h"
#include "target.h"
#include "trace.h"

static struct arena arena;
static struct oracle oracle;
static struct guest guest;
static struct vq vq;
static struct vq_work work;
static struct digest digest;
static int slow;

enum op {
	OP_DIRECT, OP_INDIRECT, OP_EVENT, OP_UNDO, OP_STOP, OP_READ, OP_WRITE,
	OP_ZERO, OP_TAIL, OP_MORE
};

static const char *const opnames[] = {
	"direct", "indirect", "event-idx", "undo", "stop", "read", "write",
	"zero", "tail", "more", NULL
};

static struct fuzz_stat st = { .opnames = opnames };

static void failed(void *, const char *, const char *)
    __attribute__((noreturn));

static void
failed(void *arg, const char *kind, const char *why)
{
	(void)arg;
	fprintf(stderr, "oracle %s: %s\n", kind, why);
	abort();
}

static void
init(void)
{
	arena_init(&arena);
	guest_init(&guest);
	oracle.fail = failed;
}

static void
met(enum op op)
{
	st.ops |= 1U << op;
}

/* Enables the queue as the record says; it stays on for the input. */
static void
setup(const struct trace_setup *s)
{
	struct guest_ring *r = &guest.ring[0];
	unsigned qlog = s->qlog % 11;

	if (vq.enabled)
		return;
	r->size = (uint16_t)(1U << (qlog > 7 && s->layout % 8 < 6 ? 5 : qlog));
	guest_place(&guest, 0, s->layout, s->flags);
	vq.size = r->size;
	vq.desc = r->desc;
	vq.avail = r->avail;
	vq.used = r->used;
	vq.indirect = (s->features & VIRTIO_F_INDIRECT_DESC) != 0;
	vq.event_idx = (s->features & VIRTIO_F_EVENT_IDX) != 0;
	/* Any position is one that a long-lived queue comes by. */
	vq.last_avail = vq.used_idx = r->idx = (uint16_t)(s->features >> 48);
	if (vq_areas_ok(&vq, &arena.gm) == 0)
		vq.enabled = 1;
	met(vq.event_idx ? OP_EVENT : OP_DIRECT);
}

/* One byte of the program: what to do with the chain next. */
static void
consume(struct vq_chain *c, uint8_t op)
{
	uint8_t buf[256];
	struct iovec tail;
	size_t n = 1U << (op >> 5 & 7);

	switch (op & 7) {
	case 0:
	case 1:
		n = chain_read(c, buf, n);
		digest_add(&digest, buf, n);
		met(OP_READ);
		break;
	case 2:
	case 3:
		memset(buf, op, n);
		chain_write(c, buf, n);
		met(OP_WRITE);
		break;
	case 4:
		chain_zero(c, n * 8);
		met(OP_ZERO);
		break;
	case 5:
		gm_lend(c->gm, c->r, c->nr);
		c->nr = 0;
		c->rlen = 0;
		break;
	case 6:
		if (c->wlen != 1 || chain_split_tail(c, &tail) == -1)
			break;
		chain_put_tail(c, &tail, op);
		met(OP_TAIL);
		break;
	default:
		chain_filled(c, n);
		break;
	}
}

/* 0 to go on, 1 to end the look. */
static int
serve(struct vq_chain *c, const uint8_t *p, size_t len, size_t *pos)
{
	unsigned i, n;
	uint8_t op;

	op = *pos < len ? p[(*pos)++] : 0;
	if (op >= 0xf8) {
		vq_undo(&work);
		met(OP_UNDO);
		if ((op & 1) != 0) {
			vq_stop(&work);
			met(OP_STOP);
		}
		return 1;
	}
	n = op & 7;
	for (i = 0; i < n; i++)
		consume(c, *pos < len ? p[(*pos)++] : (uint8_t)(i * 37));
	vq_done(&work, c);
	return 0;
}

static void
look(const uint8_t *p, size_t len)
{
	enum vq_result r = VQ_BROKEN;
	struct vq_chain c;
	size_t pos = 0;
	int irq = 0, stopped = 0;

	oracle_begin(&oracle, &vq, 1);
	if (vq_begin(&vq, &arena.gm, &work) == 0) {
		while (!stopped && (r = vq_next(&work, &c)) == VQ_CHAIN)
			stopped = serve(&c, p, len, &pos);
		irq = vq_end(&work);
		if (work.more)
			met(OP_MORE);
		digest_u64(&digest, (uint64_t)irq << 32 | work.malformed);
	}
	oracle_end(&oracle, vq.broken, irq, irq);
	if (!stopped && vq.enabled && r != VQ_BROKEN && !work.more)
		oracle_drained(&oracle, 0);
	if (oracle.touched) {
		oracle.touched = 0;
		arena_move(&arena);
	}
}

static void
chain(const struct trace_chain *c)
{
	guest_chain(&guest, c);
	if (vq.indirect && (c->flags & TRACE_CHAIN_INDIRECT) != 0)
		met(OP_INDIRECT);
	if ((c->flags & TRACE_CHAIN_KICK) != 0)
		look(c->data, c->ndata);
}

static void
poke(uint64_t gpa, const uint8_t *p, size_t len)
{
	if (len <= ARENA_SIZE && arena_poke(&arena, gpa, p, len) == -1)
		(void)arena_poke(&arena, gpa % (ARENA_SIZE - len + 1), p, len);
}

static void
execute(const struct trace_rec *rec)
{
	switch (rec->type) {
	case TRACE_SETUP:
		setup(&rec->u.setup);
		break;
	case TRACE_CHAIN:
		chain(&rec->u.chain);
		break;
	case TRACE_MSG:
		look(rec->body, rec->len);
		break;
	case TRACE_POKE:
		poke(rec->u.poke.gpa, rec->u.poke.p, rec->u.poke.len);
		break;
	case TRACE_RACE:
		oracle.race = rec->u.race.mode % 9;
		oracle.raceseed = rec->u.race.seed;
		break;
	default:
		break;
	}
}

/* With the oracle watching, or (used: what that took) as in production. */
static uint64_t
run_once(const uint8_t *data, size_t len, const uint64_t *used)
{
	struct trace_reader r;
	struct trace_rec rec;

	arena_reset(&arena);
	if (used == NULL) {
		arena.gm.tap = &oracle_tap;
		arena.gm.taparg = &oracle;
	} else
		arena_touch_these(&arena, used);
	oracle_reset(&oracle, &arena);
	oracle.off = used != NULL;
	guest_reset(&guest, &arena);
	digest_init(&digest);
	/* Something of the queue runs for any input: engines ask for it. */
	vq_reset(&vq, 1024);
	trace_open_fold(&r, data, len);
	while (trace_next(&r, &rec) == TRACE_OK && rec.number <= 1000) {
		guest.salt = rec.number;
		execute(&rec);
	}
	return digest_value(&digest);
}

static uint64_t
run(const uint8_t *data, size_t len)
{
	uint64_t own = run_once(data, len, NULL), memory, all;
	uint64_t used[ARENA_RANGES];

	if (slow && !arena_clean(&arena))
		failed(NULL, "write", "memory was written behind the model");
	st.inputs++;
	st.accepted += oracle.stat.done > 0;
	st.requests += oracle.stat.done;
	st.resets += vq.broken;
	all = own ^ oracle.digest;
	if ((slow || all % 16 == 3) && oracle.racectr == 0) {
		memcpy(used, arena.touched, sizeof(used));
		memory = arena_digest(&arena, used);
		if (run_once(data, len, used) != own || !arena_clean(&arena) ||
		    arena_digest(&arena, used) != memory)
			failed(NULL, "bare", "without a tap the queue does "
			    "something else");
	}
	return all;
}

static void
stat(struct fuzz_stat *out)
{
	*out = st;
}

static void
deep(int on)
{
	slow = on;
}

const struct fuzz_target fuzz_target = {
	.name = "vq",
	.shape = SHAPE_RECORDS,
	.queues = 1,
	.flavour = FLAVOUR_ECHO,
	.maxlen = 4096,
	.init = init,
	.run = run,
	.stat = stat,
	.deep = deep,
};
