#include "diskprog.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAXOPS	48			/* a third of it when small */

static int fail(struct dp *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

static int
fail(struct dp *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->why, sizeof(p->why), fmt, ap);
	va_end(ap);
	return -1;
}

void
dp_init(struct dp *p, uint64_t max)
{
	memset(p, 0, sizeof(*p));
	ms_init(&p->top, max * 4 + (16u << 20));
	ms_init(&p->base, max * 2 + (8u << 20));
	p->max = max;
	p->model = calloc(1, max);
	p->stable = calloc(1, max);
	p->touched = calloc(1, max);
	p->io = calloc(1, max);
	if (p->model == NULL || p->stable == NULL || p->touched == NULL ||
	    p->io == NULL)
		abort();
}

void
dp_free(struct dp *p)
{
	ms_free(&p->top);
	ms_free(&p->base);
	free(p->model);
	free(p->stable);
	free(p->touched);
	free(p->io);
}

static int
opener(void *arg, struct disk_ref *ref, struct bstore *out,
    struct disk_why *why)
{
	struct dp *p = arg;

	if (strcmp(ref->name, "base") != 0 || ref->depth != 1)
		return disk_refuse(why, DISK_EDENIED, "not permitted");
	*out = ms_bstore(&p->base);
	return 0;
}

/* A failed grow may have taken place: the answer was lost, not the deed. */
static int
accept_size(struct dp *p)
{
	uint64_t size = p->d->size;

	if (size == p->size || (size < p->size && p->failed))
		return 0;
	if (size < p->size || !p->failed || size > p->max)
		return fail(p, "size is %llu, not %llu",
		    (unsigned long long)size, (unsigned long long)p->size);
	memset(p->model + p->size, 0, size - p->size);
	memset(p->touched + p->size, 3, size - p->size);
	p->size = size;
	return 0;
}

static int
reopen(struct dp *p)
{
	struct disk_opener op = { opener, p };
	struct disk_opts o = { .format = DISK_QCOW2, .opener = &op };
	struct bstore bs = ms_bstore(&p->top);
	struct disk_why why;
	int rv;

	why.text[0] = '\0';
	rv = disk_open(&bs, &o, &p->d, &why);
	if (rv != 0 && p->faulty && !p->top.dead && rv != DISK_ECORRUPT)
		rv = disk_open(&bs, &o, &p->d, &why);
	if (rv == 0)
		return accept_size(p);
	p->d = NULL;
	if (p->top.dead)
		return 0;
	return fail(p, "open: %s", why.text);
}

/* All that was answered is safe. */
static void
settle(struct dp *p)
{
	memcpy(p->stable, p->model, p->size);
	memset(p->touched, 0, p->size);
	p->stablesize = p->size;
}

static void
touch(struct dp *p, uint64_t off, uint64_t len)
{
	uint8_t *t = p->touched + off;

	/* 0, 1, 3: never, once, more often. */
	for (; len > 0; len--, t++)
		*t = (uint8_t)(((*t << 1) | 1) & 3);
}

void
dp_model_fill(struct dp *p, uint64_t off, uint64_t len, int byte)
{
	memset(p->model + off, byte, len);
	touch(p, off, len);
}

static uint64_t
base_size(const struct dp *p, unsigned sel)
{
	uint64_t n = p->size;

	if (sel & 1)
		n = n / 2 & ~511ULL;
	else if (sel & 2)
		n += n / 2 & ~511ULL;
	return n > p->max ? p->max : n < 512 ? 512 : n;
}

/* A base with bytes in every second stretch of 3 KiB; it is the model too. */
static int
make_base(struct dp *p, unsigned sel)
{
	struct qcow2_params par = { .cluster_bits = 9 + sel % 5 };
	struct bstore bs = ms_bstore(&p->base);
	struct disk_opts o = { .format = DISK_RAW };
	struct disk_why why;
	struct disk *d;
	uint64_t n = base_size(p, sel >> 4), i;
	int rv = 0;

	for (i = 0; i < n; i++)
		p->io[i] = i / 3072 % 2 ? (uint8_t)(i / 512 + 7) : 0;
	if (p->basekind == 2) {
		par.size = n;
		o.format = DISK_QCOW2;
		rv = qcow2_create(&bs, &par, &why);
	} else
		rv = bs_resize(&bs, n);
	if (rv == 0)
		rv = disk_open(&bs, &o, &d, &why);
	if (rv != 0)
		return fail(p, "base: %d", rv);
	for (i = 0; rv == 0 && i < n; i += 3072)
		if (i / 3072 % 2)
			rv = disk_write(d, p->io + i,
			    n - i < 3072 ? n - i : 3072, i);
	disk_close(&d);
	memcpy(p->model, p->io, n < p->size ? n : p->size);
	return rv == 0 ? 0 : fail(p, "base: write %d", rv);
}

static void
configure(struct dp *p, struct rbuf *r)
{
	static const uint8_t cbits[16] =
	    { 9, 9, 9, 10, 10, 11, 12, 12, 13, 9, 10, 9, 14, 15, 16, 9 };
	uint64_t csize;
	unsigned f;

	memset(&p->par, 0, sizeof(p->par));
	p->par.cluster_bits = cbits[rb_u8(r) % 16];
	if (p->small && p->par.cluster_bits > 11)
		p->par.cluster_bits = 11;
	p->par.refcount_order = rb_u8(r) % 7;
	p->par.order_given = 1;
	f = rb_u8(r);
	p->par.version = f & 1 ? 2 : 3;
	p->par.lazy = (f & 2) != 0;
	p->par.ctype = f & 4 ? QCOW2_ZSTD : QCOW2_ZLIB;
	p->par.prealloc = (f & 0x18) == 0x18;
	if (p->par.version == 2) {
		p->par.refcount_order = 4;
		p->par.lazy = 0;
		p->par.ctype = QCOW2_ZLIB;
	}
	csize = 1ULL << p->par.cluster_bits;
	p->size = (1 + rb_u8(r) % 96) * csize - (f >> 5) * 512 % csize;
	if (p->size > p->max / 2)
		p->size = p->max / 2;
	p->par.size = p->size;
}

static int
setup(struct dp *p, struct rbuf *r, struct ms_plan *plan, uint64_t *nth)
{
	struct bstore bs = ms_bstore(&p->top);
	struct disk_why why;
	unsigned b, f;

	configure(p, r);
	b = rb_u8(r);
	p->basekind = b % 4 < 2 ? 0 : b % 4 - 1;
	f = rb_u8(r);
	memset(plan, 0, sizeof(*plan));
	plan->seed = rb_u8(r);
	plan->lossy = (f & 8) != 0;
	plan->crash_write = (f & 7) == 1 ? 1 + rb_u8(r) : 0;
	plan->fail_write = (f & 7) == 2 ? 1 + rb_u8(r) : 0;
	plan->full_write = (f & 7) == 3 ? 1 + rb_u8(r) : 0;
	plan->fail_read = (f & 7) == 4 ? 1 + rb_u8(r) : 0;
	plan->fail_flush = (f & 7) == 5 ? 1 + rb_u8(r) : 0;
	plan->short_every = f & 16 ? 1 + (f >> 5) : 0;
	*nth = (f & 7) == 6 ? 1 + rb_u8(r) : 0;
	p->hungry = *nth != 0 && p->starve != NULL;
	p->faulty = p->hungry || ((f & 7) >= 1 && (f & 7) <= 5);
	memset(p->model, 0, p->max);
	if (p->basekind != 0) {
		p->par.prealloc = 0;
		p->par.backing = "base";
		p->par.backing_fmt = p->basekind == 1 ? "raw" : "qcow2";
		if (make_base(p, b) != 0)
			return -1;
	}
	if (p->create != NULL)
		return p->create(p);
	if (qcow2_create(&bs, &p->par, &why) != 0)
		return fail(p, "create: %s", why.text);
	return 0;
}

#define TIMES		16		/* each strikes the n-th time */

size_t
dp_fault(const uint8_t *in, size_t len, unsigned i, uint8_t *out, size_t max)
{
	size_t from;

	if (i >= DP_FAULTS * TIMES || len < DP_HEAD || len >= max)
		return 0;
	from = dp_head_len(in) < len ? dp_head_len(in) : len;
	memcpy(out, in, DP_HEAD);
	out[DP_FAULT] = (uint8_t)((in[DP_FAULT] & ~7U) | (1 + i % DP_FAULTS));
	out[DP_HEAD] = (uint8_t)(i / DP_FAULTS);
	memcpy(out + DP_HEAD + 1, in + from, len - from);
	return DP_HEAD + 1 + len - from;
}

static void
span_get(struct dp *p, struct rbuf *r, struct dp_span *s)
{
	uint64_t unit;

	s->flags = rb_u8(r);
	unit = s->flags & 1 ? 1 : s->flags & 2 ? 512 :
	    1ULL << p->par.cluster_bits;
	s->off = rb_u16(r) * unit % p->size;
	s->len = (1 + (uint64_t)rb_u16(r) % (s->flags & 4 ? 32768 : 64)) *
	    unit;
	if (s->len > p->size - s->off)
		s->len = p->size - s->off;
	if (s->len > p->max / 8)
		s->len = p->max / 8;
}

uint8_t
dp_byte(const struct dp *p)
{
	return (uint8_t)(p->seq * 37 + 1);
}

static void
pattern(struct dp *p, uint8_t *b, const struct dp_span *s)
{
	uint64_t i, n;

	p->seq++;
	for (i = 0; i < s->len; i += n) {
		n = 512 - (s->off + i) % 512;
		if (n > s->len - i)
			n = s->len - i;
		memset(b + i, p->did != NULL ? dp_byte(p) :
		    (int)(p->seq * 37 + (s->off + i) / 512 + 1), n);
	}
}

/* io has what the disk reads as there; want is what it may be instead. */
static int
adopt(struct dp *p, const struct dp_span *s, const uint8_t *want)
{
	uint64_t i;
	int rv;

	rv = disk_read(p->d, p->io, s->len, s->off);
	if (rv != 0 && p->faulty && !p->top.dead)
		rv = disk_read(p->d, p->io, s->len, s->off);
	if (rv != 0)
		return fail(p, "read after an error: %d", rv);
	if (memcmp(p->io, p->model + s->off, s->len) == 0)
		return 0;
	for (i = 0; i < s->len; i++) {
		if (p->io[i] != p->model[s->off + i] &&
		    p->io[i] != (want == NULL ? 0 : want[i]))
			return fail(p, "byte %llu neither old nor new",
			    (unsigned long long)(s->off + i));
		p->model[s->off + i] = p->io[i];
	}
	return 0;
}

/* What becomes of an operation's error: -1 when it may not be. */
static int
forgive(struct dp *p, int rv, const struct dp_span *s, const uint8_t *want)
{
	p->failed = 1;
	if (!p->faulty || (rv != DISK_EIO && rv != DISK_ENOSPC &&
	    !(p->hungry && rv == DISK_ENOMEM)))
		return fail(p, "unexpected error %d", rv);
	if (s == NULL)
		return 0;
	if (!p->top.dead)
		return adopt(p, s, want);
	/* What was cut short may be there: the model has the newest. */
	if (want != NULL)
		memcpy(p->model + s->off, want, s->len);
	else
		memset(p->model + s->off, 0, s->len);
	return 0;
}

/* Cuts a buffer into a vector of uneven pieces. */
static int
slice(struct iovec *v, int max, uint8_t *b, size_t len, unsigned flags)
{
	size_t k = flags & 8 ? 1 + (flags >> 4) * 700 : len;
	int n;

	for (n = 0; len > 0; n++, b += k, len -= k) {
		if (k > len || n == max - 1)
			k = len;
		v[n].iov_base = b;
		v[n].iov_len = k;
	}
	return n;
}

static int
op_write(struct dp *p, const struct dp_span *s)
{
	struct iovec v[80];
	uint8_t *b;
	int n, rv;

	if (s->len == 0)
		return 0;
	b = malloc(s->len);
	if (b == NULL)
		abort();
	pattern(p, b, s);
	touch(p, s->off, s->len);
	n = slice(v, 80, b, s->len, s->flags);
	rv = disk_writev(p->d, v, n, s->off);
	if (rv == 0)
		memcpy(p->model + s->off, b, s->len);
	else
		rv = forgive(p, rv, s, b);
	free(b);
	return rv;
}

static int
op_read(struct dp *p, const struct dp_span *s)
{
	struct iovec v[80];
	int n, rv;

	memset(p->io, 0xa5, s->len);
	n = slice(v, 80, p->io, s->len, s->flags);
	rv = disk_readv(p->d, v, n, s->off);
	if (rv != 0)
		return forgive(p, rv, NULL, NULL);
	if (memcmp(p->io, p->model + s->off, s->len) != 0)
		return fail(p, "read of %llu at %llu differs",
		    (unsigned long long)s->len, (unsigned long long)s->off);
	return 0;
}

static int
op_zero(struct dp *p, const struct dp_span *s)
{
	int rv;

	touch(p, s->off, s->len);
	rv = disk_zero(p->d, s->off, s->len, (s->flags & 8) != 0);
	if (rv != 0)
		return forgive(p, rv, s, NULL);
	memset(p->model + s->off, 0, s->len);
	return 0;
}

static int
op_discard(struct dp *p, const struct dp_span *s)
{
	int rv;

	touch(p, s->off, s->len);
	rv = disk_discard(p->d, s->off, s->len);
	if (rv != 0)
		return forgive(p, rv, s, NULL);
	return s->len == 0 ? 0 : adopt(p, s, NULL);
}

static int
op_flush(struct dp *p)
{
	int rv;

	rv = disk_flush(p->d);
	if (rv != 0)
		return forgive(p, rv, NULL, NULL);
	settle(p);
	return 0;
}

static int
op_grow(struct dp *p, const struct dp_span *s)
{
	uint64_t size = p->size + (s->off + 512) / 512 * 512;
	int rv;

	if (size > p->max)
		return 0;
	rv = disk_grow(p->d, size);
	if (rv != 0)
		return forgive(p, rv, NULL, NULL);
	memset(p->model + p->size, 0, size - p->size);
	memset(p->touched + p->size, 3, size - p->size);
	p->size = size;
	return 0;
}

/* Closing flushes, but cannot say that it failed. */
static int
op_reopen(struct dp *p)
{
	int rv;

	rv = disk_flush(p->d);
	if (rv != 0)
		return forgive(p, rv, NULL, NULL);
	settle(p);
	disk_close(&p->d);
	if (p->top.dead)
		p->failed = 1;
	return reopen(p);
}

static int
op_pack(struct dp *p, struct dp_span *s)
{
	uint64_t csize = 1ULL << p->par.cluster_bits;
	uint8_t *b;
	int rv;

	s->off &= ~(csize - 1);
	s->len = p->size - s->off < csize ? p->size - s->off : csize;
	b = calloc(1, csize);
	if (b == NULL)
		abort();
	pattern(p, b, s);
	touch(p, s->off, s->len);
	rv = qcow2_write_packed(p->d, b, s->off);
	if (rv == 0)
		memcpy(p->model + s->off, b, s->len);
	else
		rv = forgive(p, rv, s, b);
	free(b);
	return rv;
}

static int
op_outside(struct dp *p, unsigned arg)
{
	if (p->outside == NULL || p->faulty)
		return 0;
	disk_close(&p->d);
	if (p->outside(p, arg) != 0)
		return -1;
	settle(p);
	return reopen(p);
}

static int
one_op(struct dp *p, unsigned op, struct dp_span *s)
{
	switch (op) {
	case DP_WRITE:
		return op_write(p, s);
	case DP_READ:
		return op_read(p, s);
	case DP_ZERO:
		return op_zero(p, s);
	case DP_DISCARD:
		return op_discard(p, s);
	case DP_FLUSH:
		return op_flush(p);
	case DP_GROW:
		return op_grow(p, s);
	case DP_REOPEN:
		return op_reopen(p);
	case DP_PACK:
		return op_pack(p, s);
	default:
		return op_outside(p, s->flags);
	}
}

static int
check_image(struct dp *p)
{
	struct qcow2_check res = { 0 };
	int rv;

	rv = qcow2_check(p->d, &res, 0);
	if (rv != 0)
		return fail(p, "check: %d", rv);
	if (res.corruptions > 0)
		return fail(p, "check: %llu corruptions",
		    (unsigned long long)res.corruptions);
	if (res.leaks > 0 && !p->faulty)
		return fail(p, "check: %llu leaks",
		    (unsigned long long)res.leaks);
	return 0;
}

static int
compare_all(struct dp *p)
{
	struct dp_span s = { 0, p->size, 0 };

	return op_read(p, &s);
}

/* After the crash: flushed bytes are there, others are old or new. */
static int
compare_crashed(struct dp *p)
{
	uint64_t i, n;

	if (p->d->size != p->size && p->d->size < p->stablesize)
		return fail(p, "flushed size is gone");
	n = p->d->size < p->size ? p->d->size : p->size;
	if (disk_read(p->d, p->io, n, 0) != 0)
		return fail(p, "cannot be read after the crash");
	if (n > p->stablesize)
		n = p->stablesize;
	if (memcmp(p->io, p->stable, n) == 0)
		n = 0;
	for (i = 0; i < n; i++)
		if (p->io[i] != p->stable[i] && (p->touched[i] == 0 ||
		    (p->touched[i] == 1 && p->io[i] != p->model[i])))
			return fail(p, "flushed byte %llu is gone",
			    (unsigned long long)i);
	p->size = p->d->size;
	if (p->size > p->max || disk_read(p->d, p->model, p->size, 0) != 0)
		return fail(p, "cannot be read after the crash");
	return 0;
}

static void
starve(struct dp *p, uint64_t nth)
{
	if (p->starve != NULL)
		p->starve(p, nth);
}

/* Reopens without faults and looks at everything. */
static int
finish(struct dp *p)
{
	int crashed, rv;

	if (p->d != NULL && op_flush(p) != 0)
		return -1;
	disk_close(&p->d);
	crashed = p->top.dead;
	p->failed |= crashed;
	ms_revive(&p->top);
	starve(p, 0);
	if (reopen(p) != 0)
		return -1;
	rv = crashed || p->failed ? compare_crashed(p) : compare_all(p);
	if (rv == 0)
		rv = check_image(p);
	disk_close(&p->d);
	return rv;
}

static int
run_ops(struct dp *p, struct rbuf *r)
{
	struct dp_span s;
	unsigned op;
	int i, rv = 0, max = p->small ? MAXOPS / 3 : MAXOPS;

	for (i = 0; rv == 0 && i < max && rb_left(r) > 0 &&
	    p->d != NULL && !p->top.dead; i++) {
		op = rb_u8(r) % DP_NOPS;
		if (op == DP_DISCARD && p->did != NULL)
			op = DP_ZERO;
		span_get(p, r, &s);
		rv = one_op(p, op, &s);
		if (rv != 0)
			break;
		p->done[op]++;
		if (p->did != NULL)
			p->did(p, op, &s);
	}
	return rv;
}

int
dp_run(struct dp *p, const uint8_t *data, size_t len)
{
	struct ms_plan plan;
	struct rbuf r;
	uint64_t nth;
	int rv;

	rb_init(&r, data, len);
	ms_reset(&p->top);
	ms_reset(&p->base);
	p->failed = 0;
	p->seq = 0;
	p->why[0] = '\0';
	rv = setup(p, &r, &plan, &nth);
	if (rv != 0)
		return rv;
	settle(p);
	ms_plan(&p->top, &plan);
	starve(p, nth);
	rv = reopen(p);
	if (rv == 0)
		rv = run_ops(p, &r);
	if (rv == 0)
		rv = finish(p);
	starve(p, 0);
	disk_close(&p->d);
	return rv;
}
