/*
 * Frames of a network card over a socket pair, as a host moves them, next to
 * a plain loop of the same system calls over the same pair.
 */
#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "vionet.h"
#include "virtio.h"

#define N		64		/* entries of a queue, frames a round */
#define ROOM		2048
#define MEMORY		0x80000UL
#define RING(q)		(0x1000 * (1 + (size_t)(q)))
#define AVAIL(q)	(RING(q) + 16 * N)
#define USED(q)		(AVAIL(q) + 0x200)
#define BUFFER(q, i)	(0x10000 + ((size_t)(q) * N + (i)) * ROOM)
#define ROUNDS		40

struct frames {
	struct gmem	 gm;
	uint8_t		*mem;
	struct dev	*dev;
	int		 fd[2];
	size_t		 len;
	uint8_t		 buf[ROOM];
	uint16_t	 idx[2];
};

static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };

static void
host_irq(void *arg, int level)
{
	(void)arg;
	(void)level;
}

static int
host_tx(void *arg, uint32_t q, const struct iovec *iov, int n, size_t len)
{
	struct frames *f = arg;

	(void)q;
	return writev(f->fd[0], iov, n) == (ssize_t)len ? 0 : -1;
}

static void
host_number(void *arg, uint32_t q)
{
	(void)arg;
	(void)q;
}

static void
host_rx_ready(void *arg, uint32_t q, int on)
{
	(void)arg;
	(void)q;
	(void)on;
}

static void
host_log(void *arg, enum host_log level, const char *fmt, ...)
{
	(void)arg;
	(void)level;
	(void)fmt;
}

static const struct host_ops ops = {
	.irq = host_irq, .tx = host_tx, .again = host_number,
	.rx_ready = host_rx_ready, .log = host_log,
};

static void
reg(struct frames *f, unsigned off, unsigned width, uint64_t v)
{
	struct viodev_msg m = {
		.type = VIODEV_WRITE, .space = VIODEV_COMMON,
		.width = (uint8_t)width, .where = off, .data = v
	};

	dev_msg(f->dev, &m);
}

static void
set_up_queue(struct frames *f, unsigned q)
{
	uint8_t *d = f->mem + RING(q), *b;
	unsigned i;

	for (i = 0; i < N; i++, d += 16) {
		b = f->mem + BUFFER(q, i) + VIONET_HDR;
		memcpy(b, mac, 6);
		memcpy(b + 6, mac, 6);
		le64_put(d, BUFFER(q, i));
		le32_put(d + 8, q == 0 ? ROOM : (uint32_t)f->len + VIONET_HDR);
		le16_put(d + 12, q == 0 ? VRING_DESC_WRITE : 0);
		le16_put(f->mem + AVAIL(q) + 4 + 2 * i, (uint16_t)i);
	}
	le16_put(f->mem + AVAIL(q), VRING_AVAIL_NO_IRQ);
	reg(f, VIRTIO_QUEUE_SELECT, 2, q);
	reg(f, VIRTIO_QUEUE_SIZE, 2, N);
	reg(f, VIRTIO_QUEUE_DESC, 4, RING(q));
	reg(f, VIRTIO_QUEUE_DRIVER, 4, AVAIL(q));
	reg(f, VIRTIO_QUEUE_DEVICE, 4, USED(q));
	reg(f, VIRTIO_QUEUE_ENABLE, 2, 1);
}

static void
set_up(struct frames *f, size_t len)
{
	struct dev_host h = { &ops, f };
	struct devconf c;
	uint8_t list[16];
	struct wbuf w;

	memset(f, 0, sizeof(*f));
	f->len = len;
	wb_init(&w, list, sizeof(list));
	devconf_put_bytes(&w, DEVCONF_MAC, mac, 6);
	c.p = list;
	c.len = w.len;
	f->mem = calloc(1, MEMORY);
	if (f->mem == NULL || gm_add(&f->gm, 0, MEMORY, f->mem) == -1 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET, 0, f->fd) == -1)
		bench_die("no memory or no sockets");
	f->dev = dev_attach(&vionet_dev, malloc(vionet_dev.size +
	    vionet_dev.scratch), &h, &f->gm, &c);
	if (f->dev == NULL)
		bench_die("the card refuses");
	reg(f, VIRTIO_DEVICE_STATUS, 1, 3);
	reg(f, VIRTIO_DRIVER_FEATURE_SELECT, 4, 1);
	reg(f, VIRTIO_DRIVER_FEATURE, 4, 1);
	reg(f, VIRTIO_DEVICE_STATUS, 1, 11);
	set_up_queue(f, 0);
	set_up_queue(f, 1);
	reg(f, VIRTIO_DEVICE_STATUS, 1, 15);
}

static void
offer(struct frames *f, unsigned q, unsigned n)
{
	struct viodev_msg m = { .type = VIODEV_KICK, .where = q };

	f->idx[q] = (uint16_t)(f->idx[q] + n);
	__atomic_store_n((uint16_t *)(void *)(f->mem + AVAIL(q) + 2),
	    LE_SWAP16(f->idx[q]), __ATOMIC_RELEASE);
	dev_msg(f->dev, &m);
}

/* As many as a socket holds at once. */
#define BATCH		8

static void
sink(struct frames *f, int fd)
{
	unsigned i;

	for (i = 0; i < BATCH; i++)
		if (read(fd, f->buf, ROOM) != (ssize_t)f->len)
			bench_die("a frame is missing");
}

static uint64_t
card_sends(void *arg)
{
	struct frames *f = arg;
	unsigned i;

	for (i = 0; i < ROUNDS * N / BATCH; i++) {
		offer(f, 1, BATCH);
		sink(f, f->fd[1]);
	}
	return ROUNDS * N;
}

static uint64_t
plain_sends(void *arg)
{
	struct frames *f = arg;
	unsigned i, j;

	for (i = 0; i < ROUNDS * N / BATCH; i++) {
		for (j = 0; j < BATCH; j++) {
			struct iovec v = {
				f->mem + BUFFER(1, j) + VIONET_HDR, f->len
			};

			if (writev(f->fd[0], &v, 1) != (ssize_t)f->len)
				bench_die("a frame is not taken");
		}
		sink(f, f->fd[1]);
	}
	return ROUNDS * N;
}

static void
source(struct frames *f)
{
	unsigned i;

	for (i = 0; i < BATCH; i++)
		if (write(f->fd[1], f->mem + BUFFER(1, 0) + VIONET_HDR,
		    f->len) != (ssize_t)f->len)
			bench_die("a frame is not taken");
}

static uint64_t
card_receives(void *arg)
{
	struct frames *f = arg;
	struct viodev_msg m = {
		.type = VIODEV_INPUT, .payload = f->buf, .len = f->len
	};
	unsigned i, j;

	for (i = 0; i < ROUNDS * N / BATCH; i++) {
		offer(f, 0, BATCH);
		source(f);
		for (j = 0; j < BATCH; j++) {
			if (read(f->fd[0], f->buf, ROOM) != (ssize_t)f->len)
				bench_die("a frame is missing");
			dev_msg(f->dev, &m);
		}
	}
	return ROUNDS * N;
}

/* Straight into the buffers of the guest. */
static uint64_t
plain_receives(void *arg)
{
	struct frames *f = arg;
	unsigned i, j;

	for (i = 0; i < ROUNDS * N / BATCH; i++) {
		source(f);
		for (j = 0; j < BATCH; j++) {
			struct iovec v = {
				f->mem + BUFFER(0, j) + VIONET_HDR,
				ROOM - VIONET_HDR
			};

			if (readv(f->fd[0], &v, 1) != (ssize_t)f->len)
				bench_die("a frame is missing");
		}
	}
	return ROUNDS * N;
}

static void
compare(const char *name, size_t len, uint64_t (*card)(void *),
    uint64_t (*plain)(void *))
{
	static struct frames f;
	struct bench_side fig = { card, &f, NULL }, peer = { plain, &f, NULL };
	struct bench_row row = {
		.group = "vionet over a socket pair", .name = name,
		.unit = "frames/s", .peer = "plain loop"
	};

	set_up(&f, len);
	bench_compare(&row, &fig, &peer);
	if (vionet_count(f.dev, 1, VIONET_BAD) + vionet_count(f.dev, 0,
	    VIONET_NOBUF) != 0)
		bench_die("frames were lost");
	close(f.fd[0]);
	close(f.fd[1]);
	free(f.dev);
	free(f.mem);
}

int
main(void)
{
	compare("sent, 60 bytes", 60, card_sends, plain_sends);
	compare("sent, 1514 bytes", 1514, card_sends, plain_sends);
	compare("received, 60 bytes", 60, card_receives, plain_receives);
	compare("received, 1514 bytes", 1514, card_receives, plain_receives);
	return 0;
}
