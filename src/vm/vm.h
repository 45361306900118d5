/*
 * A virtual machine at work.
 *
 * Two threads: the processor's, and the main one, which has the event loop:
 * timers, terminal, device processes, the daemon's channel.  One lock covers
 * the board and everything in this struct that both look at; it is not held
 * while the guest runs, nor while a device process is asked.
 */
#ifndef VM_H
#define VM_H

#include <pthread.h>

#include "board.h"
#include "cfg.h"
#include "chan.h"
#include "console.h"
#include "devproc.h"
#include "ev.h"
#include "load.h"
#include "plat.h"
#include "spin.h"
#include "timers.h"

struct vm;

struct vm_device {
	struct vm		*vm;
	const struct cfg_device	*cfg;
	int			 slot;		/* on the bus */
	struct devproc		*proc;		/* NULL: inside this process */
	struct ev_io		*io;		/* its async channel */
	void			*mem;		/* of one inside */
};

enum vm_park { VM_RUNS, VM_PARKS, VM_PARKED };

struct vm {
	const struct cfg	*cfg;
	const struct plat_ops	*ops;
	struct plat		*plat;
	struct memmap		 map;
	struct vcpu_regs	 regs;		/* to start with */
	struct board		*board;
	void			*boardmem;
	uint8_t			 sercon[2];	/* a file of firmware */
	char			 order[96];
	unsigned		 ndevs;
	struct vm_device	 dev[VMMSG_MAXDEVS];
	struct console		 con;
	struct ev		*ev;
	struct ev_wake		*wake;
	struct ev_timer		*timer;
	struct ev_timer		*grace;		/* of a processor that hangs */
	int			 graced;	/* that runs */
	struct ev_io		*conio;
	struct ev_timer		*contimer;	/* looks for a listener again */
	struct ev_signal	*sig[3];
	struct chan		*ctl;		/* the daemon's, or NULL */
	struct ev_io		*ctlio;
	char			 debug[160];	/* a line of port 0x402 */
	size_t			 debuglen;
	pthread_t		 thread;

	pthread_mutex_t		 lock;		/* from here on */
	pthread_cond_t		 cond;
	int			 in_guest;
	int			 halted;
	_Atomic unsigned	 news;		/* times that it was nudged */
	struct spin		 spin;		/* of a processor that halts */
	enum vm_park		 park;
	int			 asked;		/* the guest shall end */
	int			 ending;
	int			 status;	/* how it ended: an errno */
	int			 vcpu_done;
	uint64_t		 vclock;	/* of the qtest engine */
	struct timers		 timers;
};

#define VM_REBOOT	EAGAIN		/* status: start it again */

/* machine.c: makes all of it, ready to run; 0, or -1 with a line. */
int	vm_open(struct vm *, const struct cfg *, struct cfg_why *);
void	vm_close(struct vm *);
/* Runs until the end; its status.  ctl is the daemon's channel or NULL. */
int	vm_run(struct vm *, struct chan *ctl);

/*
 * The machine ends with a status, whatever else happens; a reboot wins over
 * other reasons.  With the lock held.
 */
void	vm_end(struct vm *, int status);
/*
 * The guest is asked to power off; who does not answer, or has no driver for
 * it, is ended.  Asked a second time, the machine ends at once.  With the
 * lock held.
 */
void	vm_shutdown(struct vm *);
/* The processor looks at the board again.  With the lock held. */
void	vm_nudge(struct vm *);
/* How much it says. */
void	vm_verbose(struct vm *, unsigned level);
/* Stops the processor between two instructions, and lets it go on. */
void	vm_pause(struct vm *);
void	vm_unpause(struct vm *);
uint64_t vm_clock(struct vm *, enum host_clock);
/* Handles timers that are due; the time of the next. With the lock held. */
uint64_t vm_timers(struct vm *, uint64_t now);

/* loop.c: the main thread's part, from the start to the end of a run. */
int	vm_loop_open(struct vm *);
void	vm_loop_close(struct vm *);

/* hooks.c: what the board wants. */
extern const struct board_host vm_board_host;

/* start.c: what the processor starts with. */
int	vm_load(struct vm *, struct cfg_why *);

/* devices.c */
int	vm_devices_open(struct vm *, struct cfg_why *);
/* Ends the processes; frees those in here, after the board is gone. */
void	vm_devices_stop(struct vm *);
void	vm_devices_free(struct vm *);
/* Asks the guest through vmmci: 0, or -1.  With the lock held. */
int	vm_command(struct vm *, unsigned what);
/* A register access that board_route found; without the lock. */
uint64_t vm_remote(struct vm *, const struct board_target *, int write,
	    uint64_t v);
void	vm_devices_kill(struct vm *);
/* Takes what devices say, beside the main thread; without the lock. */
void	vm_devices_peek(struct vm *);
/* Says whether that is about to happen again and again. */
void	vm_devices_heed(struct vm *, int on);
int	vm_devices_watch(struct vm *);

/* vcpu.c */
void	*vm_vcpu(void *);

/* ctl.c: messages of the daemon while the machine runs. */
int	vm_ctl_open(struct vm *, struct chan *ctl);
/* Says READY, and takes what came already: the processor is there by then. */
void	vm_ctl_ready(struct vm *);
void	vm_ctl_close(struct vm *);

#endif
