/* vmtrace replay: does the device still do what it did? */
#include "run.h"

#include <inttypes.h>

static void
print_good(const struct input *in, const struct run_result *r)
{
	const struct play_stat *s = &r->play;

	if (in->kind == INPUT_INPUT) {
		printf("%s: ok, %" PRIu64 " messages, %" PRIu64 " requests "
		    "done, digest %016" PRIx64 "\n", in->file.name,
		    r->messages, r->done, r->digest);
		return;
	}
	printf("%s: ok, %u messages, %u loads, %u expectations, %u marks",
	    in->file.name, s->messages, s->loads, s->expects, s->marks);
	if (s->blind > 0)
		printf(", %u payloads by their length only", s->blind);
	if (s->open != 0)
		printf(", ends inside the message of record %u", s->open);
	printf("\n");
}

static int
replay(const char *path, int fold, const char *device, int verbose)
{
	const struct run_kind *k;
	struct run_result r;
	struct input in;
	int res = EXIT_BAD;

	if (input_open(&in, path, fold) == -1)
		return EXIT_BAD;
	if ((k = run_choose(&in, device)) != NULL &&
	    run_trace(&in, k, verbose, NULL, &r) == 0) {
		if (r.key[0] != '\0') {
			complain(in.file.name, "%s", r.line);
		} else {
			print_good(&in, &r);
			res = EXIT_OK;
		}
	}
	input_close(&in);
	return res;
}

static int
run(int argc, char **argv)
{
	const char *device = NULL;
	int fold = 0, verbose = 0, i, res = EXIT_OK;
	const struct option_word words[] = {
		{ "--fold", &fold, NULL }, { "--verbose", &verbose, NULL },
		{ "--device", NULL, &device }, { NULL, NULL, NULL }
	};

	if (options(&argc, &argv, words) == -1 || argc < 1)
		return usage(&cmd_replay);
	for (i = 0; i < argc; i++)
		if (replay(argv[i], fold, device, verbose) != EXIT_OK)
			res = EXIT_BAD;
	return res;
}

const struct command cmd_replay = {
	"replay", "[--fold] [--verbose] [--device name] trace ...",
	"plays recordings against the device, runs inputs in the simulator",
	"  --fold        reads it as a fuzzing input: any bytes are records\n"
	"  --device name the device of an input that names none\n"
	"  --verbose     prints what the device logs\n",
	run
};
