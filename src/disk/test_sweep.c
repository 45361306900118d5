/*
 * One scenario through everything, in which each allocation of memory, each
 * read, write and flush fails once: it is answered, nothing is lost or left
 * over, and the image is in order afterwards.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "convert.h"
#include "qcow2.h"
#include "test_mksnap.h"

#define SIZE	(96u << 10)

void	*__real_malloc(size_t);
void	*__real_calloc(size_t, size_t);
void	*__real_realloc(void *, size_t);
void	 __real_free(void *);
void	*__wrap_malloc(size_t);
void	*__wrap_calloc(size_t, size_t);
void	*__wrap_realloc(void *, size_t);
void	 __wrap_free(void *);

static unsigned calls, fail_at;		/* allocations since arming */
static long alive;			/* allocated and not freed */
static int armed;

static int
fails(void)
{
	return armed && ++calls == fail_at;
}

void *
__wrap_malloc(size_t n)
{
	if (fails())
		return NULL;
	alive += armed;
	return __real_malloc(n);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	if (fails())
		return NULL;
	alive += armed;
	return __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t n)
{
	if (fails())
		return NULL;
	alive += armed && p == NULL;
	return __real_realloc(p, n);
}

void
__wrap_free(void *p)
{
	alive -= armed && p != NULL;
	__real_free(p);
}

static struct ms top, base, out, plain, filled;
static uint8_t buf[SIZE];

static int
opener(void *arg, struct disk_ref *ref, struct bstore *bs,
    struct disk_why *why)
{
	(void)arg;
	(void)ref;
	(void)why;
	*bs = ms_bstore(&base);
	return 0;
}

static int
open_top(struct disk **d, int damaged)
{
	struct disk_opener op = { opener, NULL };
	struct disk_opts o = { .format = DISK_AUTO, .opener = &op,
	    .damaged = damaged };
	struct bstore bs = ms_bstore(&top);
	struct disk_why why;

	return disk_open(&bs, &o, d, &why);
}

/* Two images with something in them; this part never fails. */
static void
prepare(unsigned bits, int snapshot)
{
	struct qcow2_params p = { .size = SIZE, .cluster_bits = bits,
	    .refcount_order = bits == 9 ? 6 : 4, .order_given = 1,
	    .ctype = bits == 9 ? QCOW2_ZSTD : QCOW2_ZLIB };
	struct disk_opts o = { .format = DISK_QCOW2 };
	struct bstore bs = ms_bstore(&base);
	struct disk_why why;
	struct disk *d;

	ms_reset(&top);
	ms_reset(&base);
	ms_reset(&out);
	ms_reset(&plain);
	ms_reset(&filled);
	memset(buf, 0x33, sizeof(buf));
	assert_int_equal(qcow2_create(&bs, &p, &why), 0);
	assert_int_equal(disk_open(&bs, &o, &d, &why), 0);
	assert_int_equal(disk_write(d, buf, SIZE / 2, 1000), 0);
	assert_int_equal(qcow2_write_packed(d, buf, 64 << 10), 0);
	disk_close(&d);
	bs = ms_bstore(&top);
	p.backing = "base";
	assert_int_equal(qcow2_create(&bs, &p, &why), 0);
	assert_int_equal(open_top(&d, 0), 0);
	assert_int_equal(disk_write(d, buf, 100, 5), 0);
	assert_int_equal(disk_zero(d, 4096, 8192, 0), 0);
	disk_close(&d);
	if (snapshot)
		mks_snapshot(&top);
}

#define TRY(x)	do { if ((rv = (x)) != 0) goto done; } while (0)

static int
requests(struct disk *d)
{
	struct iovec v[2] = { { buf, 700 }, { buf + 9000, 5000 } };
	struct disk_extent e;
	int rv;

	TRY(disk_write(d, buf, 3000, 30000));
	TRY(disk_writev(d, v, 2, 4100));
	TRY(disk_read(d, buf, SIZE, 0));
	TRY(disk_discard(d, 20000, 9000));
	TRY(disk_zero(d, 50000, 3000, 1));
	TRY(disk_zero(d, 60000, 30000, 0));
	TRY(qcow2_write_packed(d, buf, 80 << 10));
	TRY(disk_grow(d, SIZE * 40));
	TRY(disk_write(d, buf, 3000, SIZE * 40 - 3000));
	TRY(disk_extent(d, 0, SIZE, &e));
	TRY(disk_flush(d));
	TRY(disk_write(d, buf, 300, 300000));
	/* An L1 table longer than what a block of counts covers. */
	TRY(disk_grow(d, SIZE * 1400ULL));
	TRY(disk_write(d, buf, 300, SIZE * 1300ULL));
done:
	return rv;
}

static int
copy_out(struct disk *src, struct ms *to, int packed)
{
	struct qcow2_params p = { .size = src->size,
	    .cluster_bits = 12 };
	struct disk_opts o = { .format = DISK_QCOW2 };
	struct bstore bs = ms_bstore(to);
	struct convert c = { .buf = NULL };
	struct disk_why why;
	struct disk *dst = NULL;
	int rv;

	TRY(qcow2_create(&bs, &p, &why));
	TRY(disk_open(&bs, &o, &dst, &why));
	TRY(convert_begin(&c, src, dst, packed));
	while ((rv = convert_step(&c)) == 1)
		;
	if (rv == 0)
		rv = disk_flush(dst);
done:
	convert_end(&c);
	disk_close(&dst);
	return rv;
}

static int
preallocate(void)
{
	struct qcow2_params p = { .size = SIZE, .prealloc = 1 };
	struct bstore bs = ms_bstore(&filled);
	struct disk_why why;

	return qcow2_create(&bs, &p, &why);
}

/* The image's bytes as a disk. */
static int
as_raw(void)
{
	struct disk_opts o = { .format = DISK_RAW };
	struct bstore bs = ms_bstore(&filled);
	struct disk_why why;
	struct disk *d;
	int rv;

	rv = disk_open(&bs, &o, &d, &why);
	disk_close(&d);
	return rv;
}

/* Everything once; the first code that is not 0. */
static int
scenario(void)
{
	struct qcow2_check c = { 0 };
	struct disk *d = NULL;
	int rv;

	TRY(open_top(&d, 0));
	TRY(requests(d));
	TRY(qcow2_check(d, &c, 1));
	TRY(copy_out(d, &out, 1));
	TRY(copy_out(d, &plain, 0));
	TRY(preallocate());
	TRY(as_raw());
	disk_close(&d);
	top.buf[79] |= 1;			/* dirty: rebuilt */
	TRY(open_top(&d, 0));
	rv = disk_flush(d);
done:
	disk_close(&d);
	return rv;
}

static void
in_order(void)
{
	struct qcow2_check c = { 0 };
	struct disk *d;

	ms_revive(&top);
	ms_revive(&base);
	ms_revive(&out);
	ms_revive(&plain);
	ms_revive(&filled);
	assert_int_equal(open_top(&d, 0), 0);
	assert_int_equal(qcow2_check(d, &c, 0), 0);
	assert_int_equal(c.corruptions, 0);
	assert_int_equal(disk_read(d, buf, SIZE, 0), 0);
	disk_close(&d);
}

static void
sweep_memory(unsigned bits, int snapshot)
{
	unsigned n = 0;
	int rv;

	do {
		prepare(bits, snapshot);
		calls = 0;
		alive = 0;
		fail_at = ++n;
		armed = 1;
		rv = scenario();
		armed = 0;
		assert_int_equal(alive, 0);
		assert_int_equal(rv, calls < n ? 0 : DISK_ENOMEM);
		in_order();
		assert_true(n < 2000);
	} while (calls >= n);
	print_message("%u allocations\n", n - 1);
	assert_true(n > 50);
}

static void
test_memory(void **state)
{
	(void)state;
	sweep_memory(9, 0);
	sweep_memory(9, 1);
	sweep_memory(14, 0);
	sweep_memory(14, 1);
}

/* Which of the plan's numbers is swept. */
static void
sweep(uint64_t *field, struct ms_plan *plan, struct ms *where)
{
	unsigned n, unhurt = 0;
	int rv;

	for (n = 1; unhurt < 60 && n < 3000; n++) {
		prepare(9 + n % 2 * 3, n % 3 == 0);
		*field = n;
		plan->seed = n;
		ms_plan(where, plan);
		rv = scenario();
		unhurt = rv == 0 ? unhurt + 1 : 0;
		assert_true(rv == 0 || rv == DISK_EIO || rv == DISK_ENOSPC);
		in_order();
	}
	print_message("%u calls\n", n);
	*field = 0;
}

static void
test_store(void **state)
{
	struct ms_plan p = { 0 };

	(void)state;
	sweep(&p.fail_read, &p, &top);
	sweep(&p.fail_write, &p, &top);
	sweep(&p.fail_flush, &p, &top);
	sweep(&p.full_write, &p, &top);
	sweep(&p.crash_write, &p, &top);
	p.lossy = 1;
	sweep(&p.crash_write, &p, &top);
	p.lossy = 0;
	sweep(&p.fail_read, &p, &base);
	sweep(&p.fail_write, &p, &out);
	sweep(&p.fail_write, &p, &filled);
	sweep(&p.full_write, &p, &plain);
}

static int
begin(void **state)
{
	(void)state;
	ms_init(&top, 16u << 20);
	ms_init(&base, 4u << 20);
	ms_init(&out, 16u << 20);
	ms_init(&plain, 16u << 20);
	ms_init(&filled, 4u << 20);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	ms_free(&top);
	ms_free(&base);
	ms_free(&out);
	ms_free(&plain);
	ms_free(&filled);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_store),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
