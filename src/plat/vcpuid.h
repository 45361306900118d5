/*
 * What the guest learns of its processor: the host's leaves without what we
 * do not emulate.
 *
 * There is no local APIC, x2APIC, TSC deadline, MONITOR and MWAIT, no
 * virtualization inside, no performance or machine-check unit, no MTRR, no
 * power management, one processor in one package.  The hypervisor leaves say
 * what OpenBSD's vmm(4) says, and nothing of KVM's paravirtual interfaces.
 */
#ifndef VCPUID_H
#define VCPUID_H

#include <stdint.h>

enum { CPUID_EAX, CPUID_EBX, CPUID_ECX, CPUID_EDX };

struct cpuid_leaf {
	uint32_t	 fn;
	uint32_t	 index;
	uint32_t	 reg[4];	/* CPUID_EAX ... */
};

/* Changes one leaf in place; 0 when the guest must not have it at all. */
int	cpuid_filter(struct cpuid_leaf *);

/* The leaf that names the hypervisor; to be added once. */
void	cpuid_hypervisor(struct cpuid_leaf *);

#endif
