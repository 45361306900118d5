/*
 * A disk over the memory medium: how many requests it serves when nobody
 * watches, under the oracles, and while it is recorded.
 */
#include "blocks.h"

#include <stdlib.h>

#include "bench.h"
#include "vioblk.h"

#define HEADERS		ARENA_HIGH
#define STATUSES	(ARENA_HIGH + 0x800)
#define DATA		(ARENA_HIGH + 0x1000)
#define RECBUF		(1U << 20)
#define KEEP		(16U << 20)	/* of a recording, to be played */

static int
sink(void *arg, const void *p, size_t len)
{
	struct blocks *b = arg;

	if (b->sink == NULL)
		return 0;
	if (len > b->sinkcap - b->sinklen)
		return -1;
	memcpy(b->sink + b->sinklen, p, len);
	b->sinklen += len;
	return 0;
}

static void
poke(struct blocks *b, uint64_t gpa, const void *p, size_t len)
{
	if (arena_poke(&b->sim->arena, gpa, p, len) == -1)
		bench_die("a request does not fit");
}

static void
put_desc(struct blocks *b, unsigned i, uint64_t addr, uint32_t len,
    unsigned flags)
{
	uint8_t d[VRING_DESC_SIZE];

	le64_put(d, addr);
	le32_put(d + 8, len);
	le16_put(d + 12, (uint16_t)flags);
	le16_put(d + 14, (uint16_t)(i + 1));
	poke(b, b->sim->guest.ring[0].desc + sizeof(d) * i, d, sizeof(d));
}

/* Request k, and the ring entries that offer it. */
static void
put_request(struct blocks *b, unsigned k)
{
	const struct guest_ring *g = &b->sim->guest.ring[0];
	unsigned write = k % 2;
	uint8_t h[16] = { 0 }, head[2];
	unsigned i;

	le32_put(h, write ? VIOBLK_T_OUT : VIOBLK_T_IN);
	le64_put(h + 8, k * 7 % (SIM_SECTORS - b->bytes / 512));
	poke(b, HEADERS + 16 * k, h, sizeof(h));
	put_desc(b, 3 * k, HEADERS + 16 * k, 16, VRING_DESC_NEXT);
	put_desc(b, 3 * k + 1, DATA, b->bytes,
	    VRING_DESC_NEXT | (write ? 0 : VRING_DESC_WRITE));
	put_desc(b, 3 * k + 2, STATUSES + k, 1, VRING_DESC_WRITE);
	le16_put(head, (uint16_t)(3 * k));
	for (i = k; i < g->size; i += BATCH)
		poke(b, g->avail + 4 + 2 * i, head, sizeof(head));
}

static void *
take(size_t n)
{
	void *p = calloc(1, n);

	if (p == NULL)
		bench_die("no memory");
	return p;
}

static void
start_recorder(struct blocks *b, size_t keep)
{
	b->rec.sink = sink;
	b->rec.sinkarg = b;
	b->rec.keep = keep;
	b->rec.room = UINT64_MAX;
	b->rec.buf = take(RECBUF);
	b->rec.bufcap = RECBUF;
	b->sim->rec = &b->rec;
	if (b->mode == BLOCKS_KEEP) {
		b->sinkcap = KEEP;
		b->sink = take(KEEP);
	}
}

void
blocks_init(struct blocks *b, enum blocks_mode mode, uint32_t bytes,
    size_t keep)
{
	struct trace_setup set = {
		.qlog = 6,
		.features = VIOBLK_F_FLUSH | VIRTIO_F_INDIRECT_DESC
	};
	unsigned k;

	memset(b, 0, sizeof(*b));
	b->mode = mode;
	b->bytes = bytes;
	b->sim = sim_new(&sim_vioblk);
	if (mode == BLOCKS_REC || mode == BLOCKS_KEEP)
		start_recorder(b, keep);
	sim_start(b->sim, NULL);
	sim_setup(b->sim, &set);
	if (!virtio_live(sim_virtio(b->sim)) ||
	    b->sim->guest.ring[0].size != 64)
		bench_die("the disk does not come up");
	for (k = 0; k < BATCH; k++)
		put_request(b, k);
	if (mode == BLOCKS_BARE)
		b->sim->arena.gm.tap = NULL;
	b->rec.under = NULL;
}

void
blocks_free(struct blocks *b)
{
	sim_free(b->sim);
	free(b->rec.buf);
	free(b->sink);
}

static void
deliver(struct blocks *b, struct viodev_msg *m)
{
	b->sim->ncalls = 0;
	if (b->mode == BLOCKS_BARE)
		dev_msg(b->sim->dev, m);
	else if (b->mode == BLOCKS_ORACLES)
		sim_deliver(b->sim, m);
	else
		rec_msg(&b->rec, b->sim->dev, m);
}

uint64_t
blocks_run(void *arg)
{
	struct viodev_msg kick = { .type = VIODEV_KICK };
	struct viodev_msg isr = {
		.type = VIODEV_READ, .space = VIODEV_ISR, .width = 1
	};
	struct blocks *b = arg;
	uint8_t idx[2];

	b->idx += BATCH;
	le16_put(idx, b->idx);
	poke(b, b->sim->guest.ring[0].avail + 2, idx, sizeof(idx));
	deliver(b, &kick);
	deliver(b, &isr);
	if (sim_virtio(b->sim)->vq[0].used_idx != b->idx ||
	    isr.data != VIRTIO_ISR_QUEUE)
		bench_die("requests got lost");
	return BATCH;
}

/* The bytes of a batch, moved between the same two places, and no more. */
static uint64_t
run_copy(void *arg)
{
	struct blocks *b = arg;
	uint8_t *disk, *mem;
	unsigned k;

	for (k = 0; k < BATCH; k++) {
		disk = b->sim->disk + k * 7 %
		    (SIM_SECTORS - b->bytes / 512) * 512;
		mem = gm_hva(&b->sim->arena.gm, DATA, b->bytes);
		if (k % 2 != 0)
			memcpy(disk, mem, b->bytes);
		else
			memcpy(mem, disk, b->bytes);
	}
	return BATCH;
}

struct job {
	const char		*name;
	uint32_t		 bytes;
	enum blocks_mode	 mode;
	size_t			 keep;
};

static const struct job jobs[] = {
	{ "512 bytes, oracles off", 512, BLOCKS_BARE, 0 },
	{ "512 bytes, oracles on", 512, BLOCKS_ORACLES, 0 },
	{ "512 bytes, recorded in full", 512, BLOCKS_REC, SIZE_MAX },
	{ "512 bytes, digests recorded", 512, BLOCKS_REC, 0 },
	{ "8 KiB, oracles off", 8192, BLOCKS_BARE, 0 },
	{ "8 KiB, oracles on", 8192, BLOCKS_ORACLES, 0 },
	{ "8 KiB, recorded in full", 8192, BLOCKS_REC, SIZE_MAX },
	{ "8 KiB, 4 KiB of it recorded", 8192, BLOCKS_REC, 4096 },
	{ "8 KiB, digests recorded", 8192, BLOCKS_REC, 0 },
};

static void
run_job(const struct job *j)
{
	static struct blocks bare, fig;
	struct bench_side side = { blocks_run, &fig, NULL };
	struct bench_side peer = { blocks_run, &bare, NULL };
	struct bench_row row = {
		.group = "vioblk over memory", .name = j->name,
		.unit = "requests/s", .peer = "oracles off"
	};

	blocks_init(&bare, BLOCKS_BARE, j->bytes, 0);
	blocks_init(&fig, j->mode, j->bytes, j->keep);
	if (j->mode == BLOCKS_BARE) {
		peer.run = run_copy;
		row.peer = "memcpy alone";
	} else if (j->mode == BLOCKS_REC)
		row.peer = "recording off";
	bench_compare(&row, &side, &peer);
	blocks_free(&fig);
	blocks_free(&bare);
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++)
		run_job(&jobs[i]);
	replay_bench();
	return 0;
}
