/*
 * Bounds of a disk that need more room than the simulator has: sizes of
 * transfers, turns, lists, and what attach refuses.  The memory behind the
 * buffers is the same page again and again; a host that moves nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "vioblk.h"
#include "virtio_dev.h"

#define MEM	0x40000U
#define DESC	0x1000U
#define AVAIL	0x6000U
#define USED	0x7000U
#define HEADER	0xa000U
#define STATUS	0xa100U
#define LIST	0xa200U
#define TABLE	0x10000U
#define DATA	0x20000U
#define FAR	(1ULL << 33)		/* long, and nobody moves bytes there */
#define FARLEN	(1ULL << 30)
#define QSIZE	1024U
#define HUGECAP	((1ULL << 54) - 1)

static uint8_t *mem, *state_mem;
static struct gmem gm;
static struct dev *dev;
static uint16_t avail;
static struct blk_io last;
static unsigned ncalls, again;
static char logline[128];

static int
host_blk(void *arg, struct blk_io *io)
{
	(void)arg;
	last = *io;
	ncalls++;
	return BLK_OK;
}

static void
host_irq(void *arg, int level)
{
	(void)arg;
	(void)level;
}

static void
host_again(void *arg, uint32_t q)
{
	(void)arg;
	again |= 1U << q;
}

static void host_log(void *, enum host_log, const char *, ...)
    __attribute__((format(printf, 3, 4)));

static void
host_log(void *arg, enum host_log level, const char *fmt, ...)
{
	va_list ap;

	(void)arg;
	(void)level;
	va_start(ap, fmt);
	(void)vsnprintf(logline, sizeof(logline), fmt, ap);
	va_end(ap);
}

static const struct host_ops hops = {
	.irq = host_irq, .blk = host_blk, .again = host_again, .log = host_log
};

static struct dev *
attach(struct wbuf *w)
{
	struct dev_host h = { &hops, NULL };
	struct devconf c = { w->p, w->len };

	logline[0] = '\0';
	return dev_attach(&vioblk_dev, state_mem, &h, &gm, &c);
}

static void
reg(unsigned off, unsigned width, uint64_t v)
{
	struct viodev_msg m = {
		.type = VIODEV_WRITE, .width = (uint8_t)width,
		.space = VIODEV_COMMON, .where = off, .data = v
	};

	dev_msg(dev, &m);
}

static int
setup(void **state)
{
	uint8_t buf[64];
	struct wbuf w;

	(void)state;
	mem = calloc(1, MEM);
	state_mem = malloc(vioblk_dev.size + vioblk_dev.scratch);
	memset(&gm, 0, sizeof(gm));
	assert_int_equal(gm_add(&gm, 0, MEM, mem), 0);
	assert_int_equal(gm_add(&gm, FAR, FARLEN, mem), 0);
	wb_init(&w, buf, sizeof(buf));
	devconf_put_int(&w, DEVCONF_CAPACITY, HUGECAP);
	devconf_put_int(&w, DEVCONF_QSIZE, QSIZE);
	dev = attach(&w);
	assert_non_null(dev);
	reg(VIRTIO_DEVICE_STATUS, 1, 3);
	reg(VIRTIO_DRIVER_FEATURE, 4, UINT32_MAX & ~VIRTIO_F_EVENT_IDX &
	    (uint32_t)((struct virtio_dev *)dev)->offered);
	reg(VIRTIO_DRIVER_FEATURE_SELECT, 4, 1);
	reg(VIRTIO_DRIVER_FEATURE, 4, 1);
	reg(VIRTIO_DEVICE_STATUS, 1, 11);
	reg(VIRTIO_QUEUE_DESC, 4, DESC);
	reg(VIRTIO_QUEUE_DRIVER, 4, AVAIL);
	reg(VIRTIO_QUEUE_DEVICE, 4, USED);
	reg(VIRTIO_QUEUE_ENABLE, 2, 1);
	reg(VIRTIO_DEVICE_STATUS, 1, 15);
	assert_true(virtio_live((struct virtio_dev *)dev));
	avail = 0;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	dev_detach(dev);
	free(mem);
	free(state_mem);
	return 0;
}

static void
put(uint8_t *at, uint64_t gpa, uint32_t len, unsigned flags, unsigned next)
{
	le64_put(at, gpa);
	le32_put(at + 8, len);
	le16_put(at + 12, (uint16_t)flags);
	le16_put(at + 14, (uint16_t)next);
}

/* One request whose data is n segments of len bytes, and the status. */
static void
offer(unsigned type, unsigned n, uint32_t len, int write)
{
	unsigned i, flags = VRING_DESC_NEXT;

	le32_put(mem + HEADER, type);
	put(mem + TABLE, HEADER, 16, flags, 1);
	for (i = 0; i < n; i++)
		put(mem + TABLE + 16 * (i + 1),
		    type == VIOBLK_T_IN || type == VIOBLK_T_OUT ? FAR : LIST,
		    len, flags | (write ? VRING_DESC_WRITE : 0), i + 2);
	put(mem + TABLE + 16 * (n + 1), STATUS, 1, VRING_DESC_WRITE, 0);
	put(mem + DESC, TABLE, 16 * (n + 2), VRING_DESC_INDIRECT, 0);
	le16_put(mem + AVAIL + 4 + 2 * (avail % QSIZE), 0);
	le16_put(mem + AVAIL + 2, ++avail);
}

static void
kick(void)
{
	struct viodev_msg m = { .type = VIODEV_KICK };

	ncalls = 0;
	again = 0;
	mem[STATUS] = 0xee;
	dev_msg(dev, &m);
}

static uint16_t
used_idx(void)
{
	return le16_get(mem + USED + 2);
}

static uint32_t
used_len(void)
{
	return le32_get(mem + USED + 8 + 8 * ((avail - 1U) % QSIZE));
}

/* req: DRV-104 */
static void
test_transfer(void **state)
{
	static const struct {
		unsigned	n;
		uint32_t	len;
		int		ok;
	} cases[] = {
		{ 1, VIOBLK_SIZEMAX, 1 },
		{ 1, VIOBLK_SIZEMAX + 512, 1 },		/* longer */
		{ 1, VIOBLK_MAXXFER, 1 },
		{ VIOBLK_SEGMAX, VIOBLK_SIZEMAX, 1 },
		{ VIOBLK_SEGMAX * 2, VIOBLK_SIZEMAX / 2, 1 },
		{ 1000, 512, 1 },			/* more */
		{ 1, VIOBLK_MAXXFER + 512, 0 },
		{ VIOBLK_SEGMAX + 1, VIOBLK_SIZEMAX, 0 },
	};
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		offer(VIOBLK_T_OUT, cases[i].n, cases[i].len, 0);
		kick();
		assert_int_equal(ncalls, cases[i].ok);
		assert_int_equal(used_idx(), avail);
		assert_int_equal(used_len(), 1);
		assert_int_equal(mem[STATUS], cases[i].ok ? VIOBLK_S_OK :
		    VIOBLK_S_IOERR);
		if (cases[i].ok)
			assert_true(last.len ==
			    (uint64_t)cases[i].n * cases[i].len);
		offer(VIOBLK_T_IN, cases[i].n, cases[i].len, 1);
		kick();
		assert_int_equal(ncalls, cases[i].ok);
		assert_int_equal(used_idx(), avail);
		/* Too many to be zeroed: nothing is done at all. */
		assert_int_equal(used_len(), cases[i].ok ?
		    cases[i].n * cases[i].len + 1 : 0);
		assert_int_equal(mem[STATUS], cases[i].ok ? VIOBLK_S_OK :
		    0xee);
	}
}

/* A turn ends behind so many bytes; the rest comes with the next. */
static void
turns(unsigned type, int write)
{
	unsigned i, n = 10, per = VIOBLK_MAXKICK / 4096;
	uint16_t start = avail;

	for (i = 0; i < n; i++)
		offer(type, 4, 1024, write);
	for (i = per; i < n; i += per) {
		kick();
		assert_int_equal(ncalls, per);
		assert_int_equal((uint16_t)(used_idx() - start), i);
		assert_int_equal(again, 1);
	}
	kick();
	assert_int_equal(used_idx(), avail);
	assert_int_equal(again, 0);
}

/* req: DRV-39 */
static void
test_turns(void **state)
{
	(void)state;
	turns(VIOBLK_T_OUT, 0);
	turns(VIOBLK_T_IN, 1);
}

static void
list(unsigned type, uint64_t sector, uint32_t n, int want)
{
	le64_put(mem + LIST, sector);
	le32_put(mem + LIST + 8, n);
	le32_put(mem + LIST + 12, 0);
	offer(type, 1, 16, 0);
	kick();
	assert_int_equal(mem[STATUS], want);
	assert_int_equal(ncalls, want == VIOBLK_S_OK);
	if (want == VIOBLK_S_OK) {
		assert_true(last.off == sector * 512);
		assert_true(last.len == (uint64_t)n * 512);
	}
}

/* req: DRV-102 */
static void
test_longest_range(void **state)
{
	(void)state;
	list(VIOBLK_T_DISCARD, 7, VIOBLK_DISCARD_SECTORS, VIOBLK_S_OK);
	list(VIOBLK_T_DISCARD, 7, VIOBLK_DISCARD_SECTORS + 1,
	    VIOBLK_S_IOERR);
	list(VIOBLK_T_WRITE_ZEROES, 7, VIOBLK_ZERO_SECTORS, VIOBLK_S_OK);
	list(VIOBLK_T_WRITE_ZEROES, 7, VIOBLK_ZERO_SECTORS + 1,
	    VIOBLK_S_IOERR);
	list(VIOBLK_T_DISCARD, 0, UINT32_MAX, VIOBLK_S_IOERR);
	list(VIOBLK_T_DISCARD, HUGECAP - 9, 9, VIOBLK_S_OK);
	list(VIOBLK_T_DISCARD, HUGECAP - 9, 10, VIOBLK_S_IOERR);
}

static void
refused(unsigned tag, uint64_t val, const char *why)
{
	uint8_t buf[64];
	struct wbuf w;

	wb_init(&w, buf, sizeof(buf));
	if (tag != DEVCONF_CAPACITY)
		devconf_put_int(&w, DEVCONF_CAPACITY, 8);
	if (tag != 0)
		devconf_put_int(&w, tag, val);
	if (why == NULL) {
		assert_non_null(attach(&w));
		assert_string_equal(logline, "");
	} else {
		assert_null(attach(&w));
		assert_non_null(strstr(logline, why));
	}
}

static void
test_attach(void **state)
{
	uint8_t buf[16];
	struct wbuf w;
	unsigned n;

	(void)state;
	wb_init(&w, buf, sizeof(buf));
	assert_null(attach(&w));
	assert_non_null(strstr(logline, "capacity"));
	refused(0, 0, NULL);
	refused(DEVCONF_CAPACITY, 0, NULL);
	refused(DEVCONF_CAPACITY, HUGECAP, NULL);
	refused(DEVCONF_CAPACITY, HUGECAP + 1, "capacity");
	refused(DEVCONF_CAPACITY, UINT64_MAX, "capacity");
	for (n = 0; n < 10000; n++)
		refused(DEVCONF_BLKSIZE, n, n == 512 || n == 1024 ||
		    n == 2048 || n == 4096 ? NULL : "block size");
	for (n = 0; n < 256; n++)
		refused(DEVCONF_PHYSEXP, n, n <= 8 ? NULL : "exponent");
	for (n = 0; n < 1000; n++)
		refused(DEVCONF_NQUEUES, n, n >= 1 && n <= 8 ? NULL :
		    "number of queues");
	for (n = 0; n < 0x10000; n++)
		refused(DEVCONF_QSIZE, n, n >= 2 && n <= 1024 &&
		    (n & (n - 1)) == 0 ? NULL : "queue size");
	refused(0, 0, NULL);		/* a device for teardown */
}

/* The longest serial that a list can hold stays inside the state. */
static void
test_long_serial(void **state)
{
	uint8_t buf[64], want[64];
	struct wbuf w;

	(void)state;
	memset(want, 0xa5, sizeof(want));
	memset(state_mem + vioblk_dev.size, 0xa5, sizeof(want));
	wb_init(&w, buf, sizeof(buf));
	devconf_put_int(&w, DEVCONF_CAPACITY, 8);
	devconf_put_bytes(&w, DEVCONF_SERIAL,
	    "abcdefghijklmnopqrstuvwxyz1234", 30);
	assert_non_null(attach(&w));
	assert_memory_equal(state_mem + vioblk_dev.size, want,
	    sizeof(want));
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_transfer),
		T(test_turns),
		T(test_longest_range),
		T(test_attach),
		T(test_long_serial),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
