/*
 * The host without a system for devices that are no virtio devices: the chips
 * of the board, the bus, and the board as a whole.
 *
 * An input is CONF, MSG, TIME, POKE, FAULT, RELOAD and STATE records.  After
 * each message the device's invariants are checked, the model of its kind
 * compares what it did, and what the host was asked for is bounded: timers by
 * the time that passed, calls by the message, log lines by zero for what a
 * guest does.  A run is a function of its bytes alone.
 */
#ifndef CHIPSIM_H
#define CHIPSIM_H

#include "arena.h"
#include "dev.h"
#include "rec.h"
#include "trace.h"

#define CHIPSIM_TIMERS	320
#define CHIPSIM_TIME	(UINT64_MAX / 2)	/* the end of virtual time */
#define CHIPSIM_RECORDS	2000	/* of one input that are executed */
#define CHIPSIM_STEPS	32	/* timers of one TIME record, at most */
#define CHIPSIM_RELOADS	4	/* of one input that are obeyed */
#define CHIPSIM_CONFIGS	64	/* CONFIG messages that are kept */
#define CHIPSIM_SENT	256	/* bytes of one message through tx */
#define CHIPSIM_MEDIUM	4096	/* bytes behind blk */
#define CHIPSIM_FAULTS	4
#define CHIPSIM_STATE	65536
#define CHIPSIM_TICK	80000	/* ns; no timer runs more often for long */

struct chipsim;

struct chipsim_kind {
	const struct dev_ops	*dev;
	unsigned		 timers;	/* numbers it may use */
	unsigned		 lanes;		/* that may run at full rate */
	size_t			 model;		/* bytes; zeroed at the start */
	/* Attach values when the input brings none. */
	void			(*conf)(struct wbuf *);
	void			(*start)(struct chipsim *);
	/* Before a message: what the model has to remember.  May be NULL. */
	void			(*before)(struct chipsim *,
				    const struct viodev_msg *);
	/* The message has been delivered; m has the answer. */
	void			(*after)(struct chipsim *,
				    const struct viodev_msg *m);
	/* Names of the bits in ops, NULL-terminated. */
	const char *const	*ops;
};

extern const struct chipsim_kind chip_i8259, chip_i8253, chip_mc146818,
    chip_ns8250, chip_sysport, chip_fwcfg, chip_pci, chip_board;

struct chipsim_fault {
	uint8_t		on, call, skip, result;
};

struct chipsim_config {
	const uint8_t	*p;
	size_t		 len;
};

struct chipsim_stat {
	uint64_t	inputs;
	uint64_t	messages;
	uint64_t	modelled;	/* messages that a model judged */
	uint64_t	accepted;	/* inputs with an effect outside */
	uint64_t	ops;
};

struct chipsim {
	const struct chipsim_kind *kind;
	struct arena		 arena;
	struct dev		*dev;
	struct dev_host		 host;
	struct rec		*rec;		/* NULL: nobody records */
	void			*mem, *mem2;	/* state, and for RELOAD */
	void			*model;
	int			 modelled;	/* the model still knows */
	uint8_t			 confbuf[256];
	struct devconf		 conf;
	struct chipsim_config	 config[CHIPSIM_CONFIGS];
	unsigned		 nconfigs;

	/* the host */
	int			 line;
	unsigned		 rises, falls;	/* of this message */
	int			 ready;
	uint64_t		 now, wall, began;
	uint64_t		 due[CHIPSIM_TIMERS]; /* UINT64_MAX: off */
	uint64_t		 fires;		/* timers that ran */
	uint8_t			 sent[CHIPSIM_SENT];
	size_t			 nsent;		/* of this message */
	unsigned		 ntx, nrefused;	/* calls of this message */
	unsigned		 calls, logs;
	unsigned		 asked;		/* requests of this message */
	uint32_t		 what;
	uint8_t			 medium[CHIPSIM_MEDIUM];
	struct chipsim_fault	 fault[CHIPSIM_FAULTS];
	int			 paused;
	int			 touched;	/* memory, by the device */

	uint64_t		 digest;
	uint64_t		 messages;	/* of this input */
	uint64_t		 ops;
	int			 effects;
	int			 deep;
	int			 reloads;	/* whether to obey RELOAD */
	unsigned		 nreload;
	int			 dead;		/* attach refused */
	struct chipsim_stat	 stat;

	/* where failures go */
	void			(*fail)(void *, const char *kind,
				    const char *why);
	void			*failarg;
	unsigned		 record;	/* the one under way */
};

/* Takes memory; ends the program, exit 1, when there is none. */
struct chipsim	*chipsim_new(const struct chipsim_kind *);
void		 chipsim_free(struct chipsim *);
/*
 * Runs one input.  Returns the digest of all that the device did.  A broken
 * rule goes to fail, and to abort() when that returns or is NULL.
 */
uint64_t	 chipsim_run(struct chipsim *, const uint8_t *, size_t);

/* For unit tests: the steps of a run. */
void		 chipsim_start(struct chipsim *, const struct devconf *);
void		 chipsim_stop(struct chipsim *);
void		 chipsim_deliver(struct chipsim *, struct viodev_msg *);
void		 chipsim_advance(struct chipsim *, uint64_t ns);

/* For models. */
void		 chipsim_fail(struct chipsim *, const char *kind,
		    const char *why) __attribute__((noreturn));
static inline void
chipsim_met(struct chipsim *s, unsigned op)
{
	s->ops |= 1ULL << op;
}

/* Whether a message is a one-byte access to an I/O port. */
static inline int
chipsim_byte(const struct viodev_msg *m, unsigned type)
{
	return m->type == type && m->space == VIODEV_PORT && m->width == 1;
}

/* For the files of the simulator. */
extern const struct host_ops chipsim_host_ops;
void		 chipsim_host_reset(struct chipsim *);

#endif
