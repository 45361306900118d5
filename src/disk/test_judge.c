/*
 * Random operation programs with qemu-img and qemu-io as judges.
 *
 * DISK_PROGRAMS says how many (40 when it is not set); each fourth is cut by
 * a crash.  Without qemu-img in the path the test says so and passes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "diskprog.h"
#include "test_qemu.h"

#define MAXDISK	(2u << 20)

struct judge {
	struct dp	p;
	struct prng	rng;
	FILE		*script;	/* for qemu-io */
	unsigned	 nsnaps;
	uint8_t		*snap;		/* what the newest one has */
	uint64_t	 snapsize;
};

static void
dump_all(struct judge *j)
{
	tq_dump("t.qcow2", j->p.top.buf, j->p.top.size);
	tq_dump("base", j->p.base.buf, j->p.base.size);
}

static int
options(const struct dp *p, char *o, size_t cap)
{
	return snprintf(o, cap, "compat=%s,cluster_size=%u,"
	    "refcount_bits=%u,lazy_refcounts=%s,preallocation=%s%s",
	    p->par.version == 2 ? "0.10" : "1.1", 1u << p->par.cluster_bits,
	    1u << p->par.refcount_order, p->par.lazy ? "on" : "off",
	    p->par.prealloc ? "metadata" : "off",
	    p->par.ctype == QCOW2_ZSTD ? ",compression_type=zstd" : "");
}

/* qemu-img makes the image that we then work on. */
static int
create_outside(struct dp *p)
{
	char o[256];

	options(p, o, sizeof(o));
	tq_dump("base", p->base.buf, p->base.size);
	unlink("t.qcow2");
	if (tq_sh("qemu-img create -q -f qcow2 -o %s %s %s t.qcow2 %llu", o,
	    p->par.backing == NULL ? "" : "-b base -F",
	    p->par.backing == NULL ? "" : p->par.backing_fmt,
	    (unsigned long long)p->size) != 0) {
		tq_show_log();
		return -1;
	}
	tq_load(&p->top, "t.qcow2");
	return 0;
}

/* A few writes and zeroes by qemu-io in the middle of our work. */
static int
batch(struct judge *j)
{
	struct dp *p = &j->p;
	char cmd[1600];
	uint64_t off, len;
	int i, n = 0, b;

	for (i = 0; i < 4; i++) {
		off = prng_below(&j->rng, p->size);
		len = 1 + prng_below(&j->rng, 20000);
		if (len > p->size - off)
			len = p->size - off;
		b = i == 3 ? 0 : (int)prng_below(&j->rng, 255) + 1;
		n += b == 0 ? snprintf(cmd + n, sizeof(cmd) - n,
		    " -c 'write -q -z -u %llu %llu'",
		    (unsigned long long)off, (unsigned long long)len) :
		    snprintf(cmd + n, sizeof(cmd) - n,
		    " -c 'write -q -P %d %llu %llu'", b,
		    (unsigned long long)off, (unsigned long long)len);
		dp_model_fill(p, off, len, b);
	}
	return tq_sh("qemu-io%s t.qcow2", cmd);
}

/*
 * A snapshot fails where a refcount has no room for it, and then qemu-img
 * leaves leaks: the image as it was goes on.
 */
static int
outside(struct dp *p, unsigned arg)
{
	struct judge *j = p->arg;
	int rv = 0, done = 1;

	dump_all(j);
	if (tq_sh("qemu-img check -q t.qcow2") != 0) {
		snprintf(p->why, sizeof(p->why), "check in between");
		tq_show_log();
		return -1;
	}
	switch (arg % 4) {
	case 0:
	case 1:
		done = tq_sh("qemu-img snapshot -c s%u t.qcow2",
		    j->nsnaps) == 0;
		j->nsnaps += (unsigned)done;
		if (done) {
			j->snapsize = p->size;
			memcpy(j->snap, p->model, p->size);
		}
		break;
	case 2:
		j->snapsize = 0;
		if (j->nsnaps > 0)
			rv = tq_sh("qemu-img snapshot -d s%u t.qcow2",
			    --j->nsnaps);
		break;
	default:
		rv = batch(j);
		break;
	}
	if (rv != 0) {
		snprintf(p->why, sizeof(p->why), "qemu failed");
		tq_show_log();
		return -1;
	}
	if (done)
		tq_load(&p->top, "t.qcow2");
	return 0;
}

/* The operation as a line for qemu-io. */
static void
script(struct dp *p, unsigned op, const struct dp_span *s)
{
	struct judge *j = p->arg;
	unsigned long long off = s->off, len = s->len;

	if (op == DP_GROW)
		fprintf(j->script, "truncate %llu\n",
		    (unsigned long long)p->size);
	else if (op == DP_FLUSH)
		fprintf(j->script, "flush\n");
	else if (len == 0)
		return;
	else if (op == DP_WRITE || op == DP_PACK)
		fprintf(j->script, "write -q -P %u %llu %llu\n",
		    dp_byte(p), off, len);
	else if (op == DP_ZERO)
		fprintf(j->script, "write -q -z%s %llu %llu\n",
		    s->flags & 8 ? " -u" : "", off, len);
}

static void
judge_image(int leaks_ok, const char *what)
{
	int rv;

	rv = tq_sh("qemu-img check -q t.qcow2");
	if (rv == 3 && leaks_ok)
		rv = 0;
	if (rv != 0)
		tq_show_log();
	if (rv != 0)
		fail_msg("%s: qemu-img check: %d", what, rv);
	rv = tq_sh("qemu-img compare -F raw t.qcow2 model");
	if (rv != 0)
		tq_show_log();
	if (rv != 0)
		fail_msg("%s: qemu-img compare: %d", what, rv);
}

/*
 * The same operations by qemu-io on an image that we have made; qemu cannot
 * grow a version 2 image over a larger base, so that pair is left out.
 */
static void
replay_outside(struct judge *j, uint64_t size)
{
	struct dp *p = &j->p;
	struct bstore bs = ms_bstore(&p->top);
	struct disk_why why;

	if (p->par.version == 2 && p->basekind != 0)
		return;
	p->par.size = size;
	ms_reset(&p->top);
	assert_int_equal(qcow2_create(&bs, &p->par, &why), 0);
	dump_all(j);
	if (tq_sh("qemu-io t.qcow2 <script") != 0) {
		tq_show_log();
		fail_msg("qemu-io on our image");
	}
	judge_image(0, "by qemu-io");
}

/* What we wrote after a snapshot must not show in it. */
static void
judge_snapshot(struct judge *j, unsigned n)
{
	if (j->snapsize == 0)
		return;
	tq_dump("model", j->snap, j->snapsize);
	if (tq_sh("qemu-img convert -l snapshot.name=s%u -O raw t.qcow2 old "
	    "&& cmp -n %llu old model", j->nsnaps - 1,
	    (unsigned long long)j->snapsize) != 0) {
		tq_show_log();
		fail_msg("program %u: the snapshot has changed", n);
	}
}

/* 0: our image, 1: qemu-img's image, 2: and again by qemu-io, 3: cut. */
static void
one_program(struct judge *j, unsigned n)
{
	uint8_t data[500];
	unsigned kind = n % 4;
	uint64_t size = 0;
	size_t len, i;

	prng_seed(&j->rng, n);
	len = 20 + prng_below(&j->rng, sizeof(data) - 20);
	for (i = 0; i < len; i++)
		data[i] = (uint8_t)prng_next(&j->rng);
	data[5] = kind == 3 ? 1 | (n & 4) << 1 : 0;
	j->nsnaps = 0;
	j->snapsize = 0;
	j->p.outside = kind <= 1 ? outside : NULL;
	j->p.create = kind == 1 ? create_outside : NULL;
	j->p.did = kind == 2 ? script : NULL;
	if (kind == 2) {
		j->script = fopen("script", "w");
		assert_non_null(j->script);
	}
	if (dp_run(&j->p, data, len) != 0)
		fail_msg("program %u: %s", n, j->p.why);
	size = j->p.par.size;
	dump_all(j);
	tq_dump("model", j->p.model, j->p.size);
	judge_image(kind == 3, "by us");
	judge_snapshot(j, n);
	if (kind == 2) {
		fclose(j->script);
		replay_outside(j, size);
	}
}

static void
test_programs(void **state)
{
	const char *s = getenv("DISK_PROGRAMS"), *f = getenv("DISK_FIRST");
	unsigned n = s == NULL ? 40 : (unsigned)atoi(s), i;
	unsigned first = f == NULL ? 0 : (unsigned)atoi(f);
	struct judge *j = *state;

	if (!tq_have_qemu()) {
		print_message("no qemu-img here: nothing judged\n");
		return;
	}
	for (i = first; i < first + n; i++)
		one_program(j, i);
	print_message("%u programs; operations:", n);
	for (i = 0; i < DP_NOPS; i++)
		print_message(" %u", j->p.done[i]);
	print_message("\n");
}

static int
begin(void **state)
{
	static struct judge j;
	if (tq_begin() == -1)
		return -1;
	dp_init(&j.p, MAXDISK);
	j.p.arg = &j;
	j.snap = malloc(MAXDISK);
	if (j.snap == NULL)
		return -1;
	*state = &j;
	return 0;
}

static int
end(void **state)
{
	struct judge *j = *state;

	dp_free(&j->p);
	free(j->snap);
	return tq_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_programs, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
