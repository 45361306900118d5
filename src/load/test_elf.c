/* ELF kernels with a PVH entry, and all that is refused. */
#include "test_elf.h"

static void
pvh(void **state)
{
	struct load_elf l = elf64(1);
	struct test_vm t;
	uint64_t rd;

	(void)state;
	test_vm_open(&t, 16);
	assert_int_equal(load_elf(&l, &t.vm, &why), 0);
	assert_memory_equal(gm_hva(&t.gm, SEG0, 600), file + OFF0, 600);
	assert_memory_equal(gm_hva(&t.gm, SEG1, 100), file + OFF1, 100);
	assert_int_equal(peek(&t, SEG1 + 100, 8), 0);
	assert_int_equal(t.vm.end, SEG1 + 5000);
	assert_int_equal(t.vm.regs.rip, SEG0 + 0x40);
	assert_int_equal(t.vm.regs.gpr[VCPU_RBX], 0x6000);
	assert_int_equal(t.vm.regs.cr0, 0x11);
	assert_int_equal(t.vm.regs.efer, 0);
	/* struct hvm_start_info */
	assert_int_equal(peek(&t, 0x6000, 4), 0x336ec578);
	assert_int_equal(peek(&t, 0x6004, 4), 1);
	assert_int_equal(peek(&t, 0x600c, 4), 1);
	assert_int_equal(peek(&t, 0x6018, 8), 0x20000);
	assert_int_equal(peek(&t, 0x6030, 4), 4);
	rd = peek(&t, peek(&t, 0x6010, 8), 8);
	assert_int_equal(rd, (12 << 20) - 4096);
	assert_memory_equal(gm_hva(&t.gm, rd, 7), "initrd!", 7);
	assert_int_equal(peek(&t, peek(&t, 0x6010, 8) + 8, 8), 7);
	assert_int_equal(peek(&t, peek(&t, 0x6028, 8) + 48, 8), 1 << 20);
	assert_string_equal((char *)gm_hva(&t.gm, 0x20000, 8), "a=b");
	test_vm_close(&t);
}

static void
narrow(void **state)
{
	struct load_elf l = elf32(1);
	struct test_vm t;

	(void)state;
	l.initrd.size = 0;
	test_vm_open(&t, 16);
	assert_int_equal(load_elf(&l, &t.vm, &why), 0);
	assert_memory_equal(gm_hva(&t.gm, SEG0, 600), file + OFF0, 600);
	assert_int_equal(t.vm.regs.rip, SEG0 + 0x40);
	assert_int_equal(peek(&t, 0x600c, 4), 0);
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
headers(void **state)
{
	struct load_elf l = elf64(1);

	(void)state;
	file[0] = 0;
	refuses(&l, "not an ELF file");
	l = elf64(1);
	l.kernel.size = 51;
	refuses(&l, "not an ELF file");
	l.kernel.size = 60;
	refuses(&l, "the ELF header is cut short");
	l = elf64(1);
	file[5] = 2;
	refuses(&l, "not a little-endian ELF file of 32 or 64 bits");
	l = elf64(1);
	le16_put(file + 18, 183);
	refuses(&l, "an ELF file for another processor (machine 183)");
	l = elf64(1);
	le16_put(file + 16, 3);
	refuses(&l, "an ELF file that is no kernel (type 3)");
	l = elf64(1);
	le16_put(file + 54, 32);
	refuses(&l, "program headers of a wrong size");
	l = elf64(1);
	le16_put(file + 56, 0);
	refuses(&l, "0 program headers: a kernel has 1 to 64");
	le16_put(file + 56, 65);
	refuses(&l, "65 program headers: a kernel has 1 to 64");
	l = elf64(1);
	le64_put(file + 32, UINT64_MAX - 10);
	refuses(&l, "program headers outside the file");
	l = elf64(1);
	kf.broken = 1;
	refuses(&l, "the kernel cannot be read");
}

static void
segments(void **state)
{
	struct load_elf l = elf64(1);

	(void)state;
	le64_put(ph(1) + 8, FILE_SIZE - 99);
	refuses(&l, "segment 1 lies outside the file, which is cut short");
	l = elf64(1);
	le64_put(ph(1) + 40, 99);
	refuses(&l, "segment 1 has more bytes in the file than in memory");
	l = elf64(1);
	le64_put(ph(0) + 24, 0xff000);
	refuses(&l, "segment 0 lies below 1 MiB (0xff000)");
	l = elf64(1);
	le64_put(ph(0) + 24, (12 << 20) - 500);
	refuses(&l, "segment 0 (0 KiB at 0xbffe0c) does not fit: the machine "
	    "needs more memory");
	l = elf64(1);
	le64_put(ph(1) + 40, UINT64_MAX);
	refuses(&l, "segment 1 (18014398509481983 KiB at 0x300000) does not "
	    "fit: the machine needs more memory");
	l = elf64(1);
	le64_put(ph(1) + 24, SEG0 + 599);
	refuses(&l, "segment 1 overlaps an earlier one");
	l = elf64(1);
	le32_put(ph(0), 7);
	le32_put(ph(1), 7);
	refuses(&l, "nothing to load in it");
	l = elf64(1);
	le32_put(note() + 16, 0xfff00000);
	refuses(&l, "its PVH entry lies outside memory");
	l = elf64(1);
	l.initrd.size = 13 << 20;
	refuses(&l, "the initrd of 13312 KiB does not fit behind the kernel: "
	    "the machine needs more memory");
}

/* Without a good note it is taken for OpenBSD's. */
static void
notes(void **state)
{
	struct load_elf l = elf64(1);
	struct test_vm t;
	int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		l = elf64(1);
		switch (i) {
		case 0:
			memcpy(note() + 12, "Xem", 4);
			break;
		case 1:
			le32_put(note() + 8, 17);
			break;
		case 2:
			le32_put(note() + 4, 3000);
			break;
		case 3:
			le32_put(note(), UINT32_MAX);
			break;
		}
		test_vm_open(&t, 16);
		assert_int_equal(load_elf(&l, &t.vm, &why), 0);
		assert_int_equal(t.vm.regs.efer, 0x500);
		test_vm_close(&t);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pvh),
		cmocka_unit_test(narrow),
		cmocka_unit_test(headers),
		cmocka_unit_test(segments),
		cmocka_unit_test(notes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
