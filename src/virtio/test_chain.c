/* The cursors over a chain: where segments end has no meaning. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "test_ring.h"

#define LEN	12U

static const char text[] = "abcdefghijkl";

/* Twelve bytes of one role in three segments at distances, cut at a and b. */
static void
offer(struct ring *r, unsigned a, unsigned b, int writable)
{
	unsigned cut[4] = { 0, a, b, LEN }, i;
	uint8_t *p;

	memset(r->data, 0xee, 0x400);
	for (i = 0; i < 3; i++) {
		p = r->data + 0x100 * i;
		ring_desc(r, i, RING_DATA_GPA + 0x100 * i,
		    cut[i + 1] - cut[i], (writable ? D_WRITE : 0) |
		    (i < 2 ? D_NEXT : 0), i + 1);
		if (!writable)
			memcpy(p, text + cut[i], cut[i + 1] - cut[i]);
	}
	ring_offer(r, 0);
}

/* What lies in the three segments now. */
static void
collect(const struct ring *r, unsigned a, unsigned b, uint8_t *to)
{
	memcpy(to, r->data, a);
	memcpy(to + a, r->data + 0x100, b - a);
	memcpy(to + b, r->data + 0x200, LEN - b);
	/* And nothing behind them. */
	assert_int_equal(r->data[a], 0xee);
	assert_int_equal(r->data[0x100 + b - a], 0xee);
	assert_int_equal(r->data[0x200 + LEN - b], 0xee);
}

static void
take(struct ring *r, struct vq_chain *c)
{
	r->nlog = 0;
	assert_int_equal(ring_begin(r), 0);
	assert_int_equal(vq_next(&r->w, c), VQ_CHAIN);
}

/* req: VQ-01 */
static void
test_read_splits(void **state)
{
	struct ring *r = ring_new(4, 0);
	struct vq_chain c;
	unsigned a, b, k;
	uint8_t buf[LEN + 4];

	(void)state;
	for (a = 0; a <= LEN; a++)
		for (b = a; b <= LEN; b++)
			for (k = 0; k <= LEN; k++) {
				offer(r, a, b, 0);
				take(r, &c);
				memset(buf, 0, sizeof(buf));
				assert_int_equal(chain_read(&c, buf, k), k);
				assert_int_equal(c.rlen, LEN - k);
				assert_int_equal(chain_read(&c, buf + k,
				    LEN), LEN - k);
				assert_memory_equal(buf, "abcdefghijkl\0\0\0",
				    LEN + 4);
				assert_int_equal(c.rlen, 0);
				assert_int_equal(c.nr, 0);
				assert_int_equal(chain_read(&c, buf, 1), 0);
				assert_int_equal(c.written, 0);
				vq_done(&r->w, &c);
				(void)vq_end(&r->w);
			}
	ring_free(r);
}

/* req: VQ-01 VQ-17 */
static void
test_write_splits(void **state)
{
	struct ring *r = ring_new(4, 0);
	struct vq_chain c;
	unsigned a, b, k;
	uint8_t got[LEN], want[LEN];

	(void)state;
	for (a = 0; a <= LEN; a++)
		for (b = a; b <= LEN; b++)
			for (k = 0; k <= LEN; k++) {
				offer(r, a, b, 1);
				take(r, &c);
				assert_int_equal(chain_write(&c,
				    "abcdefghijkl", k), k);
				assert_int_equal(c.written, k);
				assert_int_equal(c.wlen, LEN - k);
				assert_int_equal(chain_zero(&c, 3),
				    LEN - k < 3 ? LEN - k : 3);
				memset(want, 0xee, LEN);
				memcpy(want, "abcdefghijkl", k);
				memset(want + k, 0, LEN - k < 3 ? LEN - k : 3);
				collect(r, a, b, got);
				assert_memory_equal(got, want, LEN);
				vq_done(&r->w, &c);
				(void)vq_end(&r->w);
				assert_int_equal(ring_used_len(r, r->idx - 1),
				    k + 3 < LEN ? k + 3 : LEN);
			}
	ring_free(r);
}

/* More than fits is cut, on both sides. */
static void
test_too_much(void **state)
{
	static const uint8_t src[LEN + 8] = "abcdefghijklmnopqrs";
	struct ring *r = ring_new(4, 0);
	struct vq_chain c;
	uint8_t got[LEN];

	(void)state;
	offer(r, 5, 9, 1);
	take(r, &c);
	assert_int_equal(chain_write(&c, src, sizeof(src)), LEN);
	assert_int_equal(c.written, LEN);
	assert_int_equal(chain_write(&c, src, 1), 0);
	assert_int_equal(chain_zero(&c, 1), 0);
	assert_int_equal(chain_read(&c, got, LEN), 0);
	collect(r, 5, 9, got);
	assert_memory_equal(got, src, LEN);
	assert_int_equal(c.nw, 0);
	ring_free(r);
}

/* Somebody else filled the vectors: the tap hears of exactly these bytes. */
static void
test_filled(void **state)
{
	struct ring *r = ring_new(4, 0);
	struct vq_chain c;
	unsigned k, i;
	size_t sum;

	(void)state;
	for (k = 0; k <= LEN + 3; k++) {
		offer(r, 5, 9, 1);
		take(r, &c);
		r->nlog = 0;
		chain_filled(&c, k);
		for (i = 0, sum = 0; i < r->nlog; i++) {
			assert_int_equal(r->log[i].store, 1);
			sum += r->log[i].len;
		}
		assert_int_equal(sum, k < LEN ? k : LEN);
		assert_int_equal(c.written, sum);
		assert_int_equal(c.wlen, LEN - sum);
		if (k == 7) {
			assert_int_equal(c.nw, 2);
			assert_ptr_equal(c.w[0].iov_base, r->data + 0x102);
			assert_int_equal(c.w[0].iov_len, 2);
		}
		vq_done(&r->w, &c);
		(void)vq_end(&r->w);
	}
	ring_free(r);
}

/* The status byte is the last one, wherever segments end. */
static void
test_tail(void **state)
{
	struct ring *r = ring_new(4, 0);
	struct vq_chain c;
	struct iovec tail;
	uint8_t got[LEN];
	unsigned a, b;

	(void)state;
	for (a = 0; a <= LEN; a++)
		for (b = a; b <= LEN; b++) {
			offer(r, a, b, 1);
			take(r, &c);
			assert_int_equal(chain_split_tail(&c, &tail), 0);
			assert_int_equal(tail.iov_len, 1);
			assert_int_equal(c.wlen, LEN - 1);
			assert_int_equal(c.written, 0);
			assert_int_equal(chain_write(&c, "abcdefghijkl",
			    LEN), LEN - 1);
			chain_put_tail(&c, &tail, 0x99);
			assert_int_equal(c.written, LEN);
			collect(r, a, b, got);
			assert_memory_equal(got, "abcdefghijk\x99", LEN);
			assert_int_equal(r->log[r->nlog - 1].store, 1);
			assert_int_equal(r->log[r->nlog - 1].len, 1);
			vq_done(&r->w, &c);
			(void)vq_end(&r->w);
		}
	ring_free(r);
}

static void
test_tail_alone(void **state)
{
	struct ring *r = ring_new(4, 0);
	struct vq_chain c;
	struct iovec tail;

	(void)state;
	offer(r, 3, 6, 0);
	take(r, &c);
	assert_int_equal(chain_split_tail(&c, &tail), -1);
	vq_done(&r->w, &c);
	ring_desc(r, 0, RING_DATA_GPA + 0x300, 1, D_WRITE, 0);
	ring_offer(r, 0);
	assert_int_equal(vq_next(&r->w, &c), VQ_CHAIN);
	assert_int_equal(chain_split_tail(&c, &tail), 0);
	assert_int_equal(c.wlen, 0);
	assert_int_equal(c.nw, 0);
	assert_int_equal(chain_split_tail(&c, &tail), -1);
	chain_put_tail(&c, &tail, 0);
	assert_int_equal(r->data[0x300], 0);
	assert_int_equal(c.written, 1);
	(void)vq_end(&r->w);
	ring_free(r);
}

/* An answer in front of the data, known after it, wherever segments end. */
static void
test_head(void **state)
{
	struct ring *r = ring_new(4, 0);
	struct chain_head h;
	struct vq_chain c;
	uint8_t got[LEN];
	unsigned a, b, k;

	(void)state;
	for (a = 0; a <= LEN; a++)
		for (b = a; b <= LEN; b++)
			for (k = 0; k <= LEN; k++) {
				offer(r, a, b, 1);
				take(r, &c);
				chain_split_head(&c, k, &h);
				assert_int_equal(c.wlen, LEN - k);
				assert_int_equal(c.written, 0);
				assert_true(c.nw == 0 ||
				    c.w[c.nw - 1].iov_len > 0);
				assert_int_equal(c.nw == 0, k == LEN);
				chain_put_head(&c, &h, text);
				assert_int_equal(c.written, k);
				assert_int_equal(chain_write(&c, text + k,
				    LEN), LEN - k);
				assert_int_equal(c.written, LEN);
				collect(r, a, b, got);
				assert_memory_equal(got, text, LEN);
				vq_done(&r->w, &c);
				(void)vq_end(&r->w);
			}
	ring_free(r);
}

static void
test_limit(void **state)
{
	struct ring *r = ring_new(4, 0);
	struct vq_chain c;
	uint8_t buf[LEN];
	unsigned k, want;
	size_t sum;
	int i;

	(void)state;
	for (k = 0; k <= LEN + 2; k++) {
		want = k < LEN ? k : LEN;
		offer(r, 5, 9, 1);
		take(r, &c);
		chain_limit(&c, 0, k);
		for (i = 0, sum = 0; i < c.nw; i++) {
			assert_true(c.w[i].iov_len > 0);
			sum += c.w[i].iov_len;
		}
		assert_int_equal(sum, want);
		assert_int_equal(c.wlen, want);
		assert_int_equal(chain_zero(&c, LEN), want);
		vq_done(&r->w, &c);
		(void)vq_end(&r->w);
		offer(r, 5, 9, 0);
		take(r, &c);
		chain_limit(&c, k, 0);
		assert_int_equal(chain_read(&c, buf, LEN), want);
		assert_memory_equal(buf, text, want);
		vq_done(&r->w, &c);
		(void)vq_end(&r->w);
	}
	ring_free(r);
}

static void
replace(struct ring *r, const struct ring_access *a)
{
	if (!a->store && a->gpa >= RING_DATA_GPA)
		memset(r->data, 0x33, 0x300);
}

/* The guest changes bytes as soon as they were read: nobody cares. */
static void
test_read_once(void **state)
{
	struct ring *r = ring_new(4, 0);
	struct vq_chain c;
	uint8_t buf[LEN];

	(void)state;
	offer(r, LEN, LEN, 0);
	take(r, &c);
	r->hook = replace;
	assert_int_equal(chain_read(&c, buf, LEN), LEN);
	assert_memory_equal(buf, "abcdefghijkl", LEN);
	assert_int_equal(r->data[0], 0x33);
	ring_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read_splits),
		cmocka_unit_test(test_write_splits),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_filled),
		cmocka_unit_test(test_tail),
		cmocka_unit_test(test_tail_alone),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_read_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
