#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "devconf.h"

#define MAX	256

static uint8_t buf[MAX];

static void
entry(struct wbuf *w, unsigned tag, size_t len)
{
	static const uint8_t zero[MAX];

	devconf_put_bytes(w, tag, zero, len);
}

/* One of everything. */
static size_t
full(void)
{
	struct wbuf w;

	wb_init(&w, buf, sizeof(buf));
	devconf_put_bytes(&w, DEVCONF_VERSION, "vmd 1", 5);
	devconf_put_int(&w, DEVCONF_CAPACITY, 0x1122334455667788ULL);
	devconf_put_int(&w, DEVCONF_READONLY, 1);
	devconf_put_bytes(&w, DEVCONF_SERIAL, "abc", 3);
	devconf_put_int(&w, DEVCONF_BLKSIZE, 0x99aabbcc);
	devconf_put_int(&w, DEVCONF_PHYSEXP, 3);
	devconf_put_int(&w, DEVCONF_NQUEUES, 0xddee);
	devconf_put_int(&w, DEVCONF_QSIZE, 128);
	devconf_put_int(&w, DEVCONF_FEATURES, UINT64_MAX - 1);
	devconf_put_bytes(&w, DEVCONF_MAC, "\1\2\3\4\5\6", 6);
	devconf_put_int(&w, DEVCONF_MTU, 1500);
	devconf_put_int(&w, DEVCONF_LOCKED, 1);
	devconf_put_int(&w, DEVCONF_OFFLOAD, 1);
	devconf_put_int(&w, DEVCONF_LINK, 0);
	devconf_put_int(&w, DEVCONF_ANNOUNCE, 1);
	devconf_put_bytes(&w, DEVCONF_HOSTMAC, "\6\5\4\3\2\1", 6);
	devconf_put_int(&w, DEVCONF_GUESTADDR, 0x64400103);
	devconf_put_int(&w, DEVCONF_HOSTADDR, 0x64400102);
	devconf_put_int(&w, DEVCONF_NETMASK, 0xfffffffe);
	devconf_put_int(&w, DEVCONF_NETBOOT, 1);
	devconf_put_bytes(&w, DEVCONF_HOSTNAME, "puffy", 5);
	devconf_put_int(&w, DEVCONF_UNIT, 0x20003);
	devconf_put_int(&w, DEVCONF_KIND, DEVCONF_CD);
	assert_false(wb_bad(&w));
	return w.len;
}

static void
test_layout(void **state)
{
	static const uint8_t want[] = {
		7, 0, 2, 0, 0x34, 0x12, 4, 0, 2, 0, 'h', 'i'
	};
	struct wbuf w;

	(void)state;
	wb_init(&w, buf, sizeof(buf));
	devconf_put_int(&w, DEVCONF_NQUEUES, 0x1234);
	devconf_put_bytes(&w, DEVCONF_SERIAL, "hi", 2);
	assert_int_equal(w.len, sizeof(want));
	assert_memory_equal(buf, want, sizeof(want));
}

static void
test_values(void **state)
{
	struct devconf c = { buf, full() };
	const char *why;
	size_t off, len;

	(void)state;
	assert_int_equal(devconf_check(&c, &off, &why), 0);
	assert_true(devconf_int(&c, DEVCONF_CAPACITY, 0) ==
	    0x1122334455667788ULL);
	assert_int_equal(devconf_int(&c, DEVCONF_READONLY, 0), 1);
	assert_true(devconf_int(&c, DEVCONF_BLKSIZE, 0) == 0x99aabbcc);
	assert_int_equal(devconf_int(&c, DEVCONF_PHYSEXP, 0), 3);
	assert_int_equal(devconf_int(&c, DEVCONF_NQUEUES, 0), 0xddee);
	assert_int_equal(devconf_int(&c, DEVCONF_QSIZE, 0), 128);
	assert_true(devconf_int(&c, DEVCONF_FEATURES, 0) == UINT64_MAX - 1);
	assert_int_equal(devconf_int(&c, DEVCONF_MTU, 0), 1500);
	assert_memory_equal(devconf_bytes(&c, DEVCONF_SERIAL, &len), "abc", 3);
	assert_int_equal(len, 3);
	assert_memory_equal(devconf_bytes(&c, DEVCONF_MAC, &len),
	    "\1\2\3\4\5\6", 6);
	assert_int_equal(len, 6);
	assert_int_equal(devconf_int(&c, DEVCONF_LOCKED, 0), 1);
	assert_int_equal(devconf_int(&c, DEVCONF_OFFLOAD, 0), 1);
	assert_int_equal(devconf_int(&c, DEVCONF_LINK, 1), 0);
	assert_int_equal(devconf_int(&c, DEVCONF_ANNOUNCE, 0), 1);
	assert_memory_equal(devconf_bytes(&c, DEVCONF_HOSTMAC, &len),
	    "\6\5\4\3\2\1", 6);
	assert_true(devconf_int(&c, DEVCONF_GUESTADDR, 0) == 0x64400103);
	assert_true(devconf_int(&c, DEVCONF_HOSTADDR, 0) == 0x64400102);
	assert_true(devconf_int(&c, DEVCONF_NETMASK, 0) == 0xfffffffe);
	assert_int_equal(devconf_int(&c, DEVCONF_NETBOOT, 0), 1);
	assert_memory_equal(devconf_bytes(&c, DEVCONF_HOSTNAME, &len),
	    "puffy", 5);
	/* A string is no integer. */
	assert_int_equal(devconf_int(&c, DEVCONF_SERIAL, 42), 42);
}

static void refused(size_t, size_t, const char *);

/* Each section has its own values; what comes before them is in none. */
static void
test_units(void **state)
{
	struct devconf c = { buf, 0 }, rest, u;
	const char *why;
	struct wbuf w;
	size_t off, at;

	(void)state;
	wb_init(&w, buf, sizeof(buf));
	devconf_put_int(&w, DEVCONF_QSIZE, 128);
	devconf_put_int(&w, DEVCONF_UNIT, 0);
	devconf_put_int(&w, DEVCONF_CAPACITY, 11);
	devconf_put_int(&w, DEVCONF_UNIT, 0x10002);
	devconf_put_int(&w, DEVCONF_KIND, DEVCONF_CD);
	devconf_put_int(&w, DEVCONF_CAPACITY, 22);
	devconf_put_int(&w, DEVCONF_UNIT, 3);
	c.len = w.len;
	assert_int_equal(devconf_check(&c, &off, &why), 0);
	rest = c;
	assert_int_equal(devconf_next_unit(&rest, &u), 0);
	assert_int_equal(devconf_int(&u, DEVCONF_CAPACITY, 0), 11);
	assert_false(devconf_has(&u, DEVCONF_KIND));
	assert_false(devconf_has(&u, DEVCONF_QSIZE));
	assert_int_equal(devconf_next_unit(&rest, &u), 0);
	assert_int_equal(devconf_int(&u, DEVCONF_UNIT, 0), 0x10002);
	assert_int_equal(devconf_int(&u, DEVCONF_CAPACITY, 0), 22);
	assert_int_equal(devconf_int(&u, DEVCONF_KIND, 0), DEVCONF_CD);
	assert_int_equal(devconf_next_unit(&rest, &u), 0);
	assert_int_equal(devconf_int(&u, DEVCONF_UNIT, 0), 3);
	assert_false(devconf_has(&u, DEVCONF_CAPACITY));
	assert_int_equal(devconf_next_unit(&rest, &u), -1);
	assert_int_equal(rest.len, 0);
	rest = c;
	rest.len = 6;
	assert_int_equal(devconf_next_unit(&rest, &u), -1);
	assert_int_equal(rest.len, 6);
	at = w.len;
	devconf_put_int(&w, DEVCONF_KIND, 0);
	devconf_put_int(&w, DEVCONF_KIND, 0);
	refused(w.len, at + 5, "tag given twice");
}

static void
test_absent(void **state)
{
	struct devconf none = { NULL, 0 }, c = { buf, 0 };
	const char *why;
	size_t off, len;
	struct wbuf w;

	(void)state;
	assert_int_equal(devconf_check(&none, &off, &why), 0);
	assert_int_equal(devconf_int(&none, DEVCONF_QSIZE, 7), 7);
	assert_null(devconf_bytes(&none, DEVCONF_SERIAL, &len));
	wb_init(&w, buf, sizeof(buf));
	entry(&w, DEVCONF_SERIAL, 0);
	c.len = w.len;
	assert_true(devconf_has(&c, DEVCONF_SERIAL));
	assert_false(devconf_has(&c, DEVCONF_MAC));
	assert_non_null(devconf_bytes(&c, DEVCONF_SERIAL, &len));
	assert_int_equal(len, 0);
}

/* An integer of another width is not half read. */
static void
test_odd_width(void **state)
{
	struct devconf c = { buf, 0 };
	struct wbuf w;

	(void)state;
	wb_init(&w, buf, sizeof(buf));
	devconf_put_bytes(&w, DEVCONF_CAPACITY, "\1\2\3\4", 4);
	c.len = w.len;
	assert_int_equal(devconf_int(&c, DEVCONF_CAPACITY, 99), 99);
}

static void
refused(size_t len, size_t want, const char *reason)
{
	struct devconf c = { buf, len };
	const char *why = NULL;
	size_t off = 9999;

	assert_int_equal(devconf_check(&c, &off, &why), -1);
	assert_int_equal(off, want);
	assert_string_equal(why, reason);
}

static void
test_unknown(void **state)
{
	static const unsigned tags[] = {
		0, DEVCONF_NTAGS, DEVCONF_NTAGS + 1, 63, 64, 255, 0x100, 0xffff
	};
	struct wbuf w;
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		wb_init(&w, buf, sizeof(buf));
		devconf_put_int(&w, DEVCONF_MTU, 1);
		entry(&w, tags[i], 2);
		refused(w.len, 6, "unknown tag");
	}
}

static void
test_twice(void **state)
{
	unsigned tag, width;
	struct wbuf w;
	size_t at;

	(void)state;
	for (tag = 1; tag < DEVCONF_NTAGS; tag++) {
		width = devconf_width(tag);
		if (tag == DEVCONF_UNIT)
			continue;
		if (devconf_is_bytes(tag))
			width = tag == DEVCONF_PCIID ? 16 : 6;
		wb_init(&w, buf, sizeof(buf));
		entry(&w, tag, width);
		if (tag != DEVCONF_MTU)
			devconf_put_int(&w, DEVCONF_MTU, 1);
		at = w.len;
		entry(&w, tag, width);
		refused(w.len, at, "tag given twice");
	}
}

/* The one or the longest length that each tag has. */
static void
test_lengths(void **state)
{
	static const unsigned longest[DEVCONF_NTAGS] = {
		0, 64, 8, 1, 30, 4, 1, 2, 2, 8, 6, 2,
		1, 1, 1, 1, 6, 4, 4, 4, 1, 64, 4, 1,
		8, 8, 2, 2, 55, 16, 128, 8, 1
	};
	struct devconf c = { buf, 0 };
	const char *why;
	struct wbuf w;
	unsigned tag, len;
	size_t off;
	int any;

	(void)state;
	for (tag = 1; tag < DEVCONF_NTAGS; tag++) {
		any = tag == DEVCONF_VERSION || tag == DEVCONF_SERIAL ||
		    tag == DEVCONF_HOSTNAME || tag == DEVCONF_FILE;
		for (len = 0; len < 140; len++) {
			wb_init(&w, buf, sizeof(buf));
			entry(&w, tag, len);
			c.len = w.len;
			if (len == longest[tag] ||
			    (any && len < longest[tag]) ||
			    (tag == DEVCONF_PCICAPS && len > 0 && len < 128))
				assert_int_equal(devconf_check(&c, &off,
				    &why), 0);
			else
				refused(w.len, 0, "wrong length");
		}
	}
}

/* Cut at any byte: whole up to an entry, else the offset of the torn one. */
static void
test_cut(void **state)
{
	size_t total = full(), len, start = 0, off;
	struct devconf c = { buf, 0 };
	const char *why;

	(void)state;
	for (len = 0; len <= total; len++) {
		c.len = len;
		if (len >= start + 4 && len == start + 4 +
		    le16_get(buf + start + 2))
			start = len;
		if (len == start)
			assert_int_equal(devconf_check(&c, &off, &why), 0);
		else
			refused(len, start, "cut short");
	}
	assert_int_equal(start, total);
}

static void
test_names(void **state)
{
	unsigned i, j;

	(void)state;
	assert_null(devconf_name(0));
	assert_null(devconf_name(DEVCONF_NTAGS));
	assert_null(devconf_name(UINT32_MAX));
	assert_int_equal(devconf_width(DEVCONF_NTAGS), 0);
	assert_string_equal(devconf_name(DEVCONF_CAPACITY), "capacity");
	for (i = 1; i < DEVCONF_NTAGS; i++)
		for (j = 1; j < i; j++)
			assert_string_not_equal(devconf_name(i),
			    devconf_name(j));
}

/*
 * Each single-bit change of a list, in memory of exactly its length: a
 * verdict with a place inside the list, and lookups that end.
 */
static void
test_bit_flips(void **state)
{
	size_t total = full(), i, off, len, good = 0;
	uint8_t *p = malloc(total);
	struct devconf c = { p, total };
	const char *why;
	unsigned tag;

	(void)state;
	assert_non_null(p);
	for (i = 0; i < total * 8; i++) {
		memcpy(p, buf, total);
		p[i / 8] ^= (uint8_t)(1U << i % 8);
		why = NULL;
		if (devconf_check(&c, &off, &why) == 0)
			good++;
		else {
			assert_non_null(why);
			assert_true(off < total);
		}
		for (tag = 0; tag <= DEVCONF_NTAGS; tag++) {
			(void)devconf_int(&c, tag, 1);
			if (devconf_bytes(&c, tag, &len) != NULL)
				assert_true(len <= total - 4);
		}
	}
	/* Values may change, tags and lengths may not (serial: 3 to 1..). */
	assert_in_range(good, (total - (DEVCONF_NTAGS - 1) * 4) * 8,
	    total * 8 - 1);
	free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_odd_width),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_twice),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_bit_flips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
