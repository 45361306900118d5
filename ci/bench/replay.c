/* Records through the player next to reading them. */
#include <stdlib.h>

#include "bench.h"
#include "blocks.h"
#include "play.h"
#include "vioblk.h"

#define KICKS		40

struct replay {
	const uint8_t	*p;
	size_t		 len;
	uint64_t	 records;
	struct arena	 arena;
	void		*device;
	struct play	*play;
};

static uint64_t
run_read(void *arg)
{
	struct replay *r = arg;
	struct trace_reader t;
	struct trace_rec rec;
	uint64_t n = 0;

	if (trace_open(&t, r->p, r->len) != TRACE_OK)
		bench_die("the recording cannot be read");
	while (trace_next(&t, &rec) == TRACE_OK)
		n++;
	return n;
}

static uint64_t
run_play(void *arg)
{
	static uint8_t scratch[SIM_STATE];
	struct replay *r = arg;
	struct gmem gm = r->arena.gm;
	struct trace_reader t;
	struct trace_rec conf, map;
	struct devconf dc;
	struct dev_host h;
	struct dev *d;
	int res = -1;

	if (trace_open(&t, r->p, r->len) != TRACE_OK ||
	    trace_next(&t, &conf) != TRACE_OK || conf.type != TRACE_CONF ||
	    trace_next(&t, &map) != TRACE_OK || map.type != TRACE_MAP)
		bench_die("the recording cannot be read");
	dc.p = conf.u.conf.list;
	dc.len = conf.u.conf.listlen;
	play_init(r->play, &t, scratch, sizeof(scratch));
	play_tap(r->play, &gm);
	h = play_host(r->play);
	if ((d = dev_attach(&vioblk_dev, r->device, &h, &gm, &dc)) != NULL)
		while ((res = play_step(r->play, d)) == 1)
			continue;
	if (res != 0)
		bench_die("the replay differs");
	dev_detach(d);
	return r->records;
}

static void
bench_one(const char *name, uint32_t bytes, size_t keep)
{
	static struct blocks b;
	static struct replay r;
	struct bench_side fig = { run_play, &r, NULL }, peer = { run_read, &r, NULL };
	struct bench_row row = {
		.group = "player", .name = name, .unit = "records/s",
		.peer = "reading alone"
	};
	int i;

	blocks_init(&b, BLOCKS_KEEP, bytes, keep);
	for (i = 0; i < KICKS; i++)
		(void)blocks_run(&b);
	rec_stop(&b.rec, &b.sim->arena.gm);
	r.p = b.sink;
	r.len = b.sinklen;
	r.records = run_read(&r);
	arena_init(&r.arena);
	r.device = calloc(1, vioblk_dev.size + vioblk_dev.scratch);
	r.play = malloc(play_size());
	if (r.device == NULL || r.play == NULL)
		bench_die("no memory");
	bench_compare(&row, &fig, &peer);
	free(r.play);
	free(r.device);
	arena_free(&r.arena);
	blocks_free(&b);
}

void
replay_bench(void)
{
	bench_one("vioblk, 512 bytes, in full", 512, SIZE_MAX);
	bench_one("vioblk, 8 KiB, in full", 8192, SIZE_MAX);
	bench_one("vioblk, 8 KiB, as digests", 8192, 0);
}
