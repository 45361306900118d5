/* Where firmware goes, and which is refused; what a file looks like. */
#include "test_vm.h"

static uint8_t image[5 << 20];

static void
both_places(void **state)
{
	struct test_file f;
	struct load_src s;
	struct test_vm t;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(image); i++)
		image[i] = (uint8_t)(i * 7 + (i >> 8));
	s = test_src(&f, image, 256 * 1024);
	test_vm_open(&t, 16);
	assert_int_equal(load_firmware(&s, &t.vm, &why), 0);
	assert_memory_equal(gm_hva(&t.gm, 0xfffc0000, 256 * 1024), image,
	    256 * 1024);
	assert_memory_equal(gm_hva(&t.gm, 0xe0000, 128 * 1024),
	    image + 128 * 1024, 128 * 1024);
	assert_int_equal(peek(&t, 0xdfff8, 8), 0);
	assert_int_equal(t.vm.regs.rip, 0xfff0);
	assert_int_equal(t.vm.regs.seg[VCPU_CS].base, 0xf0000);
	assert_int_equal(t.vm.regs.cr0, 0x60000010);
	assert_int_equal(t.vm.regs.rflags, 2);
	test_vm_close(&t);
}

static void
sizes(void **state)
{
	static const struct { size_t len; int rv; } of[] = {
		{ 0, -1 }, { 14, -1 }, { 15, 0 }, { 64 << 10, 0 },
		{ 4 << 20, 0 }, { (4 << 20) + 1, -1 },
	};
	struct test_file f;
	struct load_src s;
	struct test_vm t;
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		test_vm_open(&t, 8);
		s = test_src(&f, image, of[i].len);
		assert_int_equal(load_firmware(&s, &t.vm, &why), of[i].rv);
		if (of[i].rv == -1)
			assert_non_null(strstr(why.text, "no firmware"));
		test_vm_close(&t);
	}
}

static void
unreadable(void **state)
{
	struct test_file f;
	struct load_src s;
	struct test_vm t;

	(void)state;
	test_vm_open(&t, 8);
	s = test_src(&f, image, 4096);
	f.broken = 1;
	assert_int_equal(load_firmware(&s, &t.vm, &why), -1);
	assert_string_equal(why.text, "the firmware cannot be read");
	assert_int_equal(load_probe(&s), LOAD_RAW);
	test_vm_close(&t);
}

static void
probe(void **state)
{
	struct test_file f;
	struct load_src s;

	(void)state;
	memset(image, 0, 1024);
	s = test_src(&f, image, 1024);
	assert_int_equal(load_probe(&s), LOAD_RAW);
	memcpy(image + 0x202, "HdrS", 4);
	assert_int_equal(load_probe(&s), LOAD_BZIMAGE);
	memcpy(image, "\x1f\x8b\x08", 3);
	assert_int_equal(load_probe(&s), LOAD_GZIP);
	memcpy(image, "\177ELF", 4);
	assert_int_equal(load_probe(&s), LOAD_ELF);
	s = test_src(&f, image, 3);
	assert_int_equal(load_probe(&s), LOAD_RAW);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_places),
		cmocka_unit_test(sizes),
		cmocka_unit_test(unreadable),
		cmocka_unit_test(probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
