/*
 * Framing of a channel: a stream in pieces of any size.
 *
 * The first byte
 * chooses the pieces, the rest is the stream.  Whatever is taken for a frame
 * must make the same bytes again, however the stream was cut.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "frame.h"
#include "msg.h"
#include "target.h"

#define SLACK	4096

static uint8_t room[FRAME_MAX + SLACK], again[FRAME_MAX];

enum op { OP_FRAME, OP_FD, OP_EMPTY, OP_MSG, OP_PAYLOAD, OP_BROKEN, OP_MORE };

static const char *const opnames[] = {
	"frame", "fd", "empty", "msg", "payload", "broken", "more", NULL
};

static struct fuzz_stat st = { .opnames = opnames };

static void
check(int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "oracle frame: %s\n", what);
		abort();
	}
}

static void
init(void)
{
}

/* A body that decodes is made of exactly the bytes that it came from. */
static void
check_msg(const struct frame *f, struct digest *d)
{
	struct viodev_msg m, folded;
	const char *why;
	struct wbuf w;

	msg_fold(f->data, f->len, &folded);
	digest_u64(d, folded.type + folded.data);
	check(folded.type < VIODEV_NTYPES && folded.space < VIODEV_NSPACES,
	    "a folded message is not known");
	if (msg_decode(f->data, f->len, &m, &why) == -1) {
		check(why != NULL, "a refusal without a reason");
		return;
	}
	st.ops |= 1U << OP_MSG;
	if (m.len > 0)
		st.ops |= 1U << OP_PAYLOAD;
	wb_init(&w, again, sizeof(again));
	msg_encode(&w, &m);
	check(!wb_bad(&w) && w.len == f->len &&
	    memcmp(again, f->data, f->len) == 0,
	    "a message encodes to other bytes");
}

static void
check_frame(const struct frame *f, const uint8_t *from, struct digest *d)
{
	struct wbuf w;

	check(f->len <= FRAME_MAX - FRAME_HEADER, "a frame is too long");
	wb_init(&w, again, sizeof(again));
	frame_put(&w, f);
	check(!wb_bad(&w) && w.len == FRAME_HEADER + f->len,
	    "a frame does not fit where it came from");
	check(memcmp(again, from, w.len) == 0,
	    "a frame encodes to other bytes");
	digest_add(d, again, w.len);
	st.ops |= 1U << (f->fd ? OP_FD : OP_FRAME);
	if (f->len == 0)
		st.ops |= 1U << OP_EMPTY;
	check_msg(f, d);
}

static uint64_t
run(const uint8_t *data, size_t len)
{
	enum frame_result res = FRAME_MORE;
	size_t fed = 0, taken = 1, step, fit;
	struct frame_reader r;
	struct digest d;
	struct frame f;
	uint8_t cut = len > 0 ? data[0] : 0, *to;
	uint64_t before = st.requests;

	digest_init(&d);
	frame_reader_init(&r, room, sizeof(room));
	for (fed = 1; fed < len && res != FRAME_BAD; fed += step) {
		to = frame_room(&r, &fit);
		check(fit > 0, "no room although no frame waits");
		step = cut == 0 ? len - fed : (size_t)cut;
		step = step < fit ? step : fit;
		step = step < len - fed ? step : len - fed;
		memcpy(to, data + fed, step);
		frame_fed(&r, step);
		while ((res = frame_next(&r, &f)) == FRAME_OK) {
			check_frame(&f, data + taken, &d);
			taken += FRAME_HEADER + f.len;
			st.requests++;
		}
		check(taken <= fed + step, "more was taken than fed");
	}
	if (res == FRAME_BAD) {
		check(frame_next(&r, &f) == FRAME_BAD && r.why != NULL,
		    "a broken stream healed");
		st.resets++;
		st.ops |= 1U << OP_BROKEN;
	} else if (taken < len)
		st.ops |= 1U << OP_MORE;
	digest_u64(&d, taken);
	st.inputs++;
	st.accepted += st.requests > before;
	return digest_value(&d);
}

static void
stat(struct fuzz_stat *out)
{
	*out = st;
}

const struct fuzz_target fuzz_target = {
	.name = "frame",
	.shape = SHAPE_FRAMES,
	.maxlen = 4096,
	.init = init,
	.run = run,
	.stat = stat,
};
