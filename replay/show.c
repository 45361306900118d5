/* vmtrace show: a trace as text or as JSON. */
#include "vmtrace.h"

#include "brief.h"
#include "show_json.h"
#include "text.h"

static void
put(void *arg, const char *p, size_t len)
{
	fwrite(p, 1, len, arg);
}

static int
show(struct input *in, int json, int plain)
{
	struct trace_rec r;
	struct text_out o;

	text_init(&o, put, stdout);
	o.hints = !plain;
	o.frame = net_brief;
	while (trace_next(&in->t, &r) == TRACE_OK) {
		if (json && show_json(stdout, &r) == -1)
			return complain(in->file.name, "no memory");
		if (!json)
			text_rec(&o, &r);
		if (ferror(stdout))
			return EXIT_BAD;
		progress("records", r.number, 0);
	}
	progress_end();
	if (in->cut)
		fprintf(stderr, "vmtrace: %s: offset %zu: %s; shown up to "
		    "there\n", in->file.name, in->t.bad, in->t.why);
	return EXIT_OK;
}

static int
run(int argc, char **argv)
{
	int json = 0, fold = 0, plain = 0, i, res = EXIT_OK;
	const struct option_word words[] = {
		{ "--json", &json, NULL }, { "--fold", &fold, NULL },
		{ "--plain", &plain, NULL }, { NULL, NULL, NULL }
	};
	struct input in;

	if (options(&argc, &argv, words) == -1 || argc < 1)
		return usage(&cmd_show);
	for (i = 0; i < argc; i++) {
		if (input_open(&in, argv[i], fold) == -1) {
			res = EXIT_BAD;
			continue;
		}
		if (argc > 1 && !json)
			printf("# %s\n", in.file.name);
		if (show(&in, json, plain) != EXIT_OK)
			res = EXIT_BAD;
		input_close(&in);
	}
	return res;
}

const struct command cmd_show = {
	"show", "[--fold] [--json | --plain] trace ...",
	"prints a line for each record",
	"  --fold        reads it as a fuzzing input: any bytes are records\n"
	"  --json        prints a JSON object for each record\n"
	"  --plain       leaves the comments out\n",
	run
};
