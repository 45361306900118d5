#include "vmdisk.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t got_signal;

int
complain(const char *file, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "vmdisk: ");
	if (file != NULL)
		fprintf(stderr, "%s: ", file);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	return -1;
}

int
open_image(const char *file, const struct image_opts *o, struct disk **d)
{
	struct disk_why why;

	return image_open(file, o, d, &why) == 0 ? 0 :
	    complain(file, "%s", why.text);
}

int
usage(const char *text)
{
	fprintf(stderr, "usage: vmdisk %s\n", text);
	return -1;
}

static void
on_signal(int sig)
{
	got_signal = sig;
}

void
catch_signals(void)
{
	static const int list[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction sa;
	size_t i;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = on_signal;
	sigemptyset(&sa.sa_mask);
	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		sigaction(list[i], &sa, NULL);
	/* A write that fails is to fail with an error, not to kill us. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

int
stopped(void)
{
	return got_signal;
}

int
stop_asked(void *arg)
{
	(void)arg;
	return stopped();
}

static const struct {
	const char	*name;
	int		(*run)(int, char **);
} commands[] = {
	{ "create", cmd_create },
	{ "convert", cmd_convert },
	{ "info", cmd_info },
	{ "check", cmd_check },
	{ "map", cmd_map },
};

static int
dispatch(int argc, char **argv)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (argc > 0 && strcmp(argv[0], commands[i].name) == 0)
			return commands[i].run(argc, argv);
	return usage("create | convert | info | check | map [arguments]");
}

/* What was printed must have arrived. */
static int
finish(int rv)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return rv;
	return complain(NULL, "standard output: %s", strerror(errno));
}

int
main(int argc, char **argv)
{
	int rv;

	opterr = 0;
	rv = finish(dispatch(argc - 1, argv + 1));
	if (got_signal != 0) {
		signal(got_signal, SIG_DFL);
		raise(got_signal);
	}
	return rv == -1 ? EXIT_FAILED : rv;
}
