/*
 * From the disk to the store: runs of entries against a model that looks at
 * one after another, what is remembered of them, and their tables.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "memstore.h"
#include "prng.h"
#include "qcow2_int.h"

#define CAP	(8u << 20)
#define TABLES	4u
#define PER	1024u			/* entries of a table at most */

static struct ms m;
static struct disk *d;
static struct qcow2 *q;
static uint64_t base;			/* cluster of the first L2 table */

/* An image of whole L2 tables, in a file of so many clusters. */
static void
make(unsigned version, unsigned cbits, uint64_t clusters)
{
	uint64_t c = 1ULL << cbits, l1, i;
	struct qcow2_params p = { .version = version, .cluster_bits = cbits,
	    .size = TABLES * (c / 8) * c };
	struct bstore bs = ms_bstore(&m);
	struct disk_why why;

	ms_reset(&m);
	assert_int_equal(qcow2_create(&bs, &p, &why), 0);
	base = m.size >> cbits;
	assert_int_equal(bs_resize(&bs, clusters << cbits), 0);
	l1 = beb64_get(m.buf + Q2H_L1OFF);
	for (i = 0; i < TABLES; i++)
		beb64_put(m.buf + l1 + i * 8, (base + i) << cbits |
		    Q2_COPIED);
}

static void
open_it(int readonly)
{
	struct disk_opts o = { .format = DISK_QCOW2, .readonly = readonly };
	struct bstore bs = ms_bstore(&m);
	struct disk_why why;

	if (disk_open(&bs, &o, &d, &why) != 0)
		fail_msg("%s", why.text);
	q = (struct qcow2 *)(void *)d;
}

/* Entry i, counted through all tables, in the store. */
static void
put_entry(uint64_t i, uint64_t entry)
{
	unsigned cbits = beb32_get(m.buf + Q2H_CBITS);

	beb64_put(m.buf + (base << cbits) + i * 8, entry);
}

static uint64_t
host(uint64_t cluster)
{
	return cluster << beb32_get(m.buf + Q2H_CBITS);
}

/* --------------------------------------------------------------- the model */

static uint64_t ent[TABLES * PER];

/* How long the run is that begins with entry i; host 0: all the same. */
static uint64_t
model_run(uint64_t i, uint64_t want, const struct q2_run *run)
{
	uint64_t per = (1ULL << q2_slice_bits(q)) / 8, n = 1;
	uint64_t step = run->host == 0 ? 0 : q->csize;

	if (run->type == Q2_ZIPPED)
		return 1;
	while (n < want && (i + n) % per != 0 && ent[i + n] ==
	    run->entry + n * step && (step == 0 ||
	    run->host + n * step < q->eof))
		n++;
	/* A table in the middle ends it after the first. */
	if (step != 0 && q2_reserved(q, run->host, n * step))
		return 1;
	return n;
}

static int
model(uint64_t off, uint64_t len, struct q2_run *run)
{
	uint64_t in = off & (q->csize - 1), i = off >> q->cbits, n;
	int rv;

	rv = q2_decode(q, ent[i], run);
	if (rv != 0)
		return rv;
	n = model_run(i, (in + len + q->csize - 1) >> q->cbits, run);
	run->len = (n << q->cbits) - in < len ? (n << q->cbits) - in : len;
	if (run->type == Q2_DATA || run->type == Q2_ZEROALLOC)
		run->host += in;
	return 0;
}

/* An entry of any kind; most go on where the one before ended. */
static uint64_t
any_entry(struct prng *r, uint64_t before)
{
	uint64_t at = prng_below(r, m.size / q->csize + 2) * q->csize;

	switch (prng_below(r, 24)) {
	case 0:
		return prng_below(r, 2);
	case 1:
		return at | Q2_ZEROFLAG | Q2_COPIED;
	case 2:
		return at;
	case 3:
		return Q2_PACKED | (at + 7);
	case 4:
		return Q2_COPIED;
	case 5:
		return prng_next(r);
	case 6:
	case 7:
		return at | Q2_COPIED;
	case 8:
		return before;
	default:
		return (before & Q2_OFFMASK) != 0 ? before + q->csize : before;
	}
}

static void
compare(uint64_t off, uint64_t len)
{
	struct q2_run want, got;
	int rv = model(off, len, &want);

	memset(&got, 0xa5, sizeof(got));
	assert_int_equal(q2_lookup(q, off, len, &got), rv);
	if (rv != 0)
		return;
	assert_int_equal(got.type, want.type);
	assert_int_equal(got.len, want.len);
	assert_int_equal(got.host, want.host);
	assert_int_equal(got.copied, want.copied);
	assert_true(got.entry == want.entry);
}

static void
wander(unsigned cbits, unsigned seed)
{
	uint64_t n, i, off, len;
	struct prng r;

	make(3, cbits, 200);
	open_it(1);
	prng_seed(&r, seed);
	n = d->size >> cbits;
	for (i = 0; i < n; i++) {
		ent[i] = any_entry(&r, i == 0 ? 0 : ent[i - 1]);
		put_entry(i, ent[i]);
	}
	for (i = 0; i < 4000; i++) {
		off = prng_below(&r, d->size);
		len = 1 + prng_below(&r, prng_below(&r, 100 << cbits) + 1);
		compare(off, len < d->size - off ? len : d->size - off);
		off = prng_below(&r, n);
		if (prng_below(&r, 4) != 0)
			continue;
		ent[off] = any_entry(&r, off == 0 ? 0 : ent[off - 1]);
		assert_int_equal(q2_entry_set(q, off << cbits, ent[off]), 0);
		assert_int_equal(q2_entry_get(q, off << cbits, &len), 0);
		assert_true(len == ent[off]);
	}
	disk_close(&d);
}

static void
test_model(void **state)
{
	unsigned seed;

	(void)state;
	for (seed = 0; seed < 4; seed++) {
		wander(9, seed);
		wander(10, seed);
		wander(13, seed);
	}
}

static void
remembered(unsigned slot, uint64_t lo, uint64_t hi, uint64_t at)
{
	const struct q2_span *s = &q->span[slot];

	assert_int_equal(s->lo, lo << q->cbits);
	assert_int_equal(s->hi, hi << q->cbits);
	assert_int_equal(s->host, at << q->cbits);
}

static void
look(uint64_t cluster)
{
	struct q2_run run;

	assert_int_equal(q2_lookup(q, cluster << q->cbits, 1, &run), 0);
	assert_int_equal(run.type, Q2_DATA);
}

/* A table is no data, and not the middle of any. */
static void
test_run_meets_table(void **state)
{
	struct q2_run run;
	uint64_t l1;

	(void)state;
	make(3, 9, 64);
	l1 = beb64_get(m.buf + Q2H_L1OFF);
	put_entry(0, l1 | Q2_COPIED);
	put_entry(1, (l1 + 512) | Q2_COPIED);
	put_entry(5, (l1 - 512) | Q2_COPIED);
	put_entry(6, l1 | Q2_COPIED);
	open_it(1);
	assert_int_equal(q2_lookup(q, 6 * 512, 512, &run), DISK_ECORRUPT);
	assert_int_equal(q2_lookup(q, 5 * 512, 1024, &run), 0);
	assert_int_equal(run.len, 512);
	assert_int_equal(q2_lookup(q, 6 * 512, 512, &run), DISK_ECORRUPT);
	assert_int_equal(q2_lookup(q, 512, 512, &run), 0);
	assert_int_equal(q2_lookup(q, 0, 512, &run), DISK_ECORRUPT);
	disk_close(&d);
}

/* The same where it is further away, on both its sides. */
static void
test_run_around_table(void **state)
{
	struct q2_run run;
	unsigned i;

	(void)state;
	make(3, 9, 64);
	for (i = 4; i < 10; i++)
		put_entry(i, host(24 + i) | Q2_COPIED);
	put_entry(12, host(40));
	put_entry(13, host(41));
	open_it(1);
	q->l1off = 30 * 512;
	assert_int_equal(q2_lookup(q, 4 * 512, 1024, &run), 0);
	assert_int_equal(run.len, 1024);
	assert_int_equal(q2_lookup(q, 4 * 512, 1536, &run), 0);
	assert_int_equal(run.len, 512);
	look(9);
	remembered(0, 9, 10, 33);
	assert_int_equal(q2_lookup(q, 6 * 512, 1, &run), DISK_ECORRUPT);
	look(13);
	remembered(0, 12, 14, 40);
	disk_close(&d);
}

/* The last byte of a request counts. */
static void
test_run_of_one_more(void **state)
{
	struct q2_run run;

	(void)state;
	make(3, 9, 64);
	put_entry(8, Q2_ZEROFLAG);
	put_entry(9, Q2_ZEROFLAG);
	open_it(1);
	assert_int_equal(q2_lookup(q, 8 * 512, 513, &run), 0);
	assert_int_equal(run.len, 513);
	assert_int_equal(q2_lookup(q, 8 * 512 + 511, 2, &run), 0);
	assert_int_equal(run.len, 2);
	disk_close(&d);
}

/* ------------------------------------------------------- what is remembered */

/* 64 entries each way, and what touches is put together. */
static void
test_span(void **state)
{
	uint64_t i;

	(void)state;
	make(3, 12, 700);
	for (i = 10; i < 400; i++)
		put_entry(i, host(100 + i) | Q2_COPIED);
	open_it(1);
	look(200);
	remembered(0, 136, 264, 236);
	look(328);
	remembered(0, 136, 392, 236);
	look(72);
	remembered(0, 10, 392, 110);
	look(399);
	remembered(0, 10, 400, 110);
	/* Elsewhere, as far as one table's slice goes. */
	assert_int_equal(q2_entry_set(q, 450ULL << 12, host(20)), 0);
	look(450);
	remembered(0, 450, 451, 20);
	assert_false(q->span[0].copied);
	look(10);
	remembered(0, 10, 74, 110);
	assert_true(q->span[0].copied);
	look(139);
	remembered(0, 75, 203, 175);
	disk_close(&d);
}

/* The same way to the store, but not the same right to write. */
static void
test_span_rights(void **state)
{
	struct q2_run run;

	(void)state;
	make(3, 9, 64);
	put_entry(3, host(20));
	put_entry(4, host(21) | Q2_COPIED);
	put_entry(5, host(40) | Q2_COPIED);
	open_it(1);
	look(3);
	look(4);
	remembered(0, 4, 5, 21);
	assert_int_equal(q2_lookup(q, 3 * 512, 1024, &run), 0);
	assert_false(run.copied);
	assert_int_equal(run.len, 512);
	remembered(0, 3, 4, 20);
	look(4);
	look(5);
	remembered(0, 5, 6, 40);
	disk_close(&d);
}

/* With the tables out of reach only what is remembered is known. */
static void
test_span_answers(void **state)
{
	struct q2_run run;
	uint64_t l1e;

	(void)state;
	make(3, 9, 64);
	put_entry(4, host(30));
	put_entry(5, host(31));
	open_it(1);
	look(4);
	l1e = q->l1[0];
	q->l1[0] = 0;
	assert_int_equal(q2_lookup(q, 4 * 512 + 1, 1023, &run), 0);
	assert_int_equal(run.type, Q2_DATA);
	assert_int_equal(run.host, 30 * 512 + 1);
	assert_int_equal(run.len, 1023);
	assert_int_equal(q2_lookup(q, 4 * 512, 1024, &run), 0);
	assert_int_equal(run.len, 1024);
	assert_int_equal(run.entry, 30 * 512);
	assert_int_equal(q2_lookup(q, 4 * 512 + 1, 1024, &run), 0);
	assert_int_equal(run.type, Q2_HOLE);
	assert_int_equal(q2_lookup(q, 6 * 512, 1, &run), 0);
	assert_int_equal(run.type, Q2_HOLE);
	assert_int_equal(q2_lookup(q, 4 * 512 - 1, 1, &run), 0);
	assert_int_equal(run.type, Q2_HOLE);
	q2_span_forget(q);
	assert_int_equal(q2_lookup(q, 4 * 512, 1, &run), 0);
	assert_int_equal(run.type, Q2_HOLE);
	q->l1[0] = l1e;
	look(4);
	disk_close(&d);
}

/* A change inside is the end of it, a change beside it is not. */
static void
test_span_changes(void **state)
{
	static const struct {
		unsigned	cluster;
		int		known;
	} t[] = { { 3, 1 }, { 4, 0 }, { 5, 0 }, { 6, 1 } };
	unsigned i;

	(void)state;
	for (i = 0; i < 4; i++) {
		make(3, 9, 64);
		put_entry(4, host(30));
		put_entry(5, host(31));
		open_it(1);
		look(4);
		assert_int_equal(q2_entry_set(q, t[i].cluster * 512ULL, 0),
		    0);
		assert_int_equal(q->span[0].hi - q->span[0].lo,
		    t[i].known ? 1024 : 0);
		disk_close(&d);
	}
}

/* Nothing goes down to the header, although its number would fit. */
static void
test_span_start(void **state)
{
	struct q2_run run;

	(void)state;
	make(3, 9, 64);
	put_entry(4, Q2_COPIED);
	put_entry(5, 512 | Q2_COPIED);
	put_entry(6, 1024 | Q2_COPIED);
	open_it(1);
	q->reftoff = q->l1off = 60 * 512;
	q->reftn = 64;
	look(6);
	remembered(0, 5, 7, 1);
	assert_int_equal(q2_lookup(q, 4 * 512, 1, &run), 0);
	assert_int_equal(run.type, Q2_HOLE);
	disk_close(&d);
}

/* Slices that share a place do not mix. */
static void
test_span_places(void **state)
{
	struct qcow2_params p = { .size = 65 * 32768, .cluster_bits = 9 };
	struct bstore bs = ms_bstore(&m);
	struct disk_why why;

	(void)state;
	ms_reset(&m);
	assert_int_equal(qcow2_create(&bs, &p, &why), 0);
	open_it(0);
	assert_int_equal(disk_write(d, "x", 1, 0), 0);
	assert_int_equal(disk_write(d, "y", 1, 512 * 64), 0);
	assert_int_equal(disk_write(d, "z", 1, 512 * 64 * 64), 0);
	look(0);
	assert_int_equal(q->span[0].lo, 0);
	assert_int_equal(q->span[0].hi, 512);
	look(64);
	assert_int_equal(q->span[1].lo, 64 * 512);
	look(64 * 64);
	assert_int_equal(q->span[0].lo, 64 * 64 * 512);
	assert_int_equal(q->span[1].lo, 64 * 512);
	disk_close(&d);
}

/* ------------------------------------------------------------------ tables */

/* Nothing, as far as there are no tables. */
static void
test_holes(void **state)
{
	struct q2_run run;
	unsigned i;

	(void)state;
	make(3, 9, 64);
	open_it(1);
	for (i = 0; i < 4; i++)
		q->l1[i] = i == 3 ? q->l1[3] : 0;
	memset(&run, 1, sizeof(run));
	assert_int_equal(q2_lookup(q, 7, 131072 - 7, &run), 0);
	assert_int_equal(run.len, 3 * 32768 - 7);
	assert_int_equal(run.type, Q2_HOLE);
	assert_int_equal(run.host, 0);
	assert_int_equal(run.entry, 0);
	assert_false(run.copied);
	assert_int_equal(q2_lookup(q, 32767, 1, &run), 0);
	assert_int_equal(run.len, 1);
	assert_int_equal(q2_lookup(q, 32767, 2, &run), 0);
	assert_int_equal(run.len, 2);
	assert_int_equal(q2_lookup(q, 3 * 32768 - 1, 2, &run), 0);
	assert_int_equal(run.len, 1);
	q->l1[1] = q->l1[3];
	assert_int_equal(q2_lookup(q, 0, 131072, &run), 0);
	assert_int_equal(run.len, 32768);
	disk_close(&d);
}

/* A table lies on a cluster of its own, in the file. */
static void
test_table_place(void **state)
{
	static const uint64_t wrong[] = { 1, 256, 1ULL << 56, 1ULL << 62,
	    64 * 512, 512, 0x100, 0 };
	struct q2_run run;
	uint64_t e, l1e;
	unsigned i;

	(void)state;
	make(3, 9, 64);
	put_entry(0, 7 * 512);
	open_it(0);
	l1e = q->l1[0];
	for (i = 0; i < 8; i++) {
		q->l1[0] = i < 4 ? l1e | wrong[i] : i < 7 ? wrong[i] :
		    q->l1off;
		q2_span_forget(q);
		assert_int_equal(q2_lookup(q, 0, 1, &run), DISK_ECORRUPT);
		assert_int_equal(q2_entry_get(q, 0, &e), DISK_ECORRUPT);
		assert_int_equal(q2_entry_set(q, 0, 0), DISK_ECORRUPT);
		assert_int_equal(q2_table_own(q, 0), DISK_ECORRUPT);
	}
	q->l1[0] = 63 * 512 | Q2_COPIED;
	assert_int_equal(q2_entry_get(q, 0, &e), 0);
	assert_int_equal(e, 0);
	q->l1[0] = l1e;
	disk_close(&d);
	make(3, 10, 64);
	open_it(1);
	q->l1[0] += 512;
	assert_int_equal(q2_entry_get(q, 0, &e), DISK_ECORRUPT);
	disk_close(&d);
}

/* Each entry is where the format has it, in whichever slice. */
static void
test_slices(void **state)
{
	static const uint64_t at[] = { 0, 1, 511, 512, 513, 8191, 8192,
	    8193, 16383 };
	uint64_t e;
	unsigned i;

	(void)state;
	make(3, 16, 40);
	for (i = 0; i < 9; i++)
		put_entry(at[i], host(20 + i));
	open_it(1);
	for (i = 0; i < 9; i++) {
		assert_int_equal(q2_entry_get(q, at[i] << 16, &e), 0);
		assert_int_equal(e, host(20 + i));
	}
	assert_int_equal(q2_entry_get(q, 2 << 16, &e), 0);
	assert_int_equal(e, 0);
	disk_close(&d);
}

/* A new table is empty, one of others is copied, our own stays. */
static void
test_table_own(void **state)
{
	uint64_t l1, e, c;

	(void)state;
	make(3, 9, 64);
	put_entry(3, host(7) | Q2_COPIED);
	put_entry(64, 0x1111);
	l1 = beb64_get(m.buf + Q2H_L1OFF);
	beb64_put(m.buf + l1, base * 512);
	beb64_put(m.buf + l1 + 8, 0);
	open_it(0);
	assert_int_equal(q2_count_set(q, base, 2), 0);
	assert_int_equal(q2_table_own(q, 32767), 0);
	assert_int_not_equal(q->l1[0], base * 512);
	assert_true((q->l1[0] & Q2_COPIED) != 0);
	assert_int_equal(q2_entry_get(q, 3 * 512, &e), 0);
	assert_true(e == (host(7) | Q2_COPIED));
	e = q->l1[0];
	assert_int_equal(q2_table_own(q, 0), 0);
	assert_true(q->l1[0] == e);
	assert_int_equal(q->need, (e & Q2_OFFMASK) + 512);
	assert_int_equal(q2_table_own(q, 32768), 0);
	assert_true((q->l1[1] & Q2_COPIED) != 0);
	assert_int_equal(q2_entry_get(q, 32768, &e), 0);
	assert_int_equal(e, 0);
	e = q->l1[1] & Q2_OFFMASK;
	assert_int_equal(q->need, e + 512);
	assert_int_equal(q2_count_get(q, (e >> 9) + 1, &c), 0);
	assert_int_equal(c, 0);
	assert_int_equal(q2_entry_set(q, 32768 + 512, 0x2200), 0);
	assert_int_equal(disk_flush(d), 0);
	assert_int_equal(beb64_get(m.buf + e + 8), 0x2200);
	assert_int_not_equal(beb64_get(m.buf + 512), 0);
	assert_int_equal(q2_count_get(q, base, &c), 0);
	assert_int_equal(c, 1);
	assert_true(beb64_get(m.buf + l1) == q->l1[0]);
	assert_true(beb64_get(m.buf + l1 + 8) == q->l1[1]);
	disk_close(&d);
}

/* A cluster that was a table before: nothing of that is remembered. */
static void
test_table_reused(void **state)
{
	uint64_t l1, e;

	(void)state;
	make(3, 9, 64);
	put_entry(0, 0x2200);
	l1 = beb64_get(m.buf + Q2H_L1OFF);
	beb64_put(m.buf + l1, base * 512);
	beb64_put(m.buf + l1 + 8, 0);
	open_it(0);
	assert_int_equal(q2_count_set(q, base, 1), 0);
	assert_int_equal(q2_entry_get(q, 0, &e), 0);
	assert_int_equal(e, 0x2200);
	assert_int_equal(q2_table_own(q, 0), 0);
	assert_int_equal(disk_flush(d), 0);
	assert_int_equal(q2_table_own(q, 32768), 0);
	assert_int_equal(q->l1[1] & Q2_OFFMASK, base * 512);
	assert_int_equal(q2_entry_get(q, 32768, &e), 0);
	assert_int_equal(e, 0);
	disk_close(&d);
}

/* What fails leaves the entry as it was, and counts nothing. */
static void
test_table_own_fails(void **state)
{
	struct ms_plan plan = { .fail_read = 1 };
	uint64_t l1, c;
	int n;

	(void)state;
	make(3, 9, 64);
	l1 = beb64_get(m.buf + Q2H_L1OFF);
	beb64_put(m.buf + l1, base * 512);
	open_it(0);
	for (n = 0; n < 2; n++) {
		/* The counts, then the table. */
		ms_plan(&m, &plan);
		assert_int_equal(q2_table_own(q, 0), DISK_EIO);
		assert_int_equal(q->l1[0], base * 512);
		ms_revive(&m);
		assert_int_equal(q2_count_get(q, base, &c), 0);
		assert_int_equal(c, 0);
		assert_int_equal(q2_count_get(q, base + 1, &c), 0);
		assert_int_equal(c, 0);
	}
	disk_close(&d);
}

static int
begin(void **state)
{
	(void)state;
	ms_init(&m, CAP);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	ms_free(&m);
	return 0;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_run_meets_table),
		cmocka_unit_test(test_run_around_table),
		cmocka_unit_test(test_run_of_one_more),
		cmocka_unit_test(test_span),
		cmocka_unit_test(test_span_rights),
		cmocka_unit_test(test_span_answers),
		cmocka_unit_test(test_span_changes),
		cmocka_unit_test(test_span_start),
		cmocka_unit_test(test_span_places),
		cmocka_unit_test(test_holes),
		cmocka_unit_test(test_table_place),
		cmocka_unit_test(test_slices),
		cmocka_unit_test(test_table_own),
		cmocka_unit_test(test_table_reused),
		cmocka_unit_test(test_table_own_fails),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
