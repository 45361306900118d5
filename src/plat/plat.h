/*
 * The hypervisor: a virtual machine with one processor, its memory, and
 * nothing else.  All devices, interrupt chips and clocks are ours.
 *
 * An engine is a table of functions, chosen by whole file: plat_native is
 * what the system has (KVM on Linux, none elsewhere), plat_qtest works
 * without a hypervisor: its "processor" carries out the text commands of
 * QEMU's device tests.  The interface is no wider than OpenBSD's vmm(4): one
 * exit at a time, one interrupt at a time, no interrupt chip, no clock.
 *
 * Threads: one at a time for setregs, run and getregs.  kick and line may be
 * called from any thread between open and close.
 *
 * Errors: functions answer -1 and leave one line in struct plat_why, which
 * names the thing and the remedy.
 */
#ifndef PLAT_H
#define PLAT_H

#include <stdint.h>

#include "gmem.h"
#include "regs.h"
#include "share.h"

struct plat;				/* the engine's own */

struct plat_why {
	char	text[240];
};

struct plat_range {
	uint64_t	 gpa;		/* first address */
	uint64_t	 len;		/* bytes */
};

/*
 * What a virtual machine is made of.  Ranges are backed by memory that reads
 * as zeros; they ascend, do not touch, and consist of whole pages of 4 KiB.
 * Every other address is an exit.
 */
struct plat_conf {
	const char		*name;	/* of the machine, for texts */
	int			 fd;	/* native: the system's device, or -1 */
	const char		*chan;	/* qtest: "-", "unix:PATH" or a file */
	unsigned		 nranges;
	struct plat_range	 range[GM_MAXRANGES];
};

enum vm_exit_kind {
	VM_EXIT_NONE,		/* kicked or interrupted: look, run again */
	VM_EXIT_IO,		/* port access */
	VM_EXIT_MMIO,		/* access to an address without memory */
	VM_EXIT_HALT,		/* HLT; data 1: an interrupt will end it */
	VM_EXIT_WINDOW,		/* the guest takes interrupts now */
	VM_EXIT_RESET,		/* triple fault: the machine starts again */
	VM_EXIT_CLOCK,		/* qtest: move the clock, see below */
	VM_EXIT_END,		/* qtest: no more commands */
	VM_EXIT_ERROR		/* the machine cannot go on; why tells */
};

/*
 * One exit.  A read (write 0) is answered in data before the next run; only
 * the low width bytes count.  String instructions come as one exit for each
 * element.
 *
 * CLOCK: data is what to do: 0xffffffffffffffff, step to the next timer; or,
 * with write 0, ns to step; or, with write 1, the ns to set the clock to.
 * The new clock is the answer in data.
 */
struct vm_exit {
	enum vm_exit_kind	 kind;
	uint8_t			 write;
	uint8_t			 width;		/* 1, 2, 4 or 8 */
	uint64_t		 where;		/* port or address */
	uint64_t		 data;
	const char		*why;		/* until the next call */
};

#define VM_CLOCK_NEXT	UINT64_MAX

/*
 * The argument of run; zeroed memory before the first call, kept from one
 * call to the next, because the answer to the last exit goes in with it.
 */
struct plat_run {
	/*
	 * In: deliver this vector on entry.  Only when the last run left
	 * ready set; run puts it back to -1.
	 */
	int			 inject;
	/* In: more waits: exit with WINDOW once the guest takes interrupts. */
	int			 pending;
	/* Out: the guest would take an interrupt now. */
	int			 ready;
	struct vm_exit		 exit;
};

struct plat_ops {
	const char	*name;		/* "kvm" */

	/* Creates the machine with its memory; fd stays the caller's. */
	int	 (*open)(const struct plat_conf *, struct plat **,
		    struct plat_why *);
	/* Guest memory, mapped into this process until close. */
	struct gmem *(*map)(struct plat *);
	/* What another process needs to map it; the fd stays the engine's. */
	int	 (*share)(struct plat *, struct share *, struct plat_why *);
	/* Enters the guest until there is an exit.  Never fails: see ERROR. */
	void	 (*run)(struct plat *, struct plat_run *);
	/*
	 * A level of a line of the interrupt chip changed: for an engine
	 * that shows it to somebody.
	 */
	void	 (*line)(struct plat *, unsigned irq, int level);
	/* The registers; between two runs. */
	int	 (*setregs)(struct plat *, const struct vcpu_regs *,
		    struct plat_why *);
	int	 (*getregs)(struct plat *, struct vcpu_regs *,
		    struct plat_why *);
	/*
	 * Makes run return soon; when it does not run, the next run returns
	 * at once.  So a change made before a kick is seen after it.
	 */
	void	 (*kick)(struct plat *);
	/* Ends the machine; memory is unmapped, the pointer is nulled. */
	void	 (*close)(struct plat **);
};

extern const struct plat_ops plat_native;
extern const struct plat_ops plat_qtest;

/* The engine of a name, or NULL; "native" is the system's. */
const struct plat_ops *plat_engine(const char *name);

/* Writes the line of an error. */
int	plat_fail(struct plat_why *, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

#endif
