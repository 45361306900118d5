/*
 * Block requests for a vioblk device in the simulator: a kick brings BATCH
 * requests, reads and writes in turn, each a header, data and a status.
 */
#ifndef BLOCKS_H
#define BLOCKS_H

#include "sim.h"

#define BATCH		16U

enum blocks_mode {
	BLOCKS_BARE,			/* nobody watches */
	BLOCKS_ORACLES,
	BLOCKS_REC,			/* recorded, nobody else watches; */
	BLOCKS_KEEP			/* what was recorded is kept, too */
};

struct blocks {
	struct sim	*sim;
	enum blocks_mode mode;
	uint32_t	 bytes;		/* of data in a request */
	uint16_t	 idx;
	struct rec	 rec;
	uint8_t		*sink;		/* what was recorded, or NULL */
	size_t		 sinklen, sinkcap;
};

/* keep: for a recording, the bytes kept of a payload. */
void	 blocks_init(struct blocks *, enum blocks_mode, uint32_t bytes,
	    size_t keep);
void	 blocks_free(struct blocks *);
/* One kick and the read of the interrupt status behind it; BATCH. */
uint64_t blocks_run(void *);

/* Measures the player. */
void	 replay_bench(void);

#endif
