/* vmtrace seed: a recording to an input, and an input to a recording. */
#include "run.h"

#include <stdlib.h>

#include "reseed.h"

#define ROOM	(256UL << 20)		/* of a recording */

struct sink {
	uint8_t	*p;
	size_t	 len, cap;
};

static int
collect(void *arg, const void *p, size_t len)
{
	struct sink *s = arg;

	while (s->cap - s->len < len) {
		s->cap = s->cap == 0 ? 65536 : 2 * s->cap;
		if ((s->p = realloc(s->p, s->cap)) == NULL)
			exit(complain("memory", "%zu bytes are not to be had",
			    s->cap));
	}
	memcpy(s->p + s->len, p, len);
	s->len += len;
	return 0;
}

/* Runs the input with the recorder between simulator and device. */
static int
expand(const struct input *in, const struct run_kind *k, const char *path)
{
	struct rec rec = {
		.sink = collect, .keep = 1 << 16, .room = ROOM, .marks = 1,
		.sync = 1, .bufcap = 1 << 18, .statecap = 1 << 16
	};
	struct sink s = { NULL, 0, 0 };
	struct run_result r;
	int res = EXIT_OK;

	rec.sinkarg = &s;
	rec.buf = need(rec.bufcap);
	rec.state = need(rec.statecap);
	if (run_trace(in, k, 0, &rec, &r) == -1)
		res = EXIT_BAD;
	else if (file_write(path, s.p, s.len) == -1)
		res = EXIT_BAD;
	else if (r.key[0] != '\0')
		res = complain(in->file.name, "%s; recorded up to there",
		    r.line);
	free(rec.buf);
	free(rec.state);
	free(s.p);
	return res;
}

static int
convert(struct input *in, const char *path)
{
	struct wbuf w;
	int res = EXIT_OK;

	wb_init(&w, need(RESEED_ROOM(in->file.len)),
	    RESEED_ROOM(in->file.len));
	if (reseed(&in->t, &w) == -1)
		res = complain(in->file.name, "does not fit its own length");
	else if (file_write(path, w.p, w.len) == -1)
		res = EXIT_BAD;
	free(w.p);
	return res;
}

static int
seed(struct input *in, int expanding, const char *device, const char *path)
{
	const struct run_kind *k;

	if (!expanding) {
		if (in->kind != INPUT_RECORDING)
			return complain(in->file.name, "is an input already; "
			    "--expand makes a recording of it");
		return convert(in, path);
	}
	if (in->kind == INPUT_RECORDING)
		return complain(in->file.name, "is a recording already");
	if (in->state != 0)
		return complain(in->file.name, "offset %zu: a recording cannot "
		    "say STATE", in->state);
	if ((k = run_choose(in, device)) == NULL)
		return EXIT_BAD;
	return expand(in, k, path);
}

static int
run(int argc, char **argv)
{
	const char *device = NULL;
	int fold = 0, expanding = 0, res;
	const struct option_word words[] = {
		{ "--fold", &fold, NULL }, { "--expand", &expanding, NULL },
		{ "--device", NULL, &device }, { NULL, NULL, NULL }
	};
	struct input in;

	if (options(&argc, &argv, words) == -1 || argc != 2)
		return usage(&cmd_seed);
	if (input_open(&in, argv[0], fold) == -1)
		return EXIT_BAD;
	res = seed(&in, expanding, device, argv[1]);
	input_close(&in);
	return res;
}

const struct command cmd_seed = {
	"seed", "[--expand] [--fold] [--device name] trace output",
	"makes a fuzzing input of a recording, and a recording of an input",
	"  --expand      runs an input in the simulator and records that\n"
	"  --fold        reads it as a fuzzing input: any bytes are records\n"
	"  --device name the device of an input that names none\n",
	run
};
