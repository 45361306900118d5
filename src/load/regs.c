#include "regs.h"

#include <string.h>

#define AR_CODE16	0x009f		/* accessed, readable, present */
#define AR_DATA16	0x0093
#define AR_LDT		0x0082
#define AR_TSS		0x008b		/* busy, 32-bit */
#define AR_CODE32	0xc09b
#define AR_DATA32	0xc093

#define CR0_PE		0x00000001
#define CR0_ET		0x00000010
#define CR0_RESET	0x60000010	/* CD, NW, ET */
#define RFLAGS_ONE	0x2		/* bit 1 is always set */

static const struct vcpu_seg seg_ldt = { 0, AR_LDT, 0xffff, 0 };
static const struct vcpu_seg seg_tss = { 0, AR_TSS, 0xffff, 0 };

static void
seg_all(struct vcpu_regs *r, const struct vcpu_seg *data)
{
	unsigned i;

	for (i = VCPU_ES; i <= VCPU_GS; i++)
		r->seg[i] = *data;
	r->seg[VCPU_LDTR] = seg_ldt;
	r->seg[VCPU_TR] = seg_tss;
	r->gdtr.limit = 0xffff;
	r->idtr.limit = 0xffff;
}

void
vcpu_flat16(struct vcpu_regs *r)
{
	const struct vcpu_seg data = { 0, AR_DATA16, 0xffff, 0 };
	const struct vcpu_seg code = { 0xf000, AR_CODE16, 0xffff, 0xf0000 };

	memset(r, 0, sizeof(*r));
	seg_all(r, &data);
	r->seg[VCPU_CS] = code;
	r->rip = 0xfff0;
	r->rflags = RFLAGS_ONE;
	r->cr0 = CR0_RESET;
}

void
vcpu_flat32(struct vcpu_regs *r, unsigned cs, unsigned ds, uint64_t gdt)
{
	const struct vcpu_seg data = { (uint16_t)ds, AR_DATA32, UINT32_MAX, 0 };
	const struct vcpu_seg code = { (uint16_t)cs, AR_CODE32, UINT32_MAX, 0 };

	memset(r, 0, sizeof(*r));
	seg_all(r, &data);
	r->seg[VCPU_CS] = code;
	r->gdtr.base = gdt;
	r->rflags = RFLAGS_ONE;
	r->cr0 = CR0_PE | CR0_ET;
}
