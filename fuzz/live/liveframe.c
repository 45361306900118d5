/* Hostile bytes on the channel of a device process: see live.h. */
#include "live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devmsg.h"
#include "digest.h"
#include "frame.h"
#include "liveproc.h"
#include "msg.h"

#define MAXLEN	4096
#define SECTORS	64
#define RAISED	64			/* descriptors in one input, at most */

/* What the device has to make of a stream. */
struct fate {
	unsigned	 answers;
	int		 ends;		/* by itself */
	int		 code;		/* with this exit code */
	size_t		 left;		/* bytes of a frame that is not whole */
};

enum op { OP_ANSWER, OP_LIVES, OP_BROKEN, OP_LEFT, OP_MORE, OP_FD, OP_EARLY,
    OP_READY };

static const char *const opnames[] = {
	"answer", "lives", "broken", "left", "more", "fd", "early", "ready",
	NULL
};

static struct live_proc proc;
static uint8_t conf[64], stream[MAXLEN], room[FRAME_MAX];
static uint64_t inputs, accepted, answers, broken, ops;

/* ------------------------------------------------------------- the model */

static void
ends(struct fate *t, int code)
{
	t->ends = 1;
	t->code = code;
}

static void
viodev(struct fate *t, const struct frame *f)
{
	struct viodev_msg m;
	const char *why;

	if (msg_decode(f->data, f->len, &m, &why) == -1) {
		ends(t, 1);
		return;
	}
	switch (m.type) {
	case VIODEV_READ:
		t->answers++;
		break;
	case VIODEV_WRITE:
	case VIODEV_KICK:
	case VIODEV_CONFIG:
	case VIODEV_PAUSE:
	case VIODEV_UNPAUSE:
	case VIODEV_RESET:
		break;
	case VIODEV_SHUTDOWN:
		ends(t, 0);
		break;
	default:
		ends(t, 1);
		break;
	}
}

/* Descriptors are no longer taken, so a frame that counts on one is broken. */
static void
one_frame(struct fate *t, const struct frame *f)
{
	uint8_t level;

	if (f->fd)
		ends(t, 1);
	else if (f->type == DEVMSG_VIODEV)
		viodev(t, f);
	else if (f->type == DEVMSG_SYNC)
		t->answers++;
	else if (f->type != DEVMSG_VERBOSE ||
	    devmsg_get_u8(f->data, f->len, &level) == -1)
		ends(t, 1);
}

static void
foresee(struct fate *t, const uint8_t *p, size_t len)
{
	enum frame_result r = FRAME_MORE;
	struct frame_reader in;
	size_t fit, taken = 0;
	struct frame f;

	memset(t, 0, sizeof(*t));
	frame_reader_init(&in, room, sizeof(room));
	if (len > 0)
		memcpy(frame_room(&in, &fit), p, len);
	frame_fed(&in, len);
	while (!t->ends && (r = frame_next(&in, &f)) == FRAME_OK) {
		taken += FRAME_HEADER + f.len;
		one_frame(t, &f);
	}
	if (!t->ends && r == FRAME_BAD)
		ends(t, 1);
	t->left = len - taken;
}

/* ------------------------------------------------------------- the input */

/*
 * Mutated frames have any type: of four, two become messages for the device
 * and one a question.
 */
static void
fold(uint8_t *p, size_t len)
{
	size_t at, n;
	uint32_t type;

	for (at = 0; at + FRAME_HEADER <= len; at += n) {
		type = le32_get(p + at);
		n = le32_get(p + at + 4) & ~FRAME_FDMARK;
		if (type % 4 != 0)
			le32_put(p + at, type % 4 == 1 ? DEVMSG_SYNC :
			    DEVMSG_VIODEV);
		if (n < FRAME_HEADER)
			break;
	}
}

/* In pieces, one of which brings a descriptor: 0, or -1 once it is gone. */
static int
send_pieces(const uint8_t *p, size_t len, uint8_t how)
{
	size_t step = how % 4 == 0 ? len : 1 + how * 7U % 61;
	int fd = how % 16 == 5 ? proc.share.fd : -1;
	size_t n;

	for (; len > 0; p += n, len -= n, fd = -1) {
		n = step < len ? step : len;
		if (live_raw(&proc, p, n, fd) == -1)
			return -1;
		if (fd != -1)
			ops |= 1U << OP_FD;
	}
	return 0;
}

static void
collect(unsigned n)
{
	struct live_want any = { 0 };

	ops |= n > 0 ? 1U << OP_ANSWER : 0;
	answers += n;
	for (; n > 0; n--)
		live_expect(&proc, &any);
	live_collect(&proc);
}

/* It ends: when the model says so, or because we leave. */
static void
ended(const struct fate *t)
{
	int code;

	if (t->ends) {
		ops |= 1U << OP_BROKEN;
		broken++;
	} else {
		ops |= 1U << OP_LEFT;
		live_leave(&proc);
	}
	code = live_ended(&proc);
	if (code != (t->ends ? t->code : 0))
		live_fail(&proc, "answer", "exit code %d instead of %d", code,
		    t->ends ? t->code : 0);
}

static void
reset(void)
{
	struct viodev_msg m = { .type = VIODEV_RESET };

	live_msg(&proc, &m);
	m.type = VIODEV_UNPAUSE;
	live_msg(&proc, &m);
	live_sync(&proc);
	live_check(&proc);
}

static void
running(uint8_t how, const uint8_t *p, size_t len)
{
	struct fate t;

	if (proc.dev == NULL)
		live_start(&proc);
	foresee(&t, p, len);
	(void)send_pieces(p, len, how);
	if (!t.ends && t.left == 0) {
		collect(t.answers);
		ops |= 1U << OP_LIVES;
		reset();
		return;
	}
	if (t.left > 0)
		ops |= 1U << OP_MORE;
	/* What it answered before may be lost with it. */
	if (!t.ends)
		collect(t.answers);
	ended(&t);
}

/* --------------------------------------------------------- a description */

static void
put(struct wbuf *w, uint32_t type, const struct wbuf *body, int fd)
{
	struct frame f = {
		.type = type, .fd = fd, .data = body->p, .len = body->len
	};

	frame_put(w, &f);
}

/* The n-th frame of a good description. */
static void
describe(struct wbuf *w, unsigned n)
{
	struct devmsg_memory mem = { .n = 1, .range = {{ 0, ARENA_SIZE, 0 }} };
	struct devmsg_image im = { .format = DISK_RAW };
	struct devmsg_hello h = { .kind = "vioblk", .vm = "live" };
	uint8_t buf[128];
	struct wbuf b;

	wb_init(&b, buf, sizeof(buf));
	if (n == 0)
		devmsg_put_hello(&b, &h);
	else if (n == 1)
		wb_bytes(&b, conf, proc.conf.len);
	else if (n == 2)
		devmsg_put_memory(&b, &mem);
	else
		devmsg_put_image(&b, &im);
	put(w, n < 3 ? DEVMSG_HELLO + n : DEVMSG_IMAGE, &b, n >= 2);
}

/* Frames one by one, with a descriptor where one says so and not always. */
static void
send_frames(const uint8_t *p, size_t len)
{
	unsigned fds = 0;
	size_t n;
	int fd;

	for (; len > 0; p += n, len -= n) {
		n = len < FRAME_HEADER ? len : le32_get(p + 4) &
		    ~FRAME_FDMARK;
		n = n < FRAME_HEADER || n > len ? len : n;
		fd = -1;
		if (len >= 9 && (le32_get(p + 4) & FRAME_FDMARK) != 0 &&
		    p[8] % 4 != 3 && fds++ < RAISED)
			fd = p[0] == DEVMSG_MEMORY ? proc.share.fd :
			    proc.disk[0].fd;
		if (live_raw(&proc, p, n, fd) == -1)
			return;
	}
}

/* Bodies of the wrong place get the type of the next one half of the time. */
static void
early(uint8_t how, uint8_t *p, size_t len)
{
	unsigned i, known = how / 8 % 5;
	uint8_t buf[512];
	struct wbuf w;
	int code;

	live_stop(&proc);
	live_spawn(&proc);
	wb_init(&w, buf, sizeof(buf));
	for (i = 0; i < known; i++)
		describe(&w, i);
	send_frames(w.p, w.len);
	if (len >= 4 && how / 40 % 2 != 0)
		le32_put(p, DEVMSG_HELLO + known);
	send_frames(p, len);
	live_leave(&proc);
	code = live_ended(&proc);
	ops |= 1U << (code == 0 ? OP_READY : OP_EARLY);
	if (code != 0 && code != 1)
		live_fail(&proc, "crash", "exit code %d", code);
}

uint64_t
live_frame_run(const uint8_t *data, size_t len)
{
	uint8_t how = len > 0 ? data[0] : 0;
	uint64_t before = answers;

	len = len < 1 ? 0 : len - 1;
	len = len < sizeof(stream) ? len : sizeof(stream);
	if (len > 0)
		memcpy(stream, data + 1, len);
	if (how % 8 == 7)
		early(how, stream, len);
	else {
		fold(stream, len);
		running(how, stream, len);
	}
	inputs++;
	accepted += answers > before;
	return answers - before;
}

void
live_frame_init(void)
{
	struct wbuf w;

	wb_init(&w, conf, sizeof(conf));
	devconf_put_int(&w, DEVCONF_CAPACITY, SECTORS);
	proc.kind = "vioblk";
	proc.conf = (struct devconf){ conf, w.len };
	live_memory(&proc, ARENA_SIZE, ARENA_HIGH);
	live_disk(&proc, SECTORS * 512, 0);
}

void
live_frame_stat(struct fuzz_stat *st)
{
	st->inputs = inputs;
	st->accepted = accepted;
	st->requests = answers;
	st->resets = broken;
	st->ops = ops;
	st->opnames = opnames;
}
