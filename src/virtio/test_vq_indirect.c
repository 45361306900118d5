/* Indirect tables: virtio 1.3, 2.7.5.3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "test_ring.h"

#define SIZE	8U
#define AT	0x4000U			/* of the table in the data range */
#define TABLE	(RING_DATA_GPA + AT)

static void
table(struct ring *r, unsigned i, uint64_t addr, uint32_t len, unsigned flags,
    unsigned next)
{
	ring_desc_at(r->data + AT + 16 * i, addr, len, flags, next);
}

/* Two readable bytes "ab", then four writable ones. */
static void
fill_table(struct ring *r)
{
	memcpy(r->data + 8, "ab", 2);
	table(r, 0, RING_DATA_GPA + 8, 2, D_NEXT, 2);
	table(r, 1, RING_DATA_GPA + 0x103, 1, D_WRITE, 0xffff);
	table(r, 2, RING_DATA_GPA + 0x100, 3, D_WRITE | D_NEXT, 1);
}

static void
take(struct ring *r, struct vq_chain *c, unsigned head)
{
	ring_offer(r, head);
	assert_int_equal(ring_begin(r), 0);
	assert_int_equal(vq_next(&r->w, c), VQ_CHAIN);
}

static void
refused(struct ring *r)
{
	uint16_t at = r->idx;
	int irq;

	ring_offer(r, 0);
	assert_int_equal(ring_serve(r, &irq), 0);
	assert_int_equal(r->w.malformed, 1);
	assert_int_equal(r->vq.broken, 0);
	assert_int_equal(ring_used_idx(r), (uint16_t)(at + 1));
	assert_int_equal(ring_used_id(r, at), 0);
	assert_int_equal(ring_used_len(r, at), 0);
}

/* req: VQ-09 VQ-06 */
static void
test_table(void **state)
{
	struct ring *r = ring_new(SIZE, RING_INDIRECT);
	struct vq_chain c;
	uint8_t buf[4];

	(void)state;
	fill_table(r);
	table(r, 3, 0, 1, D_WRITE, 0);		/* nobody gets there */
	ring_desc(r, 5, TABLE, 64, D_INDIRECT, 0xffff);
	take(r, &c, 5);
	assert_int_equal(c.head, 5);
	assert_int_equal(c.rlen, 2);
	assert_int_equal(c.wlen, 4);
	assert_int_equal(chain_read(&c, buf, 4), 2);
	assert_memory_equal(buf, "ab", 2);
	assert_int_equal(chain_write(&c, "wxyz", 4), 4);
	vq_done(&r->w, &c);
	assert_int_equal(vq_next(&r->w, &c), VQ_EMPTY);
	assert_int_equal(vq_end(&r->w), 1);
	assert_int_equal(ring_used_id(r, 0), 5);
	assert_int_equal(ring_used_len(r, 0), 4);
	assert_memory_equal(r->data + 0x100, "wxyz", 4);
	/* Entries 0, 2, 1 were read once each, 3 was not, none was stored. */
	assert_int_equal(ring_count(r, 0, TABLE, 48), 3);
	assert_int_equal(ring_count(r, 0, TABLE + 48, 16), 0);
	assert_int_equal(ring_count(r, 1, TABLE, 64), 0);
	assert_int_equal(ring_count(r, 1, RING_DESC_GPA, 16 * SIZE), 0);
	ring_free(r);
}

/* req: VQ-07 */
static void
test_write_flag(void **state)
{
	struct ring *r = ring_new(SIZE, RING_INDIRECT);
	struct vq_chain c;

	(void)state;
	fill_table(r);
	ring_desc(r, 0, TABLE, 48, D_INDIRECT | D_WRITE, 0);
	take(r, &c, 0);
	assert_int_equal(c.rlen, 2);
	assert_int_equal(c.wlen, 4);
	(void)vq_end(&r->w);
	ring_free(r);
}

/* req: VQ-08 */
static void
test_mixed(void **state)
{
	struct ring *r = ring_new(SIZE, RING_INDIRECT);
	struct vq_chain c;
	uint8_t buf[8];

	(void)state;
	fill_table(r);
	memcpy(r->data + 0x40, "123", 3);
	ring_desc(r, 6, RING_DATA_GPA + 0x40, 1, D_NEXT, 1);
	ring_desc(r, 1, RING_DATA_GPA + 0x41, 2, D_NEXT, 3);
	ring_desc(r, 3, TABLE, 48, D_INDIRECT, 0);
	take(r, &c, 6);
	assert_int_equal(c.rlen, 5);
	assert_int_equal(c.wlen, 4);
	assert_int_equal(chain_read(&c, buf, 8), 5);
	assert_memory_equal(buf, "123ab", 5);
	(void)vq_end(&r->w);
	ring_free(r);
	/* The order of roles holds over the border. */
	r = ring_new(SIZE, RING_INDIRECT);
	fill_table(r);
	ring_desc(r, 0, RING_DATA_GPA, 1, D_NEXT | D_WRITE, 1);
	ring_desc(r, 1, TABLE, 48, D_INDIRECT, 0);
	refused(r);
	ring_free(r);
}

/* req: DRV-30 */
static void
test_not_accepted(void **state)
{
	struct ring *r = ring_new(SIZE, 0);

	(void)state;
	fill_table(r);
	ring_desc(r, 0, TABLE, 48, D_INDIRECT, 0);
	refused(r);
	assert_int_equal(ring_count(r, -1, RING_DATA_GPA, RING_DATA), 0);
	ring_free(r);
}

/* req: DRV-31 */
static void
test_nested(void **state)
{
	struct ring *r = ring_new(SIZE, RING_INDIRECT);
	unsigned i;

	(void)state;
	for (i = 0; i < 2; i++) {
		fill_table(r);
		table(r, i == 0 ? 0 : 2, TABLE, 48, D_INDIRECT, 0);
		ring_desc(r, 0, TABLE, 48, D_INDIRECT, 0);
		refused(r);
	}
	ring_free(r);
}

/* req: DRV-33 */
static void
test_with_next(void **state)
{
	struct ring *r = ring_new(SIZE, RING_INDIRECT);

	(void)state;
	fill_table(r);
	ring_desc(r, 0, TABLE, 48, D_INDIRECT | D_NEXT, 1);
	ring_desc(r, 1, RING_DATA_GPA, 4, D_WRITE, 0);
	refused(r);
	assert_int_equal(ring_count(r, -1, RING_DATA_GPA, RING_DATA), 0);
	ring_free(r);
}

/* req: DRV-44 */
static void
test_table_lengths(void **state)
{
	static const uint32_t bad[] = {
		0, 1, 15, 17, 47, 49, 16 * (VQ_SEGMAX + 1), 0x10000000,
		0x80000000, 0xfffffff0, UINT32_MAX
	};
	struct ring *r = ring_new(SIZE, RING_INDIRECT);
	struct vq_chain c;
	unsigned i, huge;

	(void)state;
	for (i = 0; i < 2 * sizeof(bad) / sizeof(bad[0]); i++) {
		huge = i & 1;		/* where even 4 GiB are mapped */
		fill_table(r);
		ring_desc(r, 0, huge ? RING_HUGE_GPA : TABLE, bad[i / 2],
		    D_INDIRECT, 0);
		refused(r);
	}
	/* The longest one that is a table at all. */
	table(r, 0, RING_DATA_GPA, 1, D_WRITE, 0);
	ring_desc(r, 0, TABLE, 16 * VQ_SEGMAX, D_INDIRECT, 0);
	take(r, &c, 0);
	assert_int_equal(c.wlen, 1);
	(void)vq_end(&r->w);
	ring_free(r);
}

/* req: DRV-44 DRV-21 */
static void
test_table_outside(void **state)
{
	static const uint64_t bad[] = {
		0, RING_DATA_GPA - 16, RING_DATA_GPA + RING_DATA - 16,
		RING_DATA_GPA + 2 * RING_DATA - 32, 0x80000000,
		UINT64_MAX - 15, UINT64_MAX
	};
	struct ring *r = ring_new(SIZE, RING_INDIRECT);
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ring_desc(r, 0, bad[i], 48, D_INDIRECT, 0);
		refused(r);
	}
	assert_int_equal(ring_count(r, -1, RING_DATA_GPA, 2 * RING_DATA), 0);
	ring_free(r);
}

/* Nothing says that a table is aligned. */
static void
test_odd_place(void **state)
{
	struct ring *r = ring_new(SIZE, RING_INDIRECT);
	struct vq_chain c;

	(void)state;
	ring_desc_at(r->data + AT + 3, RING_DATA_GPA, 7, D_WRITE, 0);
	ring_desc(r, 0, TABLE + 3, 16, D_INDIRECT, 0);
	take(r, &c, 0);
	assert_int_equal(c.wlen, 7);
	(void)vq_end(&r->w);
	ring_free(r);
}

/* req: DRV-43 */
static void
test_next_outside(void **state)
{
	struct ring *r = ring_new(SIZE, RING_INDIRECT);

	(void)state;
	fill_table(r);
	ring_desc(r, 0, TABLE, 32, D_INDIRECT, 0);	/* entry 2 is outside */
	refused(r);
	table(r, 0, RING_DATA_GPA, 1, D_WRITE | D_NEXT, 0xffff);
	refused(r);
	ring_free(r);
}

/* req: DRV-27 */
static void
test_loop(void **state)
{
	struct ring *r = ring_new(SIZE, RING_INDIRECT);
	int irq;

	(void)state;
	table(r, 0, RING_DATA_GPA, 1, D_NEXT, 1);
	table(r, 1, RING_DATA_GPA, 1, D_NEXT, 0);
	ring_desc(r, 0, TABLE, 16 * 20, D_INDIRECT, 0);
	ring_offer(r, 0);
	assert_int_equal(ring_serve(r, &irq), -1);
	assert_int_equal(r->vq.broken, 1);
	assert_int_equal(ring_count(r, 0, TABLE, 32), 20);
	ring_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_write_flag),
		cmocka_unit_test(test_mixed),
		cmocka_unit_test(test_not_accepted),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_with_next),
		cmocka_unit_test(test_table_lengths),
		cmocka_unit_test(test_table_outside),
		cmocka_unit_test(test_odd_place),
		cmocka_unit_test(test_next_outside),
		cmocka_unit_test(test_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
