/* OpenBSD's kernels: symbols, boot arguments, stack, page tables. */
#include "test_elf.h"

static const uint8_t mac[6] = { 0xfe, 0xe1, 0xba, 0xd0, 0x12, 0x34 };

/* Four sections: none, symbols, strings, and one that is not wanted. */
static void
sections(void)
{
	uint8_t *sh = file + SHOFF;

	memset(sh, 0, 4 * 64);
	le64_put(file + 40, SHOFF);
	le16_put(file + 60, 4);
	le16_put(file + 62, 2);
	le32_put(sh + 64 + 4, 2);
	le64_put(sh + 64 + 24, 0x700);
	le64_put(sh + 64 + 32, 24);
	le32_put(sh + 128 + 4, 3);
	le64_put(sh + 128 + 24, 0x720);
	le64_put(sh + 128 + 32, 13);
	le32_put(sh + 192 + 4, 1);
	le64_put(sh + 192 + 24, 0x740);
	le64_put(sh + 192 + 32, 16);
}

static void
processor(void **state)
{
	struct load_elf l = elf64(0);
	struct test_vm t;

	(void)state;
	test_vm_open(&t, 16);
	put_ph(0, 1, OFF0, 0xffffffff80000000 + SEG0, 600, 600);
	assert_int_equal(load_elf(&l, &t.vm, &why), 0);
	assert_memory_equal(gm_hva(&t.gm, SEG0, 600), file + OFF0, 600);
	assert_int_equal(t.vm.regs.rip, SEG0 + 0x10);
	assert_int_equal(t.vm.regs.cr0, 0x80000011);
	assert_int_equal(t.vm.regs.cr3, 0x11000);
	assert_int_equal(t.vm.regs.cr4, 0x30);
	assert_int_equal(t.vm.regs.efer, 0x500);
	assert_int_equal(t.vm.regs.seg[VCPU_CS].sel, 8);
	assert_int_equal(t.vm.regs.seg[VCPU_DS].sel, 0x10);
	assert_int_equal(t.vm.regs.gdtr.base, 0x10000);
	assert_int_equal(t.vm.regs.gdtr.limit, 31);
	/* One GiB, each address to itself. */
	assert_int_equal(peek(&t, 0x11000, 8), 0x12003);
	assert_int_equal(peek(&t, 0x12000, 8), 0x13003);
	assert_int_equal(peek(&t, 0x13000, 8), 0x83);
	assert_int_equal(peek(&t, 0x13ff8, 8), 0x3fe00083);
	test_vm_close(&t);
}

static void
narrow(void **state)
{
	struct load_elf l = elf32(0);
	struct test_vm t;

	(void)state;
	test_vm_open(&t, 16);
	assert_int_equal(load_elf(&l, &t.vm, &why), 0);
	assert_int_equal(t.vm.regs.rip, SEG0 + 0x10);
	assert_int_equal(t.vm.regs.cr3, 0x12000);
	assert_int_equal(t.vm.regs.cr4, 0x10);
	assert_int_equal(t.vm.regs.efer, 0);
	assert_int_equal(peek(&t, 0x12004, 4), 0x400083);
	test_vm_close(&t);
}

static void
arguments(void **state)
{
	struct load_elf l = elf64(0);
	struct test_vm t;
	uint64_t sp, at = 0x2000;

	(void)state;
	l.bootmac = mac;
	test_vm_open(&t, 16);
	assert_int_equal(load_elf(&l, &t.vm, &why), 0);
	sp = t.vm.regs.gpr[VCPU_RSP];
	assert_int_equal(sp, 0xffdc);
	assert_int_equal(peek(&t, sp + 4, 4), 0);		/* howto */
	assert_int_equal(peek(&t, sp + 8, 4), 0xa0000004);	/* sd0a */
	assert_int_equal(peek(&t, sp + 12, 4), 0x0e);
	assert_int_equal(peek(&t, sp + 16, 4), t.vm.end);
	assert_int_equal(peek(&t, sp + 32, 4), at);
	/* The memory map, with its end. */
	assert_int_equal(peek(&t, at, 4), 0);
	assert_int_equal(peek(&t, at + 4, 4), 12 + 5 * 20);
	assert_int_equal(peek(&t, at + 12 + 2 * 20, 8), 1 << 20);
	assert_int_equal(peek(&t, at + 12 + 4 * 20 + 16, 4), 0);
	at += peek(&t, at + 8, 4);
	/* The console. */
	assert_int_equal(peek(&t, at, 4), 5);
	assert_int_equal(peek(&t, at + 12, 4), 8 << 8);
	assert_int_equal(peek(&t, at + 16, 4), 115200);
	assert_int_equal(peek(&t, at + 20, 8), 0x3f8);
	at += peek(&t, at + 8, 4);
	/* The address for network boot. */
	assert_int_equal(peek(&t, at, 4), 7);
	assert_memory_equal(gm_hva(&t.gm, at + 12, 6), mac, 6);
	at += peek(&t, at + 8, 4);
	assert_int_equal(peek(&t, at, 4), 0xffffffff);
	assert_int_equal(peek(&t, sp + 28, 4), at + 4 - 0x2000);
	test_vm_close(&t);
}

static void
symbols(void **state)
{
	struct load_elf l = elf64(0);
	uint64_t base = (SEG1 + 5000 + 7) & ~7ULL, sh, tab;
	struct test_vm t;

	(void)state;
	sections();
	test_vm_open(&t, 16);
	assert_int_equal(load_elf(&l, &t.vm, &why), 0);
	/* A header without segments, sections behind it. */
	assert_int_equal(peek(&t, base, 4), 0x464c457f);
	assert_int_equal(peek(&t, base + 32, 8), 0);
	assert_int_equal(peek(&t, base + 40, 8), 64);
	assert_int_equal(peek(&t, base + 54, 4), 0);
	sh = base + 64;
	tab = peek(&t, sh + 64 + 24, 8);
	assert_int_equal(tab, 64 + 4 * 64);
	assert_memory_equal(gm_hva(&t.gm, base + tab, 24), file + 0x700, 24);
	assert_int_equal(peek(&t, sh + 64 + 8, 8), 2);
	tab = peek(&t, sh + 128 + 24, 8);
	assert_int_equal(tab, 64 + 4 * 64 + 24);
	assert_memory_equal(gm_hva(&t.gm, base + tab, 13), file + 0x720, 13);
	assert_int_equal(peek(&t, sh + 192 + 24, 8), 0x740);
	assert_int_equal(t.vm.end, base + 64 + 4 * 64 + 24 + 16);
	test_vm_close(&t);
}

static void
refuses(const struct load_elf *l, const char *reason)
{
	struct test_vm t;

	test_vm_open(&t, 16);
	assert_int_equal(load_elf(l, &t.vm, &why), -1);
	assert_string_equal(why.text, reason);
	test_vm_close(&t);
}

static void
refusals(void **state)
{
	static const char lost[] = "its symbols lie outside the file, or do "
	    "not fit behind the image";
	struct load_elf l = elf64(0);

	(void)state;
	le64_put(file + 24, 0x0f000000);
	refuses(&l, "its entry lies outside memory");
	l = elf64(0);
	sections();
	le64_put(file + 40, FILE_SIZE - 8);
	refuses(&l, lost);
	le64_put(file + 40, UINT64_MAX);
	refuses(&l, lost);
	l = elf64(0);
	sections();
	le16_put(file + 60, 257);
	refuses(&l, lost);
	l = elf64(0);
	sections();
	le64_put(file + SHOFF + 64 + 32, UINT64_MAX);
	refuses(&l, lost);
	l = elf64(0);
	sections();
	put_ph(1, 1, OFF1, SEG1, 100, (9 << 20) - 64);
	refuses(&l, lost);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(processor),
		cmocka_unit_test(narrow),
		cmocka_unit_test(arguments),
		cmocka_unit_test(symbols),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
