#include "genframe.h"

#include <string.h>

#include "frame.h"
#include "msg.h"

static unsigned
below(struct prng *r, unsigned n)
{
	return (unsigned)prng_below(r, n);
}

/* One frame, most of the time with a message in it. */
static void
gen_frame(struct wbuf *w, struct prng *r)
{
	uint8_t body[256], pay[64];
	struct viodev_msg m = { .payload = pay };
	struct frame f = { 0 };
	struct wbuf b;
	size_t i;

	for (i = 0; i < sizeof(pay); i++)
		pay[i] = (uint8_t)prng_next(r);
	wb_init(&b, body, sizeof(body));
	m.type = (uint8_t)(1 + below(r, VIODEV_NTYPES - 1));
	if (m.type == VIODEV_READ || m.type == VIODEV_WRITE) {
		m.width = (uint8_t)(1U << below(r, 4));
		m.space = (uint16_t)below(r, VIODEV_NSPACES);
	}
	m.where = below(r, 64);
	m.data = prng_next(r);
	m.len = below(r, 3) == 0 ? below(r, sizeof(pay)) : 0;
	msg_encode(&b, &m);
	f.type = below(r, 64);
	f.peer = below(r, 4);
	f.pid = below(r, 4);
	f.fd = below(r, 6) == 0;
	f.data = below(r, 6) == 0 ? pay : body;
	f.len = f.data == pay ? below(r, sizeof(pay)) : b.len;
	frame_put(w, &f);
}

/* Where a frame of the stream starts; 0 when there is none. */
static size_t
some_frame(const uint8_t *data, size_t len, struct prng *r)
{
	unsigned n = below(r, 8);
	size_t at = 1, next;

	while (n-- > 0 && len - at > 2 * FRAME_HEADER) {
		next = at + (le32_get(data + at + 4) & ~FRAME_FDMARK);
		if (next <= at || next + FRAME_HEADER > len)
			break;
		at = next;
	}
	return len >= at + FRAME_HEADER ? at : 0;
}

static void
change_header(uint8_t *p, struct prng *r)
{
	static const uint32_t lens[] = {
		0, 1, 15, 16, 17, 32, 16383, 16384, 16385, 0x7fffffff,
		0x80000010, 0xffffffff
	};
	uint32_t v = le32_get(p + 4);

	switch (below(r, 5)) {
	case 0:
		v = lens[below(r, sizeof(lens) / sizeof(lens[0]))];
		break;
	case 1:
		v ^= FRAME_FDMARK;
		break;
	case 2:
		v += below(r, 33) - 16;
		break;
	default:
		v = below(r, FRAME_HEADER);
		p[v] = (uint8_t)prng_next(r);
		return;
	}
	le32_put(p + 4, v);
}

size_t
genframe_mutate(uint8_t *data, size_t len, size_t max, struct prng *r)
{
	struct wbuf w;
	size_t at;

	if (max == 0)
		return 0;
	if (len == 0)
		data[len++] = 0;
	switch (below(r, 6)) {
	case 0:
		data[0] = (uint8_t)(below(r, 2) ? below(r, 40) : prng_next(r));
		break;
	case 1:
		if ((at = some_frame(data, len, r)) != 0)
			change_header(data + at, r);
		break;
	case 2:
		at = below(r, (unsigned)len);
		data[at] = (uint8_t)prng_next(r);
		break;
	case 3:
		len -= below(r, (unsigned)len);
		break;
	default:
		wb_init(&w, data, max);
		w.len = len;
		gen_frame(&w, r);
		len = w.len;
		break;
	}
	return len;
}
