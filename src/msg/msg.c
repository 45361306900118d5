#include "msg.h"

/* Registers have a space and a width; nothing else does. */
static int
is_register(unsigned type)
{
	return type == VIODEV_READ || type == VIODEV_WRITE;
}

static int
is_width(unsigned width)
{
	return width == 1 || width == 2 || width == 4 || width == 8;
}

static void
take_header(const uint8_t *p, struct viodev_msg *m)
{
	m->type = p[0];
	m->width = p[1];
	m->space = le16_get(p + 2);
	m->where = le32_get(p + 4);
	m->data = le64_get(p + 8);
}

void
msg_encode(struct wbuf *w, const struct viodev_msg *m)
{
	wb_u8(w, m->type);
	wb_u8(w, m->width);
	wb_u16(w, m->space);
	wb_u32(w, m->where);
	wb_u64(w, m->data);
	wb_bytes(w, m->payload, m->len);
}

static const char *
fault_of(const struct viodev_msg *m)
{
	if (m->type == VIODEV_INVALID || m->type >= VIODEV_NTYPES)
		return "unknown message type";
	if (!is_register(m->type)) {
		if (m->width != 0)
			return "width in a message that has none";
		if (m->space != 0)
			return "register space in a message that has none";
		return NULL;
	}
	if (m->space >= VIODEV_NSPACES)
		return "unknown register space";
	if (!is_width(m->width))
		return "register width is not 1, 2, 4 or 8";
	return NULL;
}

int
msg_decode(const uint8_t *p, size_t len, struct viodev_msg *m,
    const char **why)
{
	if (len < MSG_HEADER) {
		*why = "message shorter than its header";
		return -1;
	}
	take_header(p, m);
	m->payload = p + MSG_HEADER;
	m->len = len - MSG_HEADER;
	*why = fault_of(m);
	return *why == NULL ? 0 : -1;
}

void
msg_fold(const uint8_t *p, size_t len, struct viodev_msg *m)
{
	uint8_t head[MSG_HEADER] = { 0 };
	size_t n = len < MSG_HEADER ? len : MSG_HEADER;

	if (n > 0)
		memcpy(head, p, n);
	take_header(head, m);
	m->payload = n > 0 ? p + n : p;
	m->len = len - n;
	if (m->type == VIODEV_INVALID || m->type >= VIODEV_NTYPES)
		m->type = VIODEV_READ + m->type % VIODEV_SHUTDOWN;
	if (is_register(m->type)) {
		m->space %= VIODEV_NSPACES;
		if (!is_width(m->width))
			m->width = (uint8_t)(1U << (m->width & 3));
	} else {
		m->space = 0;
		m->width = 0;
	}
}
