/*
 * The host without a system: runs one device on synthetic messages, with a
 * simulated guest, a simulated medium, virtual time, faults on demand, and
 * oracles that are always on.
 *
 * A run is a function of its input bytes alone.  The same bytes give the same
 * digest on every machine, compiler and sanitizer.
 */
#ifndef SIM_H
#define SIM_H

#include <setjmp.h>

#include "arena.h"
#include "dev.h"
#include "guest.h"
#include "oracle.h"
#include "prng.h"
#include "rec.h"
#include "trace.h"
#include "virtio_dev.h"

#define SIM_DISK	65536		/* bytes of the largest medium */
#define SIM_SECTORS	(SIM_DISK / 512)
#define SIM_UNITS	8		/* media that share it */
#define SIM_TIMERS	4
#define SIM_TIME	(UINT64_MAX / 2)	/* the end of virtual time */
#define SIM_FAULTS	8
#define SIM_CALLS	32
#define SIM_ENTROPY	4096
#define SIM_RECORDS	2000		/* of one input that are executed */
#define SIM_RELOADS	4		/* of one input that are obeyed */
#define SIM_STATE	8192		/* bytes of a saved state, at most */

struct sim;

/* One kind of device under simulation. */
struct sim_kind {
	const struct dev_ops	*dev;
	uint64_t		 features;	/* what its driver accepts */
	/* Attach values when the input brings none. */
	void			(*conf)(struct wbuf *);
	/* Before attach and after each completed chain; may be NULL. */
	void			(*attached)(struct sim *,
				    const struct devconf *);
	void			(*complete)(struct sim *, unsigned q,
				    struct oracle_chain *, uint32_t used);
	/*
	 * More hooks, any of which may be NULL.  before and after each
	 * message (after: once the common oracles have passed); when the
	 * input ends; for a frame that leaves (0, or -1: not taken) and for a
	 * wish of the device, in place of what the simulator does itself.
	 */
	void			(*before)(struct sim *,
				    struct viodev_msg *);
	void			(*after)(struct sim *,
				    const struct viodev_msg *);
	void			(*stopped)(struct sim *);
	int			(*tx)(struct sim *, uint32_t q,
				    const struct iovec *, int n, size_t len);
	void			(*request)(struct sim *, uint32_t what,
				    uint64_t arg);
	/*
	 * Bytes of the kind's own model, s->priv: zeroed by sim_new, reset
	 * for each input by attached.
	 */
	size_t			 priv;
	int			 units;		/* attach values have UNITs */
	/* Chains that it may hold before one goes back; 0: one. */
	unsigned		 hold;
	/* A STATE record was loaded, or refused; may be NULL. */
	void			(*restored)(struct sim *);
	/* Whether a kick of this queue need not drain it; may be NULL. */
	int			(*lazy)(struct sim *, unsigned q);
	/* Names of the bits in stats.ops, NULL-terminated. */
	const char *const	*ops;
};

/*
 * What stands behind the block calls of the device.  Before attach it holds
 * s->fresh, as much of it as there are sectors.
 */
struct sim_medium {
	void			(*reset)(struct sim *);	/* may be NULL */
	/*
	 * Does a call that was checked: an enum blk_result.  fault: the
	 * result that it should rather have (BLK_OK: none), with cut of 256
	 * parts done before.
	 */
	int			(*io)(struct sim *, const struct blk_io *,
				    int fault, unsigned cut);
	/* The input ends; may be NULL. */
	void			(*stop)(struct sim *);
};

extern const struct sim_kind sim_viornd, sim_vioblk, sim_vioscsi, sim_vionet,
    sim_echo, sim_legacy, sim_vmmci;

struct sim_stat {
	uint64_t	inputs;
	uint64_t	messages;
	uint64_t	done;		/* chains served */
	uint64_t	refused;	/* chains sent back unserved */
	uint64_t	ops;		/* kinds of request met, one bit each */
	uint64_t	accepted;	/* inputs with a served chain */
	uint64_t	resets;		/* inputs that ended in NEEDS_RESET */
	uint64_t	loose;		/* messages without a queue model */
	uint64_t	loads[ORACLE_NFETCH], again[ORACLE_NFETCH];
};

/* A call of the device, kept until the chain that caused it completes. */
struct sim_call {
	unsigned	op, flags, unit;
	uint64_t	off, len;
	int		result;
};

/* What attach values say of a unit, and its part of disk, model and fresh. */
struct sim_unit {
	uint32_t	 address;	/* UNIT */
	uint8_t		 kind, physexp, readonly;
	uint32_t	 block;
	uint64_t	 sectors;
	uint64_t	 base;		/* bytes */
	uint8_t		 serial[30];
	uint8_t		 nserial;
	uint64_t	 seen, given;	/* tags, and good ones, a bit each */
};
#define SIM_GIVEN(u, tag)	(((u)->given & 1ULL << (tag)) != 0)

struct sim_fault {
	uint8_t		on, call, skip, result, cut;
};

struct sim {
	const struct sim_kind	*kind;
	struct arena		 arena;
	struct oracle		 oracle;
	void			*mem;		/* state and scratch */
	void			*mem2;		/* the same, for RELOAD */
	void			*priv;		/* the kind's model */
	struct dev		*dev;
	struct dev_host		 host;
	struct rec		*rec;		/* NULL: nobody records */
	uint8_t			 own[256];	/* the kind's attach values */
	size_t			 nown;
	uint8_t			 confbuf[256];
	struct devconf		 conf;

	/* host */
	int			 line;
	uint64_t		 now, wall;
	uint64_t		 due[SIM_TIMERS];	/* UINT64_MAX: off */
	uint32_t		 again;			/* queues to kick */
	uint32_t		 rx_on;
	struct prng		 random;
	struct sim_fault	 fault[SIM_FAULTS];
	int			 nofault;	/* let calls succeed */
	struct sim_call		 call[SIM_CALLS];
	unsigned		 ncalls;
	uint8_t			 entropy[SIM_ENTROPY];
	unsigned		 nentropy;
	uint64_t		 requests;
	char			 logline[256];
	uint64_t		 digest;

	/* medium and its model */
	const struct sim_medium	*medium;
	void			*mediumarg;
	struct sim_unit		 unit[SIM_UNITS];
	unsigned		 nunits;
	uint8_t			*disk, *model, *fresh;
	uint64_t		 dirty[2];	/* sectors, a bit each */
	uint8_t			 unknown[SIM_SECTORS];

	/* guest */
	struct guest		 guest;

	/* INPUT payload under way; it lies in the input of the run */
	const uint8_t		*input;
	size_t			 inputlen;
	uint8_t			 sent[4096];	/* what left through tx */
	size_t			 sentlen;

	uint8_t			 status;	/* before the message */
	uint8_t			 isr;
	uint8_t			 untouched;	/* no message came yet */
	int			 config_may;	/* config interrupt: may */
	int			 config_must;	/* or must come */
	struct sim_stat		 stat;
	uint64_t		 ops;		/* of this input */
	int			 deep;		/* slow checks, too */
	/* No tap, as in production: what a run with one used; or NULL. */
	const uint64_t		*bare;
	int			 reloads;	/* whether to obey RELOAD */
	unsigned		 nreload;	/* RELOAD records met */
	int			 dead;		/* attach refused */
	unsigned		 served;	/* requests without a chain */

	/* where failures go */
	void			(*fail)(void *, const char *kind,
				    const char *why);
	void			*failarg;
	unsigned		 record;	/* the one under way */
};

/*
 * Puts images behind the device, as hosts do: raw, or qcow2 of several
 * makes, one of which the capacity chooses.  For the life of the program.
 */
void		 sim_over_raw(struct sim *);
void		 sim_over_qcow2(struct sim *);
/* Takes memory; ends the program, exit 1, when there is none. */
struct sim	*sim_new(const struct sim_kind *);
void		 sim_free(struct sim *);
/*
 * Runs one input.  Returns the digest of everything that the device did.  A
 * broken rule goes to sim->fail, and to abort() when that returns or is NULL.
 */
uint64_t	 sim_run(struct sim *, const uint8_t *, size_t);

/* For unit tests: the steps of a run. */
void		 sim_start(struct sim *, const struct devconf *);
void		 sim_stop(struct sim *);
void		 sim_deliver(struct sim *, struct viodev_msg *);
void		 sim_write(struct sim *, unsigned space, unsigned off,
		    unsigned width, uint64_t);
/* The same in the common space; what is wrong shows at the next message. */
void		 sim_note(struct sim *, unsigned off, unsigned width,
		    uint64_t);
uint64_t	 sim_read(struct sim *, unsigned space, unsigned off,
		    unsigned width);
void		 sim_kick(struct sim *, unsigned q);
/* Delivers what the device asked to be called again for. */
void		 sim_settle(struct sim *);
void		 sim_advance(struct sim *, uint64_t ns);
/* The device's own invariants, now. */
void		 sim_check(struct sim *);
/* Loads state into a fresh device; the device that was goes. */
void		 sim_restore(struct sim *, const uint8_t *, size_t);
void		 sim_reload(struct sim *);
void		 sim_setup(struct sim *, const struct trace_setup *);
void		 sim_chain(struct sim *, const struct trace_chain *);
static inline struct virtio_dev *
sim_virtio(struct sim *s)
{
	return (struct virtio_dev *)s->dev;
}

/* Mixes a number into the digest of the run. */
static inline void
sim_mix(struct sim *s, uint64_t v)
{
	s->digest = (s->digest ^ v) * 0xd6e8feb86659fd93ULL;
	s->digest ^= s->digest >> 32;
}

/* For the files of the simulator. */
extern const struct host_ops sim_host_ops;
extern const struct sim_medium sim_memory;
void		 sim_host_reset(struct sim *);
void		 sim_fail(struct sim *, const char *kind, const char *why)
		    __attribute__((noreturn));
int		 sim_take_fault(struct sim *, unsigned call, uint8_t *result,
		    uint8_t *cut);
/* A list with capacities that the media can hold, without VERSION. */
void		 sim_fold_conf(const struct sim *, const struct devconf *,
		    struct wbuf *);
/* The media that s->conf describes. */
void		 sim_media(struct sim *);
/* The same for a CONFIG message, which becomes one in buf. */
void		 sim_media_msg(struct sim *, struct viodev_msg *,
		    uint8_t *buf, size_t cap);
/*
 * The units in a list, SIM_UNITS at most: their number.  A list without UNIT
 * is about one; so is any list of a kind without units.
 */
unsigned	 sim_units(const struct sim *, const struct devconf *,
		    struct sim_unit *);
/* These bytes of medium or model change. */
void		 sim_dirty(struct sim *, uint64_t off, uint64_t len);

#endif
