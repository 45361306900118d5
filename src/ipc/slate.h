/*
 * What both ends of a device's channels have before their eyes: memory that
 * spares them system calls as long as they are awake.
 *
 * A pipe carries the bytes of one direction.  Its socket then only wakes who
 * sleeps: a byte in it means "look", its end is the peer's.  The line is the
 * newest level of the interrupt; whoever watches it needs no message.
 *
 * The peer may be hostile and writes here what it likes, at any time.  All
 * that it can bring about is what it could by its messages: bytes that are
 * checked when they have been copied, a level, or that the other waits.
 */
#ifndef SLATE_H
#define SLATE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define SLATE_PIPE	16384U		/* bytes; a power of two */

/* The lines of memory that one side writes are apart from the other's. */
struct slate_pipe {
	_Alignas(64) _Atomic uint32_t put;	/* bytes ever put */
	_Atomic uint32_t	 full;		/* who puts wants a wake-up */
	_Alignas(64) _Atomic uint32_t got;	/* bytes ever taken */
	_Atomic uint32_t	 asleep;	/* who takes wants one */
	_Alignas(64) uint8_t	 data[SLATE_PIPE];
};

struct slate {
	struct slate_pipe	 to_device, to_vm;
	_Alignas(64) _Atomic uint64_t line;	/* number << 8 | level */
	_Alignas(64) _Atomic uint32_t watched;	/* by the vm */
};

/* The size of the object that holds one, in bytes. */
#define SLATE_SIZE	((sizeof(struct slate) + 4095) / 4096 * 4096)

/* Maps an object of SLATE_SIZE bytes, NULL when it is none; fd stays open. */
struct slate *slate_map(int fd);
void	slate_unmap(struct slate *);

/* As many bytes as there is room for: their number, or -1: the peer lies. */
int	slate_put(struct slate_pipe *, const void *, size_t);
/* As many bytes as there are and fit: their number, or -1 likewise. */
int	slate_take(struct slate_pipe *, void *, size_t);
/* Whether there are any. */
int	slate_any(const struct slate_pipe *);

/*
 * Wishes for a wake-up.  Who makes one and then finds nothing to do may
 * sleep; who did something asks whether the other had a wish, and wakes it.
 * Both are in one order with the counts above, so one of the two sees what
 * the other did.
 */
static inline void
slate_wish(_Atomic uint32_t *wish)
{
	atomic_store(wish, 1);
}

static inline int
slate_wished(_Atomic uint32_t *wish)
{
	return atomic_load(wish) != 0 && atomic_exchange(wish, 0) != 0;
}

#endif
