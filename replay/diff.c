/* vmtrace diff: where two traces part. */
#include "vmtrace.h"

#include <string.h>

#include "text.h"

struct side {
	struct input	 in;
	struct trace_rec r;
	int		 more;
	unsigned	 cause;		/* the last message */
	uint64_t	 types[TRACE_NTYPES];
};

static void
advance(struct side *s)
{
	s->more = trace_next(&s->in.t, &s->r) == TRACE_OK;
	if (!s->more)
		return;
	s->types[s->r.type]++;
	if (s->r.type == TRACE_MSG)
		s->cause = s->r.number;
}

static int
same(const struct side *a, const struct side *b)
{
	return a->r.type == b->r.type && a->r.len == b->r.len &&
	    memcmp(a->r.body, b->r.body, a->r.len) == 0;
}

static void
print_side(const struct side *s)
{
	char line[160];

	if (s->more)
		text_brief(line, sizeof(line), &s->r);
	else
		snprintf(line, sizeof(line), "nothing more");
	printf("  %s: %s\n", s->in.file.name, line);
}

/* The first byte of two bodies that differs. */
static void
print_byte(const struct side *a, const struct side *b)
{
	size_t i, n = a->r.len < b->r.len ? a->r.len : b->r.len;

	if (!a->more || !b->more || a->r.type != b->r.type)
		return;
	for (i = 0; i < n && a->r.body[i] == b->r.body[i]; i++)
		;
	if (i < n)
		printf("  byte %zu of the body: 0x%02x and 0x%02x\n", i,
		    a->r.body[i], b->r.body[i]);
	else
		printf("  bodies of %zu and %zu bytes\n", a->r.len, b->r.len);
}

static void
print_summary(struct side *a, struct side *b)
{
	unsigned i;

	while (a->more)
		advance(a);
	while (b->more)
		advance(b);
	for (i = 0; i < TRACE_NTYPES; i++)
		if (a->types[i] != b->types[i])
			printf("  %-8s %llu and %llu records\n",
			    trace_type_name(i),
			    (unsigned long long)a->types[i],
			    (unsigned long long)b->types[i]);
}

static int
compare(struct side *a, struct side *b)
{
	unsigned n = 0;

	advance(a);
	advance(b);
	for (; a->more && b->more && same(a, b); n++) {
		progress("records", n, 0);
		advance(a);
		advance(b);
	}
	progress_end();
	if (!a->more && !b->more) {
		printf("the same %u records\n", n);
		return EXIT_OK;
	}
	printf("record %u differs, in message %u\n", n + 1,
	    a->more ? a->cause : b->cause);
	print_side(a);
	print_side(b);
	print_byte(a, b);
	print_summary(a, b);
	return EXIT_BAD;
}

static int
run(int argc, char **argv)
{
	int fold = 0, res = EXIT_BAD;
	const struct option_word words[] = {
		{ "--fold", &fold, NULL }, { NULL, NULL, NULL }
	};
	static struct side a, b;

	if (options(&argc, &argv, words) == -1 || argc != 2)
		return usage(&cmd_diff);
	if (input_open(&a.in, argv[0], fold) == -1)
		return EXIT_BAD;
	if (input_open(&b.in, argv[1], fold) == 0) {
		res = compare(&a, &b);
		input_close(&b.in);
	}
	input_close(&a.in);
	return res;
}

const struct command cmd_diff = {
	"diff", "[--fold] trace trace", "finds where two traces part",
	"  --fold        reads them as fuzzing inputs\n",
	run
};
