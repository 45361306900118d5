/* Configurations in messages: orders, descriptors, refusals. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cfg.h"

static struct cfg *c;
static struct cfg_why why;
static int lowest;

static int
some_fd(void)
{
	return open("/dev/null", O_RDWR);
}

static int
begin(void **state)
{
	(void)state;
	lowest = some_fd();
	close(lowest);
	c = calloc(1, sizeof(*c));
	cfg_init(c);
	return 0;
}

/* No descriptor is left, whatever came. */
static int
end(void **state)
{
	int fd;

	(void)state;
	cfg_close(c);
	free(c);
	fd = some_fd();
	close(fd);
	return fd == lowest ? 0 : -1;
}

static int
put(uint32_t type, const void *p, size_t len, int fd)
{
	return cfg_take(c, type, p, len, fd, &why);
}

static int
put_vm(const char *name, uint8_t engine)
{
	struct vmmsg_vm v = { .size = 64 << 20, .engine = engine };
	uint8_t b[4096];
	struct wbuf w;

	snprintf(v.name, sizeof(v.name), "%s", name);
	wb_init(&w, b, sizeof(b));
	vmmsg_put_vm(&w, &v);
	return put(VMMSG_VM, b, w.len, -1);
}

static int
put_device(const char *kind)
{
	struct vmmsg_device d = { .conflen = 0 };
	uint8_t b[256];
	struct wbuf w;

	snprintf(d.kind, sizeof(d.kind), "%s", kind);
	wb_init(&w, b, sizeof(b));
	vmmsg_put_device(&w, &d);
	return put(VMMSG_DEVICE, b, w.len, -1);
}

static void
refused(int rv, const char *text)
{
	assert_int_equal(rv, -1);
	assert_string_equal(why.text, text);
}

static void
whole(void **state)
{
	static const uint8_t raw_ro[] = { 0, DISK_RAW, 1 };

	(void)state;
	assert_int_equal(put_vm("web1", VMMSG_NATIVE), 0);
	assert_int_equal(put(VMMSG_BOOT, "/x/bios", 7, some_fd()), 0);
	assert_int_equal(put(VMMSG_CMDLINE, "a b", 3, -1), 0);
	assert_int_equal(put(VMMSG_CONSOLE, NULL, 0, some_fd()), 0);
	assert_int_equal(put_device("vioblk"), 0);
	assert_int_equal(put(VMMSG_IMAGE, raw_ro, 3, some_fd()), 0);
	assert_int_equal(put_device("vionet"), 0);
	assert_int_equal(put(VMMSG_TAP, NULL, 0, some_fd()), 0);
	assert_int_equal(put_device("vioblk"), 0);
	assert_int_equal(put(VMMSG_IMAGE, raw_ro, 3, some_fd()), 0);
	assert_int_equal(put(VMMSG_IMAGE, raw_ro, 3, some_fd()), 0);
	assert_int_equal(put(VMMSG_GO, NULL, 0, -1), 0);
	assert_true(c->done);
	assert_int_equal(c->ndevs, 3);
	assert_int_equal(c->dev[0].index, 0);
	assert_int_equal(c->dev[1].index, 0);
	assert_int_equal(c->dev[2].index, 1);
	assert_int_equal(c->dev[2].nimages, 2);
	assert_int_equal(c->dev[0].tap, -1);
	assert_true(c->dev[1].tap != -1);
	assert_string_equal(c->boot.path, "/x/bios");
	assert_string_equal(c->cmdline, "a b");
}

static void
order(void **state)
{
	(void)state;
	refused(put(VMMSG_GO, NULL, 0, -1), "GO before VM");
	refused(put(VMMSG_IMAGE, "\0\1\0", 3, some_fd()),
	    "IMAGE without a device");
	refused(put(VMMSG_TAP, NULL, 0, some_fd()), "TAP without a device");
	assert_int_equal(put_vm("a", VMMSG_NATIVE), 0);
	refused(put_vm("b", VMMSG_NATIVE), "VM came twice");
	refused(put(VMMSG_GO, NULL, 0, -1),
	    "nothing to start: no firmware and no kernel");
	refused(put(VMMSG_READY, NULL, 0, -1),
	    "message 18 does not belong into a configuration");
	refused(put(999, NULL, 0, -1),
	    "message 999 does not belong into a configuration");
}

static void
descriptors(void **state)
{
	(void)state;
	refused(put(VMMSG_BOOT, "x", 1, -1),
	    "message 3 without its descriptor");
	refused(put(VMMSG_CMDLINE, "x", 1, some_fd()),
	    "message 5 with a descriptor");
	assert_int_equal(put(VMMSG_CONSOLE, NULL, 0, some_fd()), 0);
	refused(put(VMMSG_CONSOLE, NULL, 0, some_fd()),
	    "CONSOLE came twice");
	assert_int_equal(put_device("vioblk"), 0);
	refused(put(VMMSG_IMAGE, "\0\0\0", 3, some_fd()),
	    "IMAGE is not as it should be");
	refused(put(VMMSG_RECORD, "short", 5, some_fd()),
	    "RECORD is not as it should be");
	refused(put(VMMSG_BOOT, "a\0b", 3, some_fd()),
	    "BOOT is not as it should be");
	refused(put(VMMSG_VM, "junk", 4, -1), "VM is not as it should be");
	refused(put(VMMSG_DEVICE, "junk", 4, -1),
	    "DEVICE is not as it should be");
}

static void
limits(void **state)
{
	static uint8_t line[VMMSG_MAXLINE + 1];
	int i;

	(void)state;
	memset(line, 'x', sizeof(line));
	assert_int_equal(put(VMMSG_CMDLINE, line, VMMSG_MAXLINE, -1), 0);
	refused(put(VMMSG_CMDLINE, line, sizeof(line), -1),
	    "CMDLINE is not as it should be");
	for (i = 0; i < VMMSG_MAXDEVS; i++)
		assert_int_equal(put_device("vioblk"), 0);
	refused(put_device("vioblk"), "more than 32 devices");
	for (i = 0; i < DISK_MAXDEPTH; i++)
		assert_int_equal(put(VMMSG_IMAGE, "\0\2\1", 3, some_fd()), 0);
	refused(put(VMMSG_IMAGE, "\0\2\1", 3, some_fd()),
	    "a disk of more than 32 images");
}

/* The qtest engine starts with nothing in memory. */
static void
qtest(void **state)
{
	(void)state;
	assert_int_equal(put_vm("t", VMMSG_QTEST), 0);
	assert_int_equal(put(VMMSG_GO, NULL, 0, -1), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(whole, begin, end),
		cmocka_unit_test_setup_teardown(order, begin, end),
		cmocka_unit_test_setup_teardown(descriptors, begin, end),
		cmocka_unit_test_setup_teardown(limits, begin, end),
		cmocka_unit_test_setup_teardown(qtest, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
