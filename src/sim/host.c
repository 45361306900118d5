/* The host table of the simulator: virtual time, a medium in memory, faults. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "poison.h"
#include "sim.h"

void
sim_fail(struct sim *s, const char *kind, const char *why)
{
	if (s->fail != NULL)
		s->fail(s->failarg, kind, why);
	fprintf(stderr, "oracle %s: %s (record %u)\n", kind, why, s->record);
	abort();
}

int
sim_take_fault(struct sim *s, unsigned call, uint8_t *result, uint8_t *cut)
{
	struct sim_fault *f;
	unsigned i;

	if (s->nofault)
		return 0;
	for (i = 0; i < SIM_FAULTS; i++) {
		f = &s->fault[i];
		if (!f->on || f->call != call)
			continue;
		if (f->skip > 0) {
			f->skip--;
			continue;
		}
		f->on = 0;
		*result = f->result;
		*cut = f->cut;
		return 1;
	}
	return 0;
}

static void
note(struct sim *s, unsigned kind, uint64_t a, uint64_t b)
{
	sim_mix(s, kind ^ a << 8);
	sim_mix(s, b);
}

static void
host_irq(void *arg, int level)
{
	struct sim *s = arg;

	s->line = level;
	note(s, 1, (uint64_t)level, 0);
}

static uint64_t
host_clock(void *arg, enum host_clock which)
{
	struct sim *s = arg;
	uint8_t result, cut;

	if (sim_take_fault(s, TRACE_CALL_CLOCK, &result, &cut))
		s->wall += (uint64_t)result << 32;
	return which == CLOCK_MONO ? s->now : s->wall;
}

static void
host_timer(void *arg, uint32_t id, uint64_t delay)
{
	struct sim *s = arg;

	note(s, 2, id, delay);
	if (id >= SIM_TIMERS)
		sim_fail(s, "host", "timer number out of range");
	s->due[id] = delay > UINT64_MAX - 1 - s->now ? UINT64_MAX - 1 :
	    s->now + delay;
}

static void
host_untimer(void *arg, uint32_t id)
{
	struct sim *s = arg;

	note(s, 3, id, 0);
	if (id >= SIM_TIMERS)
		sim_fail(s, "host", "timer number out of range");
	s->due[id] = UINT64_MAX;
}

void
sim_dirty(struct sim *s, uint64_t off, uint64_t len)
{
	uint64_t i, last;

	if (len == 0)
		return;
	last = (off + len - 1) / 512;
	for (i = off / 512; i <= last && i < SIM_SECTORS; i++)
		s->dirty[i / 64] |= 1ULL << (i % 64);
}

/* Copies between memory and vectors, len bytes at most. */
static void
transfer(struct sim *s, const struct blk_io *io, uint64_t len)
{
	uint64_t off = s->unit[io->unit].base + io->off;
	size_t step;
	int i;

	for (i = 0; i < io->niov && len > 0; i++) {
		step = io->iov[i].iov_len < len ? io->iov[i].iov_len : len;
		if (io->op == BLK_READ)
			memcpy(io->iov[i].iov_base, s->disk + off, step);
		else
			memcpy(s->disk + off, io->iov[i].iov_base, step);
		off += step;
		len -= step;
	}
}

static int
memory_io(struct sim *s, const struct blk_io *io, int fault, unsigned cut)
{
	uint64_t len = fault == BLK_OK ? io->len : io->len * cut / 256;
	uint64_t base = s->unit[io->unit].base;

	if (io->op == BLK_WRITE || io->op == BLK_ZERO)
		sim_dirty(s, base + io->off, len);
	if (io->op == BLK_READ || io->op == BLK_WRITE)
		transfer(s, io, len);
	else if (io->op == BLK_ZERO)
		memset(s->disk + base + io->off, 0, len);
	return fault;
}

/* Its contents are reset with the model's. */
const struct sim_medium sim_memory = {
	.io = memory_io,
};

static void
check_io(struct sim *s, const struct blk_io *io)
{
	const struct sim_unit *m;
	uint64_t sum = 0;
	int i;

	if (io->op >= BLK_NOPS)
		sim_fail(s, "host", "unknown block operation");
	if (io->unit >= SIM_UNITS)
		sim_fail(s, "host", "unknown medium");
	m = &s->unit[io->unit];
	if (io->off > m->sectors * 512 ||
	    io->len > m->sectors * 512 - io->off)
		sim_fail(s, "bounds", "block access beyond the medium");
	if (io->op != BLK_READ && io->op != BLK_FLUSH && m->readonly)
		sim_fail(s, "bounds", "a read-only medium was to be changed");
	for (i = 0; i < io->niov; i++) {
		sum += io->iov[i].iov_len;
		if (io->op == BLK_WRITE)
			check_value(io->iov[i].iov_base, io->iov[i].iov_len);
	}
	if ((io->op == BLK_READ || io->op == BLK_WRITE) && sum != io->len)
		sim_fail(s, "host", "vectors and length differ");
}

/* Nobody follows the requests of a loose queue: what they write is unknown. */
static void
forget(struct sim *s, const struct blk_io *io)
{
	if (io->op == BLK_WRITE || io->op == BLK_ZERO || io->op == BLK_DISCARD)
		memset(s->unknown + (s->unit[io->unit].base + io->off) / 512,
		    1, io->len / 512);
}

static int
host_blk(void *arg, struct blk_io *io)
{
	struct sim *s = arg;
	struct sim_call *c;
	int fault = BLK_OK, result;
	uint8_t v, cut = 0;

	check_io(s, io);
	note(s, 4, io->op | (uint64_t)io->flags << 8 |
	    (uint64_t)io->unit << 24, io->off);
	if (sim_take_fault(s, TRACE_CALL_BLK, &v, &cut))
		fault = BLK_IOERR + v % (BLK_NRESULTS - 1);
	result = s->medium->io(s, io, fault, cut);
	if (oracle_blind(&s->oracle)) {
		s->ncalls = 0;
		forget(s, io);
	}
	if (s->ncalls == SIM_CALLS)
		sim_fail(s, "work", "too many block calls for one request");
	c = &s->call[s->ncalls++];
	c->op = io->op;
	c->flags = io->flags;
	c->unit = io->unit;
	c->off = io->off;
	c->len = io->len;
	c->result = result;
	return result;
}

static int
host_tx(void *arg, uint32_t q, const struct iovec *iov, int n, size_t len)
{
	struct sim *s = arg;
	uint8_t result, cut;
	size_t step;
	int i, failed;

	note(s, 5, q, len);
	failed = sim_take_fault(s, TRACE_CALL_TX, &result, &cut);
	if (s->kind->tx != NULL)
		return s->kind->tx(s, q, iov, n, len) == 0 && !failed ? 0 : -1;
	if (failed)
		return -1;
	s->sentlen = 0;
	for (i = 0; i < n; i++) {
		check_value(iov[i].iov_base, iov[i].iov_len);
		step = sizeof(s->sent) - s->sentlen;
		if (step > iov[i].iov_len)
			step = iov[i].iov_len;
		memcpy(s->sent + s->sentlen, iov[i].iov_base, step);
		s->sentlen += step;
	}
	sim_mix(s, digest_of(s->sent, s->sentlen));
	return 0;
}

static void
host_rx_ready(void *arg, uint32_t q, int on)
{
	struct sim *s = arg;

	note(s, 6, q, (uint64_t)on);
	if (q >= 32)
		sim_fail(s, "host", "queue number out of range");
	s->rx_on = (s->rx_on & ~(1U << q)) | (uint32_t)(on != 0) << q;
}

static int
host_entropy(void *arg, void *buf, size_t len)
{
	struct sim *s = arg;
	uint8_t result, cut, *p = buf;
	uint64_t v;
	size_t i;

	note(s, 7, len, 0);
	if (sim_take_fault(s, TRACE_CALL_ENTROPY, &result, &cut))
		return -1;
	for (i = 0; i + 8 <= len; i += 8)
		le64_put(p + i, prng_next(&s->random));
	if (i < len) {
		v = LE_SWAP64(prng_next(&s->random));
		memcpy(p + i, &v, len - i);
	}
	if (oracle_blind(&s->oracle))
		s->nentropy = 0;
	if (len <= SIM_ENTROPY - s->nentropy) {
		memcpy(s->entropy + s->nentropy, buf, len);
		s->nentropy += (unsigned)len;
	} else
		sim_fail(s, "work", "too much entropy for one buffer");
	return 0;
}

static void
host_request(void *arg, uint32_t what, uint64_t v)
{
	struct sim *s = arg;

	note(s, 8, what, v);
	s->requests++;
	if (s->kind->request != NULL)
		s->kind->request(s, what, v);
}

static void
host_again(void *arg, uint32_t q)
{
	struct sim *s = arg;

	note(s, 9, q, 0);
	if (q >= 32)
		sim_fail(s, "host", "queue number out of range");
	s->again |= 1U << q;
}

static void host_log(void *, enum host_log, const char *, ...)
    __attribute__((format(printf, 3, 4)));

static void
host_log(void *arg, enum host_log level, const char *fmt, ...)
{
	struct sim *s = arg;
	va_list ap;

	(void)level;
	va_start(ap, fmt);
	(void)vsnprintf(s->logline, sizeof(s->logline), fmt, ap);
	va_end(ap);
}

static void host_panic(void *, const char *, ...)
    __attribute__((format(printf, 2, 3), noreturn));

static void
host_panic(void *arg, const char *fmt, ...)
{
	struct sim *s = arg;
	char line[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	sim_fail(s, "panic", line);
}

const struct host_ops sim_host_ops = {
	.irq = host_irq,
	.clock = host_clock,
	.timer = host_timer,
	.untimer = host_untimer,
	.blk = host_blk,
	.tx = host_tx,
	.rx_ready = host_rx_ready,
	.entropy = host_entropy,
	.request = host_request,
	.again = host_again,
	.log = host_log,
	.panic = host_panic,
};

void
sim_host_reset(struct sim *s)
{
	unsigned i;

	s->line = 0;
	s->now = 1000000000;
	s->wall = 1700000000000000000ULL;
	for (i = 0; i < SIM_TIMERS; i++)
		s->due[i] = UINT64_MAX;
	s->again = 0;
	s->rx_on = 0;
	prng_seed(&s->random, 1);
	memset(s->fault, 0, sizeof(s->fault));
	s->nofault = 0;
	s->ncalls = 0;
	s->nentropy = 0;
	s->requests = 0;
	s->inputlen = 0;
	s->sentlen = 0;
	s->digest = 0;
}
