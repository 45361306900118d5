/* What the two files of the KVM engine share. */
#ifndef PLAT_KVM_H
#define PLAT_KVM_H

#include <linux/kvm.h>

#include <pthread.h>
#include <stdint.h>

#include "mem.h"
#include "plat.h"

struct plat {
	int			 vm;
	int			 vcpu;
	struct kvm_run		*run;
	size_t			 runlen;
	struct mem		 mem;
	/* A string instruction is passed on element by element. */
	uint32_t		 done;		/* elements answered */
	uint32_t		 count;		/* of the exit; 0: none open */
	char			 text[200];	/* behind vm_exit.why */
	/* Who to signal; only while in_run. */
	pthread_mutex_t		 lock;
	int			 in_run;
	pthread_t		 thread;
};

int	kvm_setregs(struct plat *, const struct vcpu_regs *,
	    struct plat_why *);
int	kvm_getregs(struct plat *, struct vcpu_regs *, struct plat_why *);
/* Gives the processor the features that vcpuid.h speaks of. */
int	kvm_features(int kvm, int vcpu, struct plat_why *);

#endif
