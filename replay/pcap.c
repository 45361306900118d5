/*
 * vmtrace pcap: the frames of a recorded network card, for other programs
 * (pcapng, draft-ietf-opsawg-pcapng) or as lines of text.
 */
#include "vmtrace.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "brief.h"
#include "devconf.h"

#define IN	1			/* to the card; values of epb_flags */
#define OUT	2

/* Blocks and options of a pcapng file. */
#define BLOCK_SECTION	0x0a0d0d0aU
#define BLOCK_INTERFACE	1U
#define BLOCK_PACKET	6U
#define MAGIC		0x1a2b3c4dU
#define ETHERNET	1		/* link type */
#define OPT_COMMENT	1
#define OPT_NAME	2		/* of an interface */
#define OPT_RESOLUTION	9
#define OPT_FLAGS	2		/* of a packet */

struct frame {
	uint64_t	 ns;		/* since 1970, or since the start */
	unsigned	 dir;
	uint32_t	 queue;
	const uint8_t	*p;
	size_t		 kept;
	uint64_t	 total;
	int		 lost;		/* the host did not take it */
};

struct pcap {
	int		 text;
	uint8_t		*out;
	size_t		 len, cap;
	uint64_t	 ns;
	size_t		 skip;		/* header in front of frames */
	struct frame	 held;		/* its answer is still to come */
	int		 holding;
	unsigned	 nframes;
};

static void
put(struct pcap *c, const void *p, size_t n)
{
	while (c->cap - c->len < n) {
		c->cap = c->cap == 0 ? 65536 : 2 * c->cap;
		if ((c->out = realloc(c->out, c->cap)) == NULL)
			exit(complain("memory", "%zu bytes are not to be had",
			    c->cap));
	}
	memcpy(c->out + c->len, p, n);
	c->len += n;
}

static void
put32(struct pcap *c, uint32_t v)
{
	uint8_t b[4];

	le32_put(b, v);
	put(c, b, sizeof(b));
}

/* Bytes, and zeros up to a multiple of four. */
static void
put_padded(struct pcap *c, const void *p, size_t n)
{
	static const uint8_t zero[4];

	put(c, p, n);
	put(c, zero, (4 - n % 4) % 4);
}

static void
put_option(struct pcap *c, unsigned code, const void *p, size_t n)
{
	put32(c, code | (uint32_t)n << 16);
	put_padded(c, p, n);
}

static size_t
begin_block(struct pcap *c, uint32_t type)
{
	size_t at = c->len;

	put32(c, type);
	put32(c, 0);
	return at;
}

static void
end_block(struct pcap *c, size_t at)
{
	uint32_t n = (uint32_t)(c->len - at + 4);

	put32(c, n);
	le32_put(c->out + at + 4, n);
}

static void
put_head(struct pcap *c)
{
	static const uint8_t nano = 9;
	size_t at = begin_block(c, BLOCK_SECTION);

	put32(c, MAGIC);
	put32(c, 1);			/* version 1.0 */
	put32(c, UINT32_MAX);		/* length: unknown, 64 bits */
	put32(c, UINT32_MAX);
	end_block(c, at);
	at = begin_block(c, BLOCK_INTERFACE);
	put32(c, ETHERNET);
	put32(c, 0);			/* no limit */
	put_option(c, OPT_NAME, "vionet", 6);
	put_option(c, OPT_RESOLUTION, &nano, 1);
	put32(c, 0);			/* end of options */
	end_block(c, at);
}

static void
put_frame(struct pcap *c, const struct frame *f)
{
	static const char lost[] = "not taken by the host";
	size_t at = begin_block(c, BLOCK_PACKET);
	uint8_t flags[4];

	put32(c, 0);			/* interface */
	put32(c, (uint32_t)(f->ns >> 32));
	put32(c, (uint32_t)f->ns);
	put32(c, (uint32_t)f->kept);
	put32(c, (uint32_t)f->total);
	put_padded(c, f->p, f->kept);
	le32_put(flags, f->dir);
	put_option(c, OPT_FLAGS, flags, sizeof(flags));
	if (f->lost)
		put_option(c, OPT_COMMENT, lost, sizeof(lost) - 1);
	put32(c, 0);
	end_block(c, at);
}

static void
print_frame(const struct frame *f)
{
	char line[BRIEF_MAX];

	printf("%" PRIu64 ".%09" PRIu64 " %s %" PRIu32 " %s, %" PRIu64
	    " bytes%s\n", f->ns / 1000000000, f->ns % 1000000000,
	    f->dir == IN ? "in " : "out", f->queue,
	    net_brief(line, sizeof(line), f->p, f->kept), f->total,
	    f->lost ? ", lost" : "");
}

static void
emit(struct pcap *c, const struct frame *f)
{
	c->nframes++;
	if (c->text)
		print_frame(f);
	else
		put_frame(c, f);
}

static void
make(struct pcap *c, struct frame *f, const uint8_t *p, size_t kept,
    uint64_t total)
{
	f->ns = c->ns;
	f->lost = 0;
	f->p = p + (kept < c->skip ? kept : c->skip);
	f->kept = kept < c->skip ? 0 : kept - c->skip;
	f->total = total < c->skip ? 0 : total - c->skip;
}

static void
take(struct pcap *c, const struct trace_rec *r)
{
	struct frame f = { .dir = IN };

	if (r->type == TRACE_TIME) {
		c->ns += r->u.time;
	} else if (r->type == TRACE_MSG && r->u.msg.type == VIODEV_INPUT) {
		f.queue = r->u.msg.where;
		make(c, &f, r->u.msg.payload, r->u.msg.len, r->u.msg.len);
		emit(c, &f);
	} else if (r->type == TRACE_EXPECT && r->u.expect.kind == TRACE_TX) {
		f.dir = OUT;
		f.queue = r->u.expect.arg;
		make(c, &f, r->u.expect.blob.p, r->u.expect.blob.kept,
		    r->u.expect.blob.total);
		c->held = f;
		c->holding = 1;
	} else if (r->type == TRACE_ANSWER && c->holding) {
		c->held.lost = r->u.answer.result != 0;
		c->holding = 0;
		emit(c, &c->held);
	}
}

static int
convert(struct input *in, struct pcap *c)
{
	struct trace_rec r;
	struct devconf list;

	if (!c->text)
		put_head(c);
	while (trace_next(&in->t, &r) == TRACE_OK) {
		if (r.type == TRACE_CONF) {
			list.p = r.u.conf.list;
			list.len = r.u.conf.listlen;
			c->skip = devconf_int(&list, DEVCONF_OFFLOAD, 0) == 1 ?
			    12 : 0;
		}
		take(c, &r);
		progress("records", r.number, 0);
	}
	if (c->holding)
		emit(c, &c->held);
	progress_end();
	if (in->cut)
		fprintf(stderr, "vmtrace: %s: offset %zu: %s; frames up to "
		    "there\n", in->file.name, in->t.bad, in->t.why);
	return EXIT_OK;
}

static int
check(const struct input *in)
{
	if (strcmp(in->dev, "vionet") != 0)
		return complain(in->file.name, "is of %s, which has no frames",
		    in->dev[0] == '\0' ? "no device" : in->dev);
	if (in->kind != INPUT_RECORDING)
		return complain(in->file.name, "is an input; vmtrace seed "
		    "--expand makes a recording of it");
	return EXIT_OK;
}

static int
run(int argc, char **argv)
{
	struct pcap c = { 0 };
	const struct option_word words[] = {
		{ "--text", &c.text, NULL }, { NULL, NULL, NULL }
	};
	struct input in;
	int res;

	if (options(&argc, &argv, words) == -1 || argc != (c.text ? 1 : 2))
		return usage(&cmd_pcap);
	if (input_open(&in, argv[0], 0) == -1)
		return EXIT_BAD;
	if ((res = check(&in)) == EXIT_OK)
		res = convert(&in, &c);
	if (res == EXIT_OK && !c.text &&
	    file_write(argv[1], c.out, c.len) == -1)
		res = EXIT_BAD;
	free(c.out);
	input_close(&in);
	return res;
}

const struct command cmd_pcap = {
	"pcap", "trace output | --text trace",
	"writes the frames of a network card for wireshark",
	"  --text        prints a line for each instead\n",
	run
};
