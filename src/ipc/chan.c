#include "chan.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

union cmsg_room {
	struct cmsghdr	 h;
	char		 buf[CMSG_SPACE(sizeof(int) * CHAN_MAXFDS)];
};

static enum chan_result
broken(struct chan *c, const char *why)
{
	if (c->why == NULL)
		c->why = why;
	return CHAN_BAD;
}

/* Each call says whether it may block, so the descriptor itself does. */
static int
set_flags(int fd)
{
	int fl = fcntl(fd, F_GETFL);

	if (fl == -1 || fcntl(fd, F_SETFL, fl & ~O_NONBLOCK) == -1)
		return -1;
	return fcntl(fd, F_SETFD, FD_CLOEXEC);
}

int
chan_init(struct chan *c, int fd, size_t maxout)
{
	uint8_t *in;

	memset(c, 0, sizeof(*c));
	c->fd = -1;
	if (set_flags(fd) == -1)
		return -1;
	c->outcap = maxout < FRAME_MAX ? FRAME_MAX : maxout;
	in = malloc(FRAME_MAX + SLATE_PIPE);
	c->out = malloc(c->outcap);
	if (in == NULL || c->out == NULL) {
		free(in);
		free(c->out);
		c->out = NULL;
		return -1;
	}
	/* With part of a frame in it there is still room for a whole pipe. */
	frame_reader_init(&c->in, in, FRAME_MAX + SLATE_PIPE);
	c->passing = 1;
	c->fd = fd;
	return 0;
}

void
chan_close(struct chan *c)
{
	if (c->out == NULL)
		return;
	while (c->noutfd > 0)
		close(c->outfd[--c->noutfd].fd);
	while (c->ninfd > 0)
		close(c->infd[--c->ninfd]);
	close(c->fd);
	free(c->in.buf);
	free(c->out);
	c->in.buf = c->out = NULL;
	c->fd = -1;
}

void
chan_no_passing(struct chan *c)
{
	c->passing = 0;
}

void
chan_share(struct chan *c, struct slate_pipe *in, struct slate_pipe *out)
{
	c->passing = 0;
	c->pin = in;
	c->pout = out;
}

/* The other end may sleep: a byte wakes it, and another one does no more. */
static enum chan_result
wake(struct chan *c)
{
	ssize_t n;

	do
		n = send(c->fd, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n == -1 && errno == EINTR);
	return n == 1 || errno == EAGAIN || errno == ENOBUFS ? CHAN_OK :
	    CHAN_CLOSED;
}

/* ------------------------------------------------------------- sending */

/* How many bytes wait in front of the i-th frame with a descriptor. */
static size_t
until_fd(const struct chan *c, unsigned i)
{
	return i < c->noutfd ? (size_t)(c->outfd[i].at - c->sent) :
	    c->end - c->start;
}

/* A descriptor goes with the first byte of its frame, one in a message. */
static ssize_t
send_some(struct chan *c)
{
	int carries = c->noutfd > 0 && c->outfd[0].at == c->sent;
	union cmsg_room room;
	struct iovec iov = {
		.iov_base = c->out + c->start,
		.iov_len = until_fd(c, carries ? 1 : 0)
	};
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (!carries)
		return send(c->fd, iov.iov_base, iov.iov_len,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
	memset(&room, 0, sizeof(room));
	mh.msg_control = room.buf;
	mh.msg_controllen = CMSG_SPACE(sizeof(int));
	room.h.cmsg_len = CMSG_LEN(sizeof(int));
	room.h.cmsg_level = SOL_SOCKET;
	room.h.cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(&room.h), &c->outfd[0].fd, sizeof(int));
	return sendmsg(c->fd, &mh, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* n bytes are out, and the descriptor of the first of them. */
static void
was_sent(struct chan *c, size_t n)
{
	if (c->noutfd > 0 && c->outfd[0].at == c->sent) {
		close(c->outfd[0].fd);
		c->noutfd--;
		memmove(c->outfd, c->outfd + 1,
		    c->noutfd * sizeof(c->outfd[0]));
	}
	c->sent += n;
	c->start += n;
	if (c->start == c->end)
		c->start = c->end = 0;
}

static enum chan_result
flush_pipe(struct chan *c)
{
	int n;

	while (chan_pending(c)) {
		n = slate_put(c->pout, c->out + c->start, c->end - c->start);
		if (n == 0) {
			slate_wish(&c->pout->full);
			n = slate_put(c->pout, c->out + c->start,
			    c->end - c->start);
			if (n == 0)
				return CHAN_AGAIN;
		}
		if (n == -1)
			return broken(c, "the pipe's counts are wrong");
		was_sent(c, (size_t)n);
		if (slate_wished(&c->pout->asleep) && wake(c) != CHAN_OK)
			return CHAN_CLOSED;
	}
	return CHAN_OK;
}

enum chan_result
chan_flush(struct chan *c)
{
	ssize_t n;

	if (c->fd == -1)
		return CHAN_CLOSED;
	if (c->pout != NULL)
		return flush_pipe(c);
	while (chan_pending(c)) {
		n = send_some(c);
		if (n > 0)
			was_sent(c, (size_t)n);
		else if (n == -1 && (errno == EAGAIN || errno == ENOBUFS))
			return CHAN_AGAIN;
		else if (n == -1 && errno != EINTR)
			return CHAN_CLOSED;
	}
	return CHAN_OK;
}

static int
has_room(struct chan *c, size_t len)
{
	if (c->outcap - c->end < len && c->start > 0) {
		memmove(c->out, c->out + c->start, c->end - c->start);
		c->end -= c->start;
		c->start = 0;
	}
	return c->outcap - c->end >= len;
}

static enum chan_result
queue(struct chan *c, const struct frame *f, int fd)
{
	struct wbuf w;
	int copy;

	if (!has_room(c, FRAME_HEADER + f->len) ||
	    (fd != -1 && c->noutfd == CHAN_MAXFDS))
		return CHAN_AGAIN;
	if (fd != -1) {
		copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (copy == -1)
			return broken(c, "descriptor cannot be passed");
		c->outfd[c->noutfd].at = c->sent + (c->end - c->start);
		c->outfd[c->noutfd++].fd = copy;
	}
	wb_init(&w, c->out + c->end, c->outcap - c->end);
	frame_put(&w, f);
	c->end += w.len;
	return CHAN_OK;
}

enum chan_result
chan_send(struct chan *c, uint32_t type, const void *data, size_t len, int fd)
{
	struct frame f = {
		.type = type, .fd = fd != -1, .data = data, .len = len
	};
	enum chan_result r;

	if (c->fd == -1)
		return CHAN_CLOSED;
	if (len > FRAME_MAX - FRAME_HEADER)
		return broken(c, "frame longer than the limit");
	r = queue(c, &f, fd);
	if (r == CHAN_AGAIN) {
		r = chan_flush(c);
		if (r == CHAN_OK || r == CHAN_AGAIN)
			r = queue(c, &f, fd);
	}
	if (r != CHAN_OK)
		return r;
	r = chan_flush(c);
	return r == CHAN_AGAIN ? CHAN_OK : r;
}

/* ----------------------------------------------------------- receiving */

/* Takes in the descriptors of one message. */
static enum chan_result
take_fds(struct chan *c, struct msghdr *mh)
{
	enum chan_result r = CHAN_OK;
	struct cmsghdr *h;
	size_t i, n;
	int fd;

	for (h = CMSG_FIRSTHDR(mh); h != NULL; h = CMSG_NXTHDR(mh, h)) {
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(h) + i * sizeof(int),
			    sizeof(int));
			if (c->ninfd < CHAN_MAXFDS) {
				c->infd[c->ninfd++] = fd;
				continue;
			}
			close(fd);
			r = broken(c, "more descriptors than frames");
		}
	}
	if ((mh->msg_flags & MSG_CTRUNC) != 0)
		r = broken(c, "descriptors that could not be taken");
	return r;
}

static ssize_t
receive(struct chan *c, void *p, size_t len, int flags, enum chan_result *r)
{
	union cmsg_room room;
	struct iovec iov = { p, len };
	struct msghdr mh = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = room.buf, .msg_controllen = sizeof(room.buf)
	};
	ssize_t n;

	*r = CHAN_OK;
	if (!c->passing)
		return recv(c->fd, p, len, flags);
	n = recvmsg(c->fd, &mh, MSG_CMSG_CLOEXEC | flags);
	if (n != -1)
		*r = take_fds(c, &mh);
	return n;
}

/* All that the pipe has: there is room for it unless a whole frame waits. */
static enum chan_result
take(struct chan *c)
{
	enum chan_result r = CHAN_AGAIN;
	uint8_t *p;
	size_t room;
	int n;

	while (p = frame_room(&c->in, &room), room > 0) {
		n = slate_take(c->pin, p, room);
		if (n == -1)
			return broken(c, "the pipe's counts are wrong");
		if (n == 0)
			return r;
		frame_fed(&c->in, (size_t)n);
		r = CHAN_OK;
		if (slate_wished(&c->pin->full) && wake(c) != CHAN_OK)
			break;
	}
	return CHAN_OK;
}

/* Wake-ups that came, or the end. */
static enum chan_result
listen_to(struct chan *c, int flags)
{
	uint8_t bytes[64];
	ssize_t n = recv(c->fd, bytes, sizeof(bytes), flags);

	if (n > 0)
		return CHAN_OK;
	return n == -1 && (errno == EAGAIN || errno == EINTR) ? CHAN_AGAIN :
	    CHAN_CLOSED;
}

/*
 * The wish comes first: what is put behind it wakes us.  A wake-up may be a
 * late one, for what was taken long ago, and have granted the new wish: who
 * has heard one wishes again.
 */
static enum chan_result
fill_pipe(struct chan *c, int flags)
{
	enum chan_result r;

	slate_wish(&c->pin->asleep);
	r = take(c);
	if (r != CHAN_AGAIN)
		return r;
	r = listen_to(c, flags);
	if (r != CHAN_OK)
		return r;
	slate_wish(&c->pin->asleep);
	return take(c);
}

/* CHAN_OK when the channel may be read. */
static enum chan_result
may_read(const struct chan *c)
{
	return c->fd == -1 ? CHAN_CLOSED : c->why != NULL ? CHAN_BAD :
	    CHAN_OK;
}

/* No room as long as frames wait; the end of a peer with pipes shows. */
static enum chan_result
full(struct chan *c)
{
	return c->pin != NULL && listen_to(c, MSG_DONTWAIT) == CHAN_CLOSED ?
	    CHAN_CLOSED : CHAN_OK;
}

static enum chan_result
fill(struct chan *c, int flags)
{
	enum chan_result r = may_read(c);
	uint8_t *p;
	size_t room;
	ssize_t n;

	if (r != CHAN_OK)
		return r;
	p = frame_room(&c->in, &room);
	if (room == 0)
		return full(c);
	if (c->pin != NULL)
		return fill_pipe(c, flags);
	n = receive(c, p, room, flags, &r);
	if (n == -1)
		return errno == EAGAIN || errno == EINTR ? CHAN_AGAIN :
		    CHAN_CLOSED;
	if (n == 0)
		return CHAN_CLOSED;
	frame_fed(&c->in, (size_t)n);
	return r;
}

enum chan_result
chan_fill(struct chan *c)
{
	return fill(c, MSG_DONTWAIT);
}

enum chan_result
chan_glance(struct chan *c)
{
	enum chan_result r = may_read(c);

	if (r != CHAN_OK || c->pin == NULL)
		return r == CHAN_OK ? chan_fill(c) : r;
	/* Awake: nobody needs to wake us. */
	if (atomic_load_explicit(&c->pin->asleep, memory_order_relaxed) != 0)
		atomic_store_explicit(&c->pin->asleep, 0,
		    memory_order_relaxed);
	return take(c);
}

enum chan_result
chan_fill_wait(struct chan *c)
{
	return fill(c, 0);
}

enum chan_result
chan_next(struct chan *c, struct frame *f, int *fd)
{
	*fd = -1;
	if (c->why != NULL)
		return CHAN_BAD;
	switch (frame_next(&c->in, f)) {
	case FRAME_MORE:
		return CHAN_AGAIN;
	case FRAME_BAD:
		return broken(c, c->in.why);
	default:
		break;
	}
	if (!f->fd)
		return CHAN_OK;
	if (c->ninfd == 0)
		return broken(c, "frame without its descriptor");
	*fd = c->infd[0];
	c->ninfd--;
	memmove(c->infd, c->infd + 1, c->ninfd * sizeof(c->infd[0]));
	return CHAN_OK;
}
