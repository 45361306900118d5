/* Entries of L2 tables taken apart: each kind, each bit, each limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "qcow2_int.h"

static struct qcow2 fake;

static void
make_fake(unsigned version, unsigned cbits)
{
	memset(&fake, 0, sizeof(fake));
	fake.h.version = version;
	fake.cbits = cbits;
	fake.csize = 1ULL << cbits;
	fake.eof = 64 * fake.csize;
	fake.reftoff = fake.csize;
	fake.reftn = (uint32_t)(fake.csize / 8);
	fake.l1off = 3 * fake.csize;
	fake.l1n = 1;
}

static void
is(uint64_t entry, enum q2_type type, uint64_t at)
{
	struct q2_run run;

	memset(&run, 0xa5, sizeof(run));
	assert_int_equal(q2_decode(&fake, entry, &run), 0);
	assert_int_equal(run.type, type);
	assert_int_equal(run.host, at);
	assert_int_equal(run.copied, entry >> 63);
	assert_true(run.entry == entry);
}

static void
bad(uint64_t entry)
{
	struct q2_run run;

	assert_int_equal(q2_decode(&fake, entry, &run), DISK_ECORRUPT);
}

static void
test_decode(void **state)
{
	unsigned bit;
	uint64_t c;

	(void)state;
	for (bit = 9; bit <= 21; bit++) {
		make_fake(3, bit);
		c = fake.csize;
		is(0, Q2_HOLE, 0);
		is(Q2_COPIED, Q2_HOLE, 0);
		is(Q2_ZEROFLAG, Q2_ZERO, 0);
		is(5 * c, Q2_DATA, 5 * c);
		is(5 * c | Q2_COPIED, Q2_DATA, 5 * c);
		is(5 * c | Q2_ZEROFLAG, Q2_ZEROALLOC, 5 * c);
		is(63 * c, Q2_DATA, 63 * c);
		bad(64 * c);
		bad(64 * c | Q2_ZEROFLAG);
		bad(5 * c + c / 2);
		/* The tables, and what is beside them. */
		bad(c | Q2_COPIED);
		is(2 * c, Q2_DATA, 2 * c);
		bad(3 * c);
		is(4 * c, Q2_DATA, 4 * c);
	}
	make_fake(3, 9);
	for (bit = 1; bit < 62; bit += bit == 8 ? 48 : 1)
		bad(5 * 512 | 1ULL << bit);
	make_fake(2, 9);
	is(5 * 512, Q2_DATA, 5 * 512);
	bad(5 * 512 | Q2_ZEROFLAG);
	bad(Q2_ZEROFLAG);
}

static void
spans(unsigned cbits, uint64_t entry, uint64_t wantoff, uint64_t wantlen)
{
	uint64_t off = 0, len = 0;

	make_fake(3, cbits);
	q2_packed_span(&fake, entry, &off, &len);
	assert_int_equal(off, wantoff);
	assert_int_equal(len, wantlen);
}

static void
test_packed(void **state)
{
	struct q2_run run;
	uint64_t x = 1ULL << 61;

	(void)state;
	spans(9, Q2_PACKED | 0x12345, 0x12345, 512 - 0x145);
	spans(9, Q2_PACKED | x | 0x12345, 0x12345, 1024 - 0x145);
	spans(9, Q2_COPIED | Q2_PACKED | (x - 1), x - 1, 1);
	spans(16, Q2_PACKED | 255ULL << 54 | 0x400, 0x400, 256 * 512);
	spans(21, Q2_PACKED | 8191ULL << 49 | 511, 511, 8191 * 512 + 1);
	make_fake(3, 9);
	bad(Q2_PACKED | Q2_COPIED | 0x1000);
	bad(Q2_PACKED | 64 * 512);
	assert_int_equal(q2_decode(&fake, Q2_PACKED | (64 * 512 - 1), &run),
	    0);
	assert_int_equal(run.type, Q2_ZIPPED);
	assert_int_equal(run.host, 64 * 512 - 1);
	assert_false(run.copied);
	/* It may end a cluster behind the end of the file, not more. */
	assert_int_equal(q2_decode(&fake, Q2_PACKED | x | 63 * 512, &run), 0);
	fake.eof -= 512;
	bad(Q2_PACKED | x | 62 * 512 | Q2_COPIED);
	assert_int_equal(q2_decode(&fake, Q2_PACKED | x | 62 * 512, &run), 0);
	fake.csize = 511;
	bad(Q2_PACKED | x | 62 * 512);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_packed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
