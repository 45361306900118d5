/* Bodies between the daemon and a vm process: there, back, and refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "vmmsg.h"

static uint8_t b[4096];
static struct wbuf w;

static struct vmmsg_vm
sample(void)
{
	struct vmmsg_vm v = { .size = 512 << 20, .order = VMMSG_CD,
	    .verbose = 2 };

	snprintf(v.name, sizeof(v.name), "web1");
	snprintf(v.program, sizeof(v.program), "/usr/sbin/vmd-device");
	wb_init(&w, b, sizeof(b));
	vmmsg_put_vm(&w, &v);
	return v;
}

static void
vm(void **state)
{
	struct vmmsg_vm v = sample(), got;
	size_t i;

	(void)state;
	assert_int_equal(vmmsg_get_vm(b, w.len, &got), 0);
	assert_memory_equal(&got, &v, sizeof(v));
	for (i = 0; i < w.len; i++)
		assert_int_equal(vmmsg_get_vm(b, i, &got), -1);
	assert_int_equal(vmmsg_get_vm(b, w.len + 1, &got), -1);
	b[0]++;
	assert_int_equal(vmmsg_get_vm(b, w.len, &got), -1);
}

/* Each value beyond its range, each text with a NUL inside. */
static void
vm_refused(void **state)
{
	static const struct { size_t off; uint8_t v; } of[] = {
		{ 4, '/' }, { 4, 0 }, { 16, 2 }, { 17, 4 }, { 19, 2 },
		{ 25, 0 },
	};
	struct vmmsg_vm got;
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		sample();
		assert_int_equal(vmmsg_get_vm(b, w.len, &got), 0);
		b[of[i].off] = of[i].v;
		assert_int_equal(vmmsg_get_vm(b, w.len, &got), -1);
	}
}

static void
device(void **state)
{
	struct vmmsg_device d, got;
	struct wbuf c;

	(void)state;
	memset(&d, 0, sizeof(d));
	snprintf(d.kind, sizeof(d.kind), "vioblk");
	wb_init(&c, d.conf, sizeof(d.conf));
	devconf_put_bytes(&c, DEVCONF_SERIAL, "abc", 3);
	d.conflen = c.len;
	wb_init(&w, b, sizeof(b));
	vmmsg_put_device(&w, &d);
	assert_int_equal(vmmsg_get_device(b, w.len, &got), 0);
	assert_memory_equal(&d, &got, sizeof(d));
	assert_int_equal(vmmsg_get_device(b, w.len - 1, &got), -1);
	b[10]++;			/* a tag that is none */
	b[11] = 0xff;
	assert_int_equal(vmmsg_get_device(b, w.len, &got), -1);
	b[2] = 'V';
	assert_int_equal(vmmsg_get_device(b, w.len, &got), -1);
	wb_init(&w, b, sizeof(b));
	wb_u16(&w, 1);
	wb_u8(&w, 'x');
	wb_u16(&w, VMMSG_MAXCONF + 1);
	w.len += VMMSG_MAXCONF + 1;
	assert_int_equal(vmmsg_get_device(b, w.len, &got), -1);
}

static void
record(void **state)
{
	struct vmmsg_record r = { .how = { 1 << 20, 4096, 100 } }, got;

	(void)state;
	snprintf(r.path, sizeof(r.path), "/var/record/web1");
	wb_init(&w, b, sizeof(b));
	vmmsg_put_record(&w, &r);
	assert_int_equal(vmmsg_get_record(b, w.len, &got), 0);
	assert_memory_equal(&r, &got, sizeof(r));
	assert_int_equal(vmmsg_get_record(b, 19, &got), -1);
	b[22] = 0;
	assert_int_equal(vmmsg_get_record(b, w.len, &got), -1);
}

static void
text(void **state)
{
	char s[4];

	(void)state;
	assert_int_equal(vmmsg_get_text("abc", 3, s, 4), 0);
	assert_string_equal(s, "abc");
	assert_int_equal(vmmsg_get_text("", 0, s, 4), 0);
	assert_string_equal(s, "");
	assert_int_equal(vmmsg_get_text("abcd", 4, s, 4), -1);
	assert_int_equal(vmmsg_get_text("a\0c", 3, s, 4), -1);
	assert_string_equal(vmmsg_name(VMMSG_DEVICE), "DEVICE");
	assert_string_equal(vmmsg_name(VMMSG_UNPAUSED), "UNPAUSED");
	assert_null(vmmsg_name(0));
	assert_null(vmmsg_name(VMMSG_NTYPES));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vm),
		cmocka_unit_test(vm_refused),
		cmocka_unit_test(device),
		cmocka_unit_test(record),
		cmocka_unit_test(text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
