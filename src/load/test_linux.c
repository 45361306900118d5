/* bzImages: where things go, and what is refused with which words. */
#include "test_vm.h"

#define SETUP	(5 * 512)
#define CODE	3000

static uint8_t image[SETUP + CODE];
static uint8_t disk[100000];
static struct test_file kf, rf;

/* A kernel of protocol 2.15 that moves and wants 2 MiB at 2 MiB. */
static struct load_linux
kernel(void)
{
	struct load_linux l = { .cmdline = "console=ttyS0" };
	size_t i;

	memset(image, 0, SETUP);
	for (i = 0; i < CODE; i++)
		image[SETUP + i] = (uint8_t)(i * 3 + 1);
	for (i = 0; i < sizeof(disk); i++)
		disk[i] = (uint8_t)(i * 5 + 2);
	image[0x1f1] = 4;
	le32_put(image + 0x1f4, (CODE + 15) / 16);
	le16_put(image + 0x1fe, 0xaa55);
	image[0x200] = 0xeb;
	image[0x201] = 0x6a;
	memcpy(image + 0x202, "HdrS", 4);
	le16_put(image + 0x206, 0x20f);
	image[0x211] = 0x81;
	le32_put(image + 0x22c, 0x7fffffff);
	le32_put(image + 0x230, 0x200000);
	image[0x234] = 1;
	le32_put(image + 0x238, 2047);
	le64_put(image + 0x258, 2 << 20);
	le32_put(image + 0x260, 2 << 20);
	l.kernel = test_src(&kf, image, sizeof(image));
	l.initrd = test_src(&rf, disk, sizeof(disk));
	return l;
}

static void
loads(void **state)
{
	struct load_linux l = kernel();
	struct test_vm t;
	uint64_t rd;

	(void)state;
	test_vm_open(&t, 16);
	assert_int_equal(load_linux(&l, &t.vm, &why), 0);
	assert_memory_equal(gm_hva(&t.gm, 1 << 20, CODE), image + SETUP,
	    CODE);
	assert_int_equal(t.vm.regs.rip, 1 << 20);
	assert_int_equal(t.vm.regs.gpr[VCPU_RSI], 0x7000);
	assert_int_equal(t.vm.regs.cr0, 0x11);
	assert_int_equal(t.vm.regs.seg[VCPU_CS].ar, 0xc09b);
	assert_int_equal(t.vm.end, 4 << 20);
	assert_string_equal((char *)gm_hva(&t.gm, 0x20000, 16),
	    "console=ttyS0");
	/* The zero page. */
	assert_int_equal(peek(&t, 0x7000 + 0x202, 4), 0x53726448);
	assert_int_equal(peek(&t, 0x7000 + 0x210, 1), 0xff);
	assert_int_equal(peek(&t, 0x7000 + 0x211, 1), 0x01);
	assert_int_equal(peek(&t, 0x7000 + 0x228, 4), 0x20000);
	assert_int_equal(peek(&t, 0x7000 + 0x1e8, 1), 4);
	assert_int_equal(peek(&t, 0x7000 + 0x2d0 + 40, 8), 1 << 20);
	assert_int_equal(peek(&t, 0x7000 + 0x26c, 8), 0);
	/* The initrd is as high as it can be. */
	rd = peek(&t, 0x7000 + 0x218, 4);
	assert_int_equal(rd, (12 << 20) - 102400);
	assert_int_equal(peek(&t, 0x7000 + 0x21c, 4), sizeof(disk));
	assert_memory_equal(gm_hva(&t.gm, rd, sizeof(disk)), disk,
	    sizeof(disk));
	/* Descriptors that fit the selectors. */
	assert_int_equal(peek(&t, 0x510, 8), 0x00cf9b000000ffff);
	assert_int_equal(t.vm.regs.seg[VCPU_CS].sel, 0x10);
	test_vm_close(&t);
}

static void
no_initrd(void **state)
{
	struct load_linux l = kernel();
	struct test_vm t;

	(void)state;
	l.initrd.size = 0;
	le64_put(image + 0x218, UINT64_MAX);	/* the file's own are void */
	image[0x1f1] = 0;		/* means 4 */
	test_vm_open(&t, 16);
	assert_int_equal(load_linux(&l, &t.vm, &why), 0);
	assert_int_equal(peek(&t, 0x7000 + 0x218, 8), 0);
	assert_memory_equal(gm_hva(&t.gm, 1 << 20, CODE), image + SETUP,
	    CODE);
	test_vm_close(&t);
}

/* A kernel that does not move lies where it wants. */
static void
fixed(void **state)
{
	struct load_linux l = kernel();
	struct test_vm t;

	(void)state;
	image[0x234] = 0;
	test_vm_open(&t, 16);
	assert_int_equal(load_linux(&l, &t.vm, &why), 0);
	assert_int_equal(t.vm.regs.rip, 2 << 20);
	assert_int_equal(peek(&t, 0x7000 + 0x214, 4), 2 << 20);
	le64_put(image + 0x258, 0x10000);
	assert_int_equal(load_linux(&l, &t.vm, &why), -1);
	assert_string_equal(why.text,
	    "the kernel wants to lie at 0x10000, below 1 MiB");
	/* Before 2.10 there was no preferred address. */
	le16_put(image + 0x206, 0x206);
	assert_int_equal(load_linux(&l, &t.vm, &why), 0);
	assert_int_equal(t.vm.regs.rip, 1 << 20);
	test_vm_close(&t);
}

static void
refuses(const struct load_linux *l, const char *reason)
{
	struct test_vm t;

	test_vm_open(&t, 16);
	assert_int_equal(load_linux(l, &t.vm, &why), -1);
	assert_string_equal(why.text, reason);
	test_vm_close(&t);
}

static void
refusals(void **state)
{
	struct load_linux l = kernel();
	static char longline[3000];

	(void)state;
	image[0x202] = 'h';
	refuses(&l, "not a bzImage of Linux");
	l = kernel();
	image[0x1fe] = 0;
	refuses(&l, "not a bzImage of Linux");
	l = kernel();
	l.kernel.size = 0x200;
	refuses(&l, "not a bzImage of Linux");
	l = kernel();
	le16_put(image + 0x206, 0x205);
	refuses(&l, "boot protocol 2.05 is too old: it takes 2.06");
	l = kernel();
	image[0x211] = 0;
	refuses(&l, "a zImage, which is loaded below 1 MiB: only bzImages "
	    "are loaded");
	l = kernel();
	image[0x201] = 0x61;
	refuses(&l, "the kernel's header ends at 0x263, before fields of its "
	    "version");
	l = kernel();
	l.kernel.size = SETUP;
	refuses(&l, "the kernel is cut short: nothing follows its set-up "
	    "code");
	l = kernel();
	l.kernel.size -= 100;
	refuses(&l, "the kernel is cut short: 2900 bytes follow its set-up "
	    "code, the header says 3008");
	l = kernel();
	le32_put(image + 0x260, 20 << 20);
	refuses(&l, "the kernel needs 20480 KiB at 0x200000: the machine "
	    "needs more memory");
	l = kernel();
	le64_put(image + 0x258, 0xffffffffffff0000);
	refuses(&l, "the kernel needs 2048 KiB at 0xffffffffffff0000: the "
	    "machine needs more memory");
	l = kernel();
	memset(longline, 'x', sizeof(longline) - 1);
	l.cmdline = longline;
	refuses(&l, "a command line of 2999 bytes, the kernel takes 2047");
	l = kernel();
	le32_put(image + 0x260, 10 << 20);
	refuses(&l, "the initrd of 97 KiB does not fit behind the kernel: "
	    "the machine needs more memory");
	l = kernel();
	le32_put(image + 0x22c, 0x100000);
	refuses(&l, "the initrd of 97 KiB does not fit behind the kernel: "
	    "the machine needs more memory");
	l = kernel();
	kf.broken = 1;
	refuses(&l, "the kernel cannot be read");
	l = kernel();
	rf.broken = 1;
	refuses(&l, "the initrd cannot be read, or does not fit");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads),
		cmocka_unit_test(no_initrd),
		cmocka_unit_test(fixed),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
