/*
 * The state of an x86 processor when it begins: what a loader leaves behind
 * and what a hypervisor starts from.
 *
 * Segment attributes are in the layout of VMX: bits 0 to 3 type, 4 S, 5 and
 * 6 DPL, 7 present, 12 AVL, 13 L, 14 D/B, 15 G (Intel SDM 3, 25.4.1).
 */
#ifndef REGS_H
#define REGS_H

#include <stdint.h>

enum vcpu_gpr {				/* numbered as instructions do */
	VCPU_RAX, VCPU_RCX, VCPU_RDX, VCPU_RBX,
	VCPU_RSP, VCPU_RBP, VCPU_RSI, VCPU_RDI,
	VCPU_R8, VCPU_R9, VCPU_R10, VCPU_R11,
	VCPU_R12, VCPU_R13, VCPU_R14, VCPU_R15,
	VCPU_NGPRS
};

enum vcpu_sreg {
	VCPU_ES, VCPU_CS, VCPU_SS, VCPU_DS, VCPU_FS, VCPU_GS,
	VCPU_LDTR, VCPU_TR,
	VCPU_NSREGS
};

struct vcpu_seg {
	uint16_t	 sel;
	uint16_t	 ar;		/* attributes */
	uint32_t	 limit;		/* bytes, not pages */
	uint64_t	 base;
};

struct vcpu_regs {
	uint64_t	 gpr[VCPU_NGPRS];
	uint64_t	 rip;
	uint64_t	 rflags;
	uint64_t	 cr0;
	uint64_t	 cr2;
	uint64_t	 cr3;
	uint64_t	 cr4;
	uint64_t	 efer;
	struct vcpu_seg	 seg[VCPU_NSREGS];
	struct vcpu_seg	 gdtr;		/* base and limit alone */
	struct vcpu_seg	 idtr;
};

/*
 * As a processor leaves reset, but for CS, which is based below 1 MiB: it
 * fetches from 0xffff0, where the copy of a firmware ends.
 */
void	vcpu_flat16(struct vcpu_regs *);
/*
 * Flat 32-bit protected mode without paging, as PVH and Linux's 32-bit entry
 * want it: code selector cs, data selector ds, whose descriptors the caller
 * has put into memory at gdt.
 */
void	vcpu_flat32(struct vcpu_regs *, unsigned cs, unsigned ds,
	    uint64_t gdt);

#endif
