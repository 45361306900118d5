/* vmtrace: looks at traces, plays them, makes inputs of them. */
#include "vmtrace.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const struct command *const commands[] = {
	&cmd_show, &cmd_replay, &cmd_seed, &cmd_shrink, &cmd_diff, &cmd_stat,
	&cmd_build, &cmd_pcap, NULL
};

int
complain(const char *name, const char *fmt, ...)
{
	va_list ap;

	progress_end();
	fprintf(stderr, "vmtrace: %s: ", name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return EXIT_BAD;
}

int
usage(const struct command *c)
{
	fprintf(stderr, "usage: vmtrace %s %s\n", c->name, c->args);
	return EXIT_USAGE;
}

void
help(const struct command *c)
{
	printf("usage: vmtrace %s %s\n\n%s\n\n%s", c->name, c->args, c->line,
	    c->help);
	printf("  --help        says this\n");
}

static int
general_help(FILE *f)
{
	int i;

	fprintf(f, "usage: vmtrace command [options] file ...\n\n");
	for (i = 0; commands[i] != NULL; i++)
		fprintf(f, "  %-8s %s\n", commands[i]->name,
		    commands[i]->line);
	fprintf(f, "\n  --help        says this; behind a command, more of it\n"
	    "  --version     says the version\n\n"
	    "A file named - is standard input or output.\n"
	    "Exit: 0 fine, 1 a failure or a difference, 2 wrong use.\n");
	return f == stdout ? EXIT_OK : EXIT_USAGE;
}

int
options(int *argc, char ***argv, const struct option_word *o)
{
	char **a = *argv;
	int n = *argc, i;

	for (; n > 0 && a[0][0] == '-' && a[0][1] != '\0'; a++, n--) {
		if (strcmp(a[0], "--") == 0) {
			a++;
			n--;
			break;
		}
		for (i = 0; o[i].word != NULL; i++)
			if (strcmp(o[i].word, a[0]) == 0)
				break;
		if (o[i].word == NULL || (o[i].value != NULL && n < 2))
			return -1;
		if (o[i].value != NULL) {
			*o[i].value = a[1];
			a++;
			n--;
		} else {
			*o[i].flag = 1;
		}
	}
	*argc = n;
	*argv = a;
	return 0;
}

/* Whatever was printed must have arrived. */
static int
flushed(int res)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return res;
	return complain("standard output", "cannot be written");
}

int
main(int argc, char **argv)
{
	int i;

	if (argc < 2)
		return general_help(stderr);
	if (strcmp(argv[1], "--help") == 0)
		return flushed(general_help(stdout));
	if (strcmp(argv[1], "--version") == 0) {
		printf("vmtrace %s, trace version %d\n", VERSION,
		    TRACE_VERSION);
		return flushed(EXIT_OK);
	}
	for (i = 0; commands[i] != NULL; i++)
		if (strcmp(argv[1], commands[i]->name) == 0)
			break;
	if (commands[i] == NULL) {
		fprintf(stderr, "vmtrace: no command '%s'; vmtrace --help "
		    "lists them\n", argv[1]);
		return EXIT_USAGE;
	}
	if (argc > 2 && strcmp(argv[2], "--help") == 0) {
		help(commands[i]);
		return flushed(EXIT_OK);
	}
	file_signals();
	return flushed(commands[i]->run(argc - 2, argv + 2));
}
