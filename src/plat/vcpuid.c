#include "vcpuid.h"

#include <string.h>

#define B(n)	(1U << (n))

/* Bits that are taken out. */
struct off {
	uint32_t	fn;
	uint32_t	index;
	unsigned	reg;
	uint32_t	bits;
};

static const struct off off[] = {
	/* DTES64 MONITOR DS-CPL VMX SMX EST TM2 CNXT-ID SDBG xTPR PDCM PCID
	 * DCA x2APIC TSC-deadline */
	{ 1, 0, CPUID_ECX, B(2) | B(3) | B(4) | B(5) | B(6) | B(7) | B(8) |
	    B(10) | B(11) | B(14) | B(15) | B(17) | B(18) | B(21) | B(24) },
	/* MCE APIC MTRR MCA PSN DS ACPI SS HTT TM PBE */
	{ 1, 0, CPUID_EDX, B(7) | B(9) | B(12) | B(14) | B(18) | B(21) |
	    B(22) | B(27) | B(28) | B(29) | B(31) },
	/* SGX HLE INVPCID RTM PQM PQE PCOMMIT PT */
	{ 7, 0, CPUID_EBX, B(2) | B(4) | B(10) | B(11) | B(12) | B(15) |
	    B(22) | B(25) },
	/* SVM EXTAPIC IBS SKINIT WDT TOPOEXT PERFCTR-core PERFCTR-nb
	 * PERFTSC PERFCTR-llc MWAITX */
	{ 0x80000001, 0, CPUID_ECX, B(2) | B(3) | B(10) | B(12) | B(13) |
	    B(22) | B(23) | B(24) | B(27) | B(28) | B(29) },
	/* AMD repeats leaf 1: MCE APIC MTRR MCA */
	{ 0x80000001, 0, CPUID_EDX, B(7) | B(9) | B(12) | B(14) },
};

/* Leaves that read as zeros, as a processor without the unit has them. */
static const uint32_t blank[] = {
	0x3,		/* serial number */
	0x5,		/* MONITOR */
	0xa,		/* performance counters */
	0xb, 0x1f,	/* topology of more than one processor */
	0xf, 0x10,	/* resource monitoring and allocation */
	0x12,		/* SGX */
	0x14,		/* processor trace */
	0x8000000a,	/* SVM */
	0x8000001b,	/* instruction-based sampling */
	0x8000001d, 0x8000001e, 0x80000026,	/* topology */
	0x8000001f,	/* memory encryption */
	0x80000020,	/* quality of service */
	0x80000022,	/* performance counters */
};

static void
take_off(struct cpuid_leaf *l)
{
	unsigned i;

	for (i = 0; i < sizeof(off) / sizeof(off[0]); i++) {
		if (off[i].fn == l->fn && off[i].index == l->index)
			l->reg[off[i].reg] &= ~off[i].bits;
	}
	for (i = 0; i < sizeof(blank) / sizeof(blank[0]); i++) {
		if (blank[i] == l->fn)
			memset(l->reg, 0, sizeof(l->reg));
	}
}

int
cpuid_filter(struct cpuid_leaf *l)
{
	if (l->fn >= 0x40000000 && l->fn < 0x80000000)
		return 0;
	take_off(l);
	switch (l->fn) {
	case 0x1:
		/* One logical processor, whose APIC id is 0. */
		l->reg[CPUID_EBX] &= 0x0000ffff;
		l->reg[CPUID_EBX] |= B(16);
		l->reg[CPUID_ECX] |= B(31);	/* a hypervisor is here */
		break;
	case 0x4:
		/* Caches are shared by one thread of one core. */
		l->reg[CPUID_EAX] &= 0x00003fff;
		break;
	case 0x6:
		/* A timer that does not stop: there is none to stop. */
		memset(l->reg, 0, sizeof(l->reg));
		break;
	case 0x80000007:
		/* Of power management, the invariant TSC alone. */
		memset(l->reg, 0, 3 * sizeof(l->reg[0]));
		l->reg[CPUID_EDX] &= B(8);
		break;
	case 0x80000008:
		l->reg[CPUID_ECX] = 0;		/* one core */
		break;
	default:
		break;
	}
	return 1;
}

void
cpuid_hypervisor(struct cpuid_leaf *l)
{
	memset(l, 0, sizeof(*l));
	l->fn = 0x40000000;
	l->reg[CPUID_EAX] = 0x40000000;		/* no more such leaves */
	memcpy(&l->reg[CPUID_EBX], "OpenBSDVMM58", 12);
}
