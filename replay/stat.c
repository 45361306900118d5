/* vmtrace stat: what is in a trace. */
#include "vmtrace.h"

#include <inttypes.h>
#include <string.h>

#include "rings.h"
#include "viodev.h"

#define NREQUESTS	16

struct counts {
	uint64_t	 type[TRACE_NTYPES], bytes[TRACE_NTYPES];
	uint64_t	 msg[VIODEV_NTYPES];
	uint64_t	 expect[TRACE_NKINDS];
	uint64_t	 request[NREQUESTS];
	uint64_t	 payload, cut;	/* bytes, and bytes not kept */
	unsigned	 ncut;
};

static void
count_blob(struct counts *c, const struct trace_blob *b)
{
	c->payload += b->total;
	c->cut += b->total - b->kept;
	c->ncut += b->kept < b->total;
}

/* A block request: the header in a chain or in guest memory, 5.2.6. */
static void
count_request(struct counts *c, const uint8_t *p)
{
	uint32_t type = le32_get(p);

	c->request[type < NREQUESTS ? type : NREQUESTS - 1]++;
}

static void
count_load(struct counts *c, const struct input *in, const struct rings *g,
    const struct trace_rec *r)
{
	const struct trace_blob *b = &r->u.load.blob;
	unsigned q, off;

	count_blob(c, b);
	if (strcmp(in->dev, "vioblk") == 0 && b->total == 16 &&
	    b->kept == 16 &&
	    rings_find(g, r->u.load.gpa, &q, &off) == AREA_NONE)
		count_request(c, b->p);
}

static void
count(struct counts *c, const struct input *in, const struct rings *g,
    const struct trace_rec *r)
{
	c->type[r->type]++;
	c->bytes[r->type] += 4 + r->len;
	switch (r->type) {
	case TRACE_MSG:
		c->msg[r->u.msg.type]++;
		break;
	case TRACE_LOAD:
		count_load(c, in, g, r);
		break;
	case TRACE_ANSWER:
		count_blob(c, &r->u.answer.blob);
		break;
	case TRACE_EXPECT:
		count_blob(c, &r->u.expect.blob);
		c->expect[r->u.expect.kind]++;
		break;
	case TRACE_CHAIN:
		if (strcmp(in->dev, "vioblk") == 0 && r->u.chain.ndata >= 16)
			count_request(c, r->u.chain.data);
		break;
	}
}

static const char *
request_name(unsigned i)
{
	static const char *const names[NREQUESTS] = {
		[0] = "IN", [1] = "OUT", [4] = "FLUSH", [8] = "GET_ID",
		[11] = "DISCARD", [13] = "WRITE_ZEROES", [15] = "others"
	};

	return names[i] == NULL ? "unknown" : names[i];
}

static void
line(const char *group, const char *name, uint64_t n)
{
	if (n > 0)
		printf("%-9s %-12s %10" PRIu64 "\n", group, name, n);
}

static void
print(const struct input *in, const struct counts *c)
{
	unsigned i;

	printf("%s: %s, %s, %zu bytes\n", in->file.name,
	    in->dev[0] == '\0' ? "no device named" : in->dev,
	    in->kind == INPUT_RECORDING ? "a recording" : "an input",
	    in->file.len);
	for (i = 0; i < TRACE_NTYPES; i++)
		if (c->type[i] > 0)
			printf("%-9s %-12s %10" PRIu64 " %12" PRIu64
			    " bytes\n", "record", trace_type_name(i),
			    c->type[i], c->bytes[i]);
	for (i = 0; i < VIODEV_NTYPES; i++)
		line("message", viodev_type_name(i), c->msg[i]);
	for (i = 0; i < TRACE_NKINDS; i++)
		line("expect", trace_kind_name(i), c->expect[i]);
	for (i = 0; i < NREQUESTS; i++)
		line("request", request_name(i), c->request[i]);
	line("payload", "bytes", c->payload);
	line("payload", "cut", c->ncut);
	line("payload", "not kept", c->cut);
	if (in->cut)
		printf("the last record is cut off at offset %zu\n",
		    in->t.bad);
}

static void
stat_one(struct input *in)
{
	struct counts c;
	struct rings g;
	struct trace_rec r;

	memset(&c, 0, sizeof(c));
	memset(&g, 0, sizeof(g));
	while (trace_next(&in->t, &r) == TRACE_OK) {
		count(&c, in, &g, &r);
		rings_rec(&g, &r);
		progress("records", r.number, 0);
	}
	progress_end();
	print(in, &c);
}

static int
run(int argc, char **argv)
{
	int fold = 0, i, res = EXIT_OK;
	const struct option_word words[] = {
		{ "--fold", &fold, NULL }, { NULL, NULL, NULL }
	};
	struct input in;

	if (options(&argc, &argv, words) == -1 || argc < 1)
		return usage(&cmd_stat);
	for (i = 0; i < argc; i++) {
		if (input_open(&in, argv[i], fold) == -1) {
			res = EXIT_BAD;
			continue;
		}
		stat_one(&in);
		input_close(&in);
	}
	return res;
}

const struct command cmd_stat = {
	"stat", "[--fold] trace ...", "counts records, messages and requests",
	"  --fold        reads it as a fuzzing input: any bytes are records\n",
	run
};
