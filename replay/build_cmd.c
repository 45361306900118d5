/* vmtrace build: a text to a trace. */
#include "vmtrace.h"

#include <stdlib.h>

#include "text.h"

#define TEXT_MAX	(64UL << 20)

static int
build(const struct file *f, const char *path)
{
	struct text_error err;
	struct wbuf w;
	uint8_t *scratch = need(TEXT_SCRATCH(f->len));
	int res = EXIT_OK;

	wb_init(&w, need(TEXT_ROOM(f->len)), TEXT_ROOM(f->len));
	if (text_build((const char *)f->p, f->len, &w, scratch, &err) == -1)
		res = complain(f->name, "line %u, column %u: %s", err.line,
		    err.column, err.reason);
	else if (file_write(path, w.p, w.len) == -1)
		res = EXIT_BAD;
	free(w.p);
	free(scratch);
	return res;
}

static int
run(int argc, char **argv)
{
	static const struct option_word words[] = { { NULL, NULL, NULL } };
	struct file f;
	int res;

	if (options(&argc, &argv, words) == -1 || argc != 2)
		return usage(&cmd_build);
	if (file_read(&f, argv[0]) == -1)
		return EXIT_BAD;
	if (f.len > TEXT_MAX)
		res = complain(f.name, "longer than %lu bytes", TEXT_MAX);
	else
		res = build(&f, argv[1]);
	file_free(&f);
	return res;
}

const struct command cmd_build = {
	"build", "text trace", "makes a trace of a text, as show prints it", "",
	run
};
