/* What is taken out of the host's leaves, and what stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vcpuid.h"

#define ALL	UINT32_MAX

static struct cpuid_leaf
full(uint32_t fn, uint32_t index)
{
	struct cpuid_leaf l = { fn, index, { ALL, ALL, ALL, ALL } };

	return l;
}

static void
processor(void **state)
{
	struct cpuid_leaf l = full(1, 0);

	(void)state;
	assert_true(cpuid_filter(&l));
	/* x2APIC, TSC deadline, MONITOR, VMX, PCID; APIC, MTRR, MCE, HTT */
	assert_int_equal(l.reg[CPUID_ECX] & (1U << 21 | 1U << 24 | 1U << 3 |
	    1U << 5 | 1U << 17), 0);
	assert_int_equal(l.reg[CPUID_EDX] & (1U << 9 | 1U << 12 | 1U << 7 |
	    1U << 28), 0);
	/* FPU, TSC, MSR, PAE, PAT, SSE2; SSE3, XSAVE, the hypervisor bit */
	assert_int_equal(~l.reg[CPUID_EDX] & (1U << 0 | 1U << 4 | 1U << 5 |
	    1U << 6 | 1U << 16 | 1U << 26), 0);
	assert_int_equal(~l.reg[CPUID_ECX] & (1U | 1U << 26 | 1U << 31), 0);
	/* APIC id 0, one logical processor */
	assert_int_equal(l.reg[CPUID_EBX] >> 16, 1);
	assert_int_equal(l.reg[CPUID_EAX], ALL);
}

static void
hypervisor_bit(void **state)
{
	struct cpuid_leaf l = { 1, 0, { 0, 0, 0, 0 } };

	(void)state;
	assert_true(cpuid_filter(&l));
	assert_int_equal(l.reg[CPUID_ECX], 1U << 31);
}

static void
amd(void **state)
{
	struct cpuid_leaf l = full(0x80000001, 0);

	(void)state;
	assert_true(cpuid_filter(&l));
	assert_int_equal(l.reg[CPUID_ECX] & 1U << 2, 0);	/* SVM */
	assert_int_equal(l.reg[CPUID_EDX] & 1U << 9, 0);	/* APIC */
	assert_int_equal(~l.reg[CPUID_EDX] & (1U << 29 | 1U << 20), 0);
	l = full(0x80000007, 0);
	assert_true(cpuid_filter(&l));
	assert_int_equal(l.reg[CPUID_EDX], 1U << 8);
	assert_int_equal(l.reg[CPUID_EAX] | l.reg[CPUID_EBX] |
	    l.reg[CPUID_ECX], 0);
	l = full(0x80000008, 0);
	assert_true(cpuid_filter(&l));
	assert_int_equal(l.reg[CPUID_ECX], 0);
	assert_int_equal(l.reg[CPUID_EAX], ALL);
}

static void
units_blank(void **state)
{
	static const uint32_t fn[] = { 0x5, 0xa, 0xb, 0x1f, 0x12, 0x14, 0x6,
	    0x8000000a, 0x8000001e, 0x8000001f };
	struct cpuid_leaf l;
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(fn) / sizeof(fn[0]); i++) {
		l = full(fn[i], i % 3);
		assert_true(cpuid_filter(&l));
		assert_int_equal(l.reg[0] | l.reg[1] | l.reg[2] | l.reg[3],
		    0);
	}
}

static void
subleaves(void **state)
{
	struct cpuid_leaf l = full(7, 0);

	(void)state;
	assert_true(cpuid_filter(&l));
	assert_int_equal(l.reg[CPUID_EBX] & (1U << 2 | 1U << 4 | 1U << 10 |
	    1U << 11 | 1U << 25), 0);
	assert_int_equal(~l.reg[CPUID_EBX] & (1U | 1U << 3 | 1U << 5), 0);
	/* Another index means something else. */
	l = full(7, 1);
	assert_true(cpuid_filter(&l));
	assert_int_equal(l.reg[CPUID_EBX], ALL);
	l = full(4, 2);
	assert_true(cpuid_filter(&l));
	assert_int_equal(l.reg[CPUID_EAX], 0x3fff);
}

static void
paravirt(void **state)
{
	struct cpuid_leaf l = full(0x40000000, 0);

	(void)state;
	assert_false(cpuid_filter(&l));
	l = full(0x40000001, 0);
	assert_false(cpuid_filter(&l));
	l = full(0x40000100, 0);
	assert_false(cpuid_filter(&l));
	cpuid_hypervisor(&l);
	assert_int_equal(l.fn, 0x40000000);
	assert_int_equal(l.reg[CPUID_EAX], 0x40000000);
	assert_memory_equal(&l.reg[CPUID_EBX], "OpenBSDVMM58", 12);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(processor),
		cmocka_unit_test(hypervisor_bit),
		cmocka_unit_test(amd),
		cmocka_unit_test(units_blank),
		cmocka_unit_test(subleaves),
		cmocka_unit_test(paravirt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
