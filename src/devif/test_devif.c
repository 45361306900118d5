#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "dev.h"

/* A device that writes down what reaches it. */
struct toy {
	struct dev	d;
	uint64_t	value;
	int		detached;
	int		msgs;
};

static int refuse;

static int
toy_attach(struct dev *d, const struct devconf *c)
{
	struct toy *t = (struct toy *)d;

	assert_int_equal(t->value, 0);
	assert_int_equal(t->msgs, 0);
	t->value = devconf_int(c, DEVCONF_CAPACITY, 5);
	return refuse ? -1 : 0;
}

static void
toy_detach(struct dev *d)
{
	((struct toy *)d)->detached++;
}

static void
toy_msg(struct dev *d, struct viodev_msg *m)
{
	((struct toy *)d)->msgs++;
	m->data = ((struct toy *)d)->value;
}

static void
toy_save(const struct dev *d, struct wbuf *w)
{
	wb_u64(w, ((const struct toy *)d)->value);
}

static int
toy_load(struct dev *d, struct rbuf *r)
{
	((struct toy *)d)->value = rb_u64(r);
	return rb_done(r) ? 0 : -1;
}

static const char *
toy_check(const struct dev *d)
{
	return ((const struct toy *)d)->value == 13 ? "unlucky" : NULL;
}

static const struct dev_ops toy_ops = {
	.name = "toy",
	.size = sizeof(struct toy),
	.attach = toy_attach,
	.detach = toy_detach,
	.msg = toy_msg,
	.save = toy_save,
	.load = toy_load,
	.check = toy_check,
};

static void
host_irq(void *arg, int level)
{
	*(int *)arg = level;
}

static const struct host_ops hops = { .irq = host_irq };

/* Whatever was in the memory before, the state starts from zero. */
static void
test_attach(void **state)
{
	uint8_t list[16];
	struct devconf c = { list, 0 };
	struct toy t;
	int line = 7;
	struct dev_host h = { &hops, &line };
	struct gmem gm = { 0 };
	struct wbuf w;

	(void)state;
	wb_init(&w, list, sizeof(list));
	devconf_put_int(&w, DEVCONF_CAPACITY, 1234);
	c.len = w.len;
	memset(&t, 0xa5, sizeof(t));
	refuse = 0;
	assert_ptr_equal(dev_attach(&toy_ops, &t, &h, &gm, &c), &t);
	assert_ptr_equal(t.d.ops, &toy_ops);
	assert_ptr_equal(t.d.gm, &gm);
	assert_int_equal(t.value, 1234);
	t.d.host.ops->irq(t.d.host.arg, 1);
	assert_int_equal(line, 1);
	dev_detach(&t.d);
	assert_int_equal(t.detached, 1);
}

static void
test_attach_refused(void **state)
{
	struct devconf c = { NULL, 0 };
	struct dev_host h = { &hops, NULL };
	struct gmem gm = { 0 };
	struct toy t;

	(void)state;
	refuse = 1;
	assert_null(dev_attach(&toy_ops, &t, &h, &gm, &c));
	assert_int_equal(t.detached, 0);
}

static void
test_calls(void **state)
{
	struct devconf c = { NULL, 0 };
	struct dev_host h = { &hops, NULL };
	struct viodev_msg m = { .type = VIODEV_READ };
	static const uint8_t bytes[9] = { 13 };
	uint8_t buf[8];
	struct gmem gm = { 0 };
	struct toy t;
	struct wbuf w;
	struct rbuf r;

	(void)state;
	refuse = 0;
	assert_non_null(dev_attach(&toy_ops, &t, &h, &gm, &c));
	dev_msg(&t.d, &m);
	assert_int_equal(t.msgs, 1);
	assert_int_equal(m.data, 5);
	wb_init(&w, buf, sizeof(buf));
	dev_save(&t.d, &w);
	assert_int_equal(w.len, 8);
	assert_int_equal(buf[0], 5);
	assert_null(dev_check(&t.d));
	rb_init(&r, bytes, 8);
	assert_int_equal(dev_load(&t.d, &r), 0);
	assert_string_equal(dev_check(&t.d), "unlucky");
	rb_init(&r, bytes, 9);
	assert_int_equal(dev_load(&t.d, &r), -1);
}

static void
test_type_names(void **state)
{
	static const char *const want[] = {
		NULL, "read", "write", "kick", "input", "timer", "config",
		"pause", "unpause", "reset", "shutdown", "ready", "error",
		"irq", "line", "intack", "command"
	};
	unsigned i;

	(void)state;
	assert_int_equal(sizeof(want) / sizeof(want[0]), VIODEV_NTYPES);
	assert_null(viodev_type_name(0));
	for (i = 1; i < VIODEV_NTYPES; i++)
		assert_string_equal(viodev_type_name(i), want[i]);
	assert_null(viodev_type_name(VIODEV_NTYPES));
	assert_null(viodev_type_name(255));
}

static void
test_space_names(void **state)
{
	static const char *const want[] = {
		"common", "notify", "isr", "device", "legacy", "port", "pcicfg"
	};
	unsigned i;

	(void)state;
	assert_int_equal(sizeof(want) / sizeof(want[0]), VIODEV_NSPACES);
	for (i = 0; i < VIODEV_NSPACES; i++)
		assert_string_equal(viodev_space_name(i), want[i]);
	assert_null(viodev_space_name(VIODEV_NSPACES));
	assert_null(viodev_space_name(UINT16_MAX));
}

static void
test_command_names(void **state)
{
	static const char *const want[] = {
		"none", "shutdown", "reboot", "syncrtc"
	};
	unsigned i;

	(void)state;
	assert_int_equal(sizeof(want) / sizeof(want[0]), VIODEV_NCMDS);
	for (i = 0; i < VIODEV_NCMDS; i++)
		assert_string_equal(viodev_command_name(i), want[i]);
	assert_null(viodev_command_name(VIODEV_NCMDS));
	assert_null(viodev_command_name(UINT32_MAX));
}

static void
test_answers(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < 256; i++)
		assert_int_equal(viodev_answers(i), i == VIODEV_READ ||
		    i == VIODEV_INTACK || i == VIODEV_COMMAND);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attach),
		cmocka_unit_test(test_attach_refused),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_type_names),
		cmocka_unit_test(test_space_names),
		cmocka_unit_test(test_command_names),
		cmocka_unit_test(test_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
