#include "devmsg.h"

static int
is_lower(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static int
is_word(char c)
{
	return is_lower(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' ||
	    c == '_';
}

/* 1 to max characters of a class, and no more. */
static int
name_ok(const char *s, size_t max, int (*ok)(char))
{
	size_t n;

	for (n = 0; s[n] != '\0'; n++)
		if (n == max || !ok(s[n]))
			return 0;
	return n > 0;
}

int
devmsg_kind_ok(const char *s)
{
	return name_ok(s, DEVMSG_MAXKIND, is_lower);
}

int
devmsg_vm_ok(const char *s)
{
	return name_ok(s, DEVMSG_MAXVM, is_word) && s[0] != '-' &&
	    s[0] != '.';
}

int
devmsg_newer(uint32_t number, uint32_t last)
{
	return number != last && number - last < 1U << 31;
}

static void
put_name(struct wbuf *w, const char *s)
{
	size_t n = strlen(s);

	wb_u8(w, (uint8_t)n);
	wb_bytes(w, s, n);
}

static void
get_name(struct rbuf *r, char *buf, size_t cap)
{
	size_t n = rb_u8(r);

	if (n >= cap) {
		r->bad = 1;
		n = 0;
	}
	rb_copy(r, buf, n);
	buf[n] = '\0';
	if (strlen(buf) != n)
		r->bad = 1;
}

void
devmsg_put_hello(struct wbuf *w, const struct devmsg_hello *h)
{
	wb_u16(w, DEVMSG_VERSION);
	put_name(w, h->kind);
	put_name(w, h->vm);
	wb_u32(w, h->index);
	wb_u8(w, h->verbose);
}

int
devmsg_get_hello(const void *p, size_t len, struct devmsg_hello *h)
{
	struct rbuf r;
	int version;

	rb_init(&r, p, len);
	version = rb_u16(&r);
	get_name(&r, h->kind, sizeof(h->kind));
	get_name(&r, h->vm, sizeof(h->vm));
	h->index = rb_u32(&r);
	h->verbose = rb_u8(&r);
	return rb_done(&r) && version == DEVMSG_VERSION &&
	    devmsg_kind_ok(h->kind) && devmsg_vm_ok(h->vm) &&
	    h->index <= DEVMSG_MAXINDEX ? 0 : -1;
}

void
devmsg_put_memory(struct wbuf *w, const struct devmsg_memory *m)
{
	unsigned i;

	for (i = 0; i < m->n; i++) {
		wb_u64(w, m->range[i].gpa);
		wb_u64(w, m->range[i].len);
		wb_u64(w, m->range[i].off);
	}
}

int
devmsg_get_memory(const void *p, size_t len, struct devmsg_memory *m)
{
	struct rbuf r;

	rb_init(&r, p, len);
	for (m->n = 0; m->n < GM_MAXRANGES && rb_left(&r) > 0; m->n++) {
		m->range[m->n].gpa = rb_u64(&r);
		m->range[m->n].len = rb_u64(&r);
		m->range[m->n].off = rb_u64(&r);
	}
	return rb_done(&r) && m->n > 0 ? 0 : -1;
}

void
devmsg_put_image(struct wbuf *w, const struct devmsg_image *m)
{
	wb_u8(w, m->unit);
	wb_u8(w, m->format);
	wb_u8(w, m->readonly);
}

int
devmsg_get_image(const void *p, size_t len, struct devmsg_image *m)
{
	struct rbuf r;

	rb_init(&r, p, len);
	m->unit = rb_u8(&r);
	m->format = rb_u8(&r);
	m->readonly = rb_u8(&r);
	return rb_done(&r) && (m->format == 1 || m->format == 2) &&
	    m->readonly <= 1 ? 0 : -1;
}

void
devmsg_put_record(struct wbuf *w, const struct devmsg_record *m)
{
	wb_u64(w, m->room);
	wb_u64(w, m->keep);
	wb_u32(w, m->marks);
}

int
devmsg_get_record(const void *p, size_t len, struct devmsg_record *m)
{
	struct rbuf r;

	rb_init(&r, p, len);
	m->room = rb_u64(&r);
	m->keep = rb_u64(&r);
	m->marks = rb_u32(&r);
	return rb_done(&r) ? 0 : -1;
}

void
devmsg_put_line(struct wbuf *w, const struct devmsg_line *m)
{
	wb_u32(w, m->number);
	wb_u8(w, m->level);
}

static void
take_line(struct rbuf *r, struct devmsg_line *m)
{
	m->number = rb_u32(r);
	m->level = rb_u8(r);
	if (m->level > 1)
		r->bad = 1;
}

int
devmsg_get_line(const void *p, size_t len, struct devmsg_line *m)
{
	struct rbuf r;

	rb_init(&r, p, len);
	take_line(&r, m);
	return rb_done(&r) ? 0 : -1;
}

void
devmsg_put_reply(struct wbuf *w, const struct devmsg_reply *m)
{
	wb_u64(w, m->data);
	devmsg_put_line(w, &m->line);
}

int
devmsg_get_reply(const void *p, size_t len, struct devmsg_reply *m)
{
	struct rbuf r;

	rb_init(&r, p, len);
	m->data = rb_u64(&r);
	take_line(&r, &m->line);
	return rb_done(&r) ? 0 : -1;
}

void
devmsg_put_request(struct wbuf *w, const struct devmsg_request *m)
{
	wb_u32(w, m->what);
	wb_u64(w, m->arg);
}

int
devmsg_get_request(const void *p, size_t len, struct devmsg_request *m)
{
	struct rbuf r;

	rb_init(&r, p, len);
	m->what = rb_u32(&r);
	m->arg = rb_u64(&r);
	return rb_done(&r) ? 0 : -1;
}

int
devmsg_get_u8(const void *p, size_t len, uint8_t *v)
{
	struct rbuf r;

	rb_init(&r, p, len);
	*v = rb_u8(&r);
	return rb_done(&r) ? 0 : -1;
}

int
devmsg_get_u64(const void *p, size_t len, uint64_t *v)
{
	struct rbuf r;

	rb_init(&r, p, len);
	*v = rb_u64(&r);
	return rb_done(&r) ? 0 : -1;
}

void
devmsg_get_text(const void *p, size_t len, char *buf, size_t cap)
{
	const char *s = p;
	size_t i;

	if (len > DEVMSG_MAXTEXT)
		len = DEVMSG_MAXTEXT;
	for (i = 0; i < len && i + 1 < cap; i++)
		buf[i] = s[i] >= ' ' && s[i] <= '~' ? s[i] : '?';
	buf[i] = '\0';
}
