/* The processor of a KVM machine: registers and features. */
#if defined(__linux__) && defined(__x86_64__)
#include "plat_kvm.h"

#include <sys/ioctl.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vcpuid.h"

#define MAXLEAVES	256

static void
seg_out(struct kvm_segment *to, const struct vcpu_seg *s)
{
	to->base = s->base;
	to->limit = s->limit;
	to->selector = s->sel;
	to->type = s->ar & 15;
	to->s = s->ar >> 4 & 1;
	to->dpl = s->ar >> 5 & 3;
	to->present = s->ar >> 7 & 1;
	to->avl = s->ar >> 12 & 1;
	to->l = s->ar >> 13 & 1;
	to->db = s->ar >> 14 & 1;
	to->g = s->ar >> 15 & 1;
	to->unusable = !to->present;
}

static void
seg_in(struct vcpu_seg *to, const struct kvm_segment *s)
{
	to->base = s->base;
	to->limit = s->limit;
	to->sel = s->selector;
	to->ar = (uint16_t)(s->type | s->s << 4 | s->dpl << 5 |
	    s->present << 7 | s->avl << 12 | s->l << 13 | s->db << 14 |
	    s->g << 15);
}

static struct kvm_segment *
seg_of(struct kvm_sregs *s, unsigned i)
{
	struct kvm_segment *of[VCPU_NSREGS] = {
		[VCPU_ES] = &s->es, [VCPU_CS] = &s->cs, [VCPU_SS] = &s->ss,
		[VCPU_DS] = &s->ds, [VCPU_FS] = &s->fs, [VCPU_GS] = &s->gs,
		[VCPU_LDTR] = &s->ldt, [VCPU_TR] = &s->tr,
	};

	return of[i];
}

static __u64 *
gpr_of(struct kvm_regs *r, unsigned i)
{
	__u64 *of[VCPU_NGPRS] = {
		&r->rax, &r->rcx, &r->rdx, &r->rbx,
		&r->rsp, &r->rbp, &r->rsi, &r->rdi,
		&r->r8, &r->r9, &r->r10, &r->r11,
		&r->r12, &r->r13, &r->r14, &r->r15,
	};

	return of[i];
}

int
kvm_setregs(struct plat *p, const struct vcpu_regs *regs,
    struct plat_why *why)
{
	struct kvm_sregs s;
	struct kvm_regs r;
	unsigned i;

	memset(&r, 0, sizeof(r));
	if (ioctl(p->vcpu, KVM_GET_SREGS, &s) == -1)
		return plat_fail(why, "KVM_GET_SREGS: %s", strerror(errno));
	for (i = 0; i < VCPU_NGPRS; i++)
		*gpr_of(&r, i) = regs->gpr[i];
	for (i = 0; i < VCPU_NSREGS; i++)
		seg_out(seg_of(&s, i), &regs->seg[i]);
	r.rip = regs->rip;
	r.rflags = regs->rflags;
	s.gdt.base = regs->gdtr.base;
	s.gdt.limit = (uint16_t)regs->gdtr.limit;
	s.idt.base = regs->idtr.base;
	s.idt.limit = (uint16_t)regs->idtr.limit;
	s.cr0 = regs->cr0;
	s.cr2 = regs->cr2;
	s.cr3 = regs->cr3;
	s.cr4 = regs->cr4;
	s.efer = regs->efer;
	/* KVM shows the APIC bit as long as this enables one. */
	s.apic_base = 0;
	if (ioctl(p->vcpu, KVM_SET_SREGS, &s) == -1)
		return plat_fail(why, "KVM_SET_SREGS: %s", strerror(errno));
	if (ioctl(p->vcpu, KVM_SET_REGS, &r) == -1)
		return plat_fail(why, "KVM_SET_REGS: %s", strerror(errno));
	return 0;
}

int
kvm_getregs(struct plat *p, struct vcpu_regs *regs, struct plat_why *why)
{
	struct kvm_sregs s;
	struct kvm_regs r;
	unsigned i;

	if (ioctl(p->vcpu, KVM_GET_SREGS, &s) == -1 ||
	    ioctl(p->vcpu, KVM_GET_REGS, &r) == -1)
		return plat_fail(why, "KVM registers: %s", strerror(errno));
	memset(regs, 0, sizeof(*regs));
	for (i = 0; i < VCPU_NGPRS; i++)
		regs->gpr[i] = *gpr_of(&r, i);
	for (i = 0; i < VCPU_NSREGS; i++)
		seg_in(&regs->seg[i], seg_of(&s, i));
	regs->rip = r.rip;
	regs->rflags = r.rflags;
	regs->gdtr.base = s.gdt.base;
	regs->gdtr.limit = s.gdt.limit;
	regs->idtr.base = s.idt.base;
	regs->idtr.limit = s.idt.limit;
	regs->cr0 = s.cr0;
	regs->cr2 = s.cr2;
	regs->cr3 = s.cr3;
	regs->cr4 = s.cr4;
	regs->efer = s.efer;
	return 0;
}

static void
leaf_put(struct kvm_cpuid2 *to, const struct kvm_cpuid_entry2 *like,
    const struct cpuid_leaf *l)
{
	struct kvm_cpuid_entry2 *e = &to->entries[to->nent++];

	memset(e, 0, sizeof(*e));
	e->function = l->fn;
	e->index = l->index;
	e->flags = like == NULL ? 0 : like->flags;
	e->eax = l->reg[CPUID_EAX];
	e->ebx = l->reg[CPUID_EBX];
	e->ecx = l->reg[CPUID_ECX];
	e->edx = l->reg[CPUID_EDX];
}

/* In place: what is kept never gets ahead of what is read. */
static void
leaves(struct kvm_cpuid2 *c)
{
	unsigned i, n = c->nent;
	struct kvm_cpuid_entry2 e;
	struct cpuid_leaf l;

	c->nent = 0;
	for (i = 0; i < n; i++) {
		e = c->entries[i];
		l = (struct cpuid_leaf){ e.function, e.index,
		    { e.eax, e.ebx, e.ecx, e.edx } };
		if (cpuid_filter(&l))
			leaf_put(c, &e, &l);
	}
	cpuid_hypervisor(&l);
	leaf_put(c, NULL, &l);
}

int
kvm_features(int kvm, int vcpu, struct plat_why *why)
{
	struct kvm_cpuid2 *c;
	int rv = -1;

	c = calloc(1, sizeof(*c) + (MAXLEAVES + 1) * sizeof(c->entries[0]));
	if (c == NULL)
		return plat_fail(why, "/dev/kvm: out of memory");
	c->nent = MAXLEAVES;
	if (ioctl(kvm, KVM_GET_SUPPORTED_CPUID, c) == -1) {
		plat_fail(why, "/dev/kvm: what the processor can do: %s",
		    strerror(errno));
		goto out;
	}
	leaves(c);
	if (ioctl(vcpu, KVM_SET_CPUID2, c) == -1) {
		plat_fail(why, "/dev/kvm: the processor's features: %s",
		    strerror(errno));
		goto out;
	}
	rv = 0;
out:
	free(c);
	return rv;
}
#endif
