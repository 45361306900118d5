/*
 * Puts our vioscsi behind another machine's virtio transport: a vhost-user
 * backend (QEMU's vhost-user-scsi) that hands rings and kicks to the device
 * core.  So firmware and kernels that know nothing of us judge the device.
 *
 *	vhostscsi socket cd.iso [disk.img]
 *
 * The CD is at LUN 0, the disk, raw and written to, at LUN 1.  SIGUSR1 takes
 * the CD away, SIGUSR2 brings it back.  Ends when the other side hangs up.
 * Protocol: QEMU's docs/interop/vhost-user; none of its optional features.  A
 * ring runs from SET_VRING_KICK to GET_VRING_BASE.
 */
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "virtio_dev.h"
#include "vioscsi.h"

#define NQ	3
#define VERSION	0x1U
#define REPLY	0x4U
#define PROTOCOL	(1ULL << 30)	/* QEMU insists on the question */
#define MAXFDS	8

enum request {
	GET_FEATURES = 1, SET_FEATURES, SET_OWNER, RESET_OWNER, SET_MEM_TABLE,
	SET_VRING_NUM = 8, SET_VRING_ADDR, SET_VRING_BASE, GET_VRING_BASE,
	SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR, GET_PROTOCOL_FEATURES
};

struct ring {
	uint64_t	 desc, avail, used;	/* addresses of the guest */
	unsigned	 num;
	int		 kick, call;
};

struct region {
	uint64_t	 gpa, len, user;
};

static struct {
	int		 sock;
	struct gmem	 gm;
	struct region	 region[GM_MAXRANGES];
	void		*map[GM_MAXRANGES];
	size_t		 maplen[GM_MAXRANGES];
	struct ring	 ring[NQ];
	uint64_t	 features;
	int		 live;
	uint32_t	 again;
	int		 file[2];
	uint64_t	 sectors[2];
	struct dev	*dev;
} b;

static volatile sig_atomic_t eject, insert;

static void
on_signal(int s)
{
	if (s == SIGUSR1)
		eject = 1;
	else
		insert = 1;
}

/* ---------------------------------------------------------------- host */

static int
host_blk(void *arg, struct blk_io *io)
{
	int fd = b.file[io->unit];
	ssize_t n = 0;

	(void)arg;
	if (io->op == BLK_READ)
		n = preadv(fd, io->iov, io->niov, (off_t)io->off);
	else if (io->op == BLK_WRITE)
		n = pwritev(fd, io->iov, io->niov, (off_t)io->off);
	else if (io->op == BLK_FLUSH)
		return fdatasync(fd) == 0 ? BLK_OK : BLK_IOERR;
	else
		return fallocate(fd, FALLOC_FL_PUNCH_HOLE |
		    FALLOC_FL_KEEP_SIZE, (off_t)io->off, (off_t)io->len) == 0 ?
		    BLK_OK : BLK_UNSUPP;
	return n == (ssize_t)io->len ? BLK_OK : BLK_IOERR;
}

/* Whoever waits looks at all its rings; which one it was nobody says. */
static void
host_irq(void *arg, int level)
{
	uint64_t one = 1;
	unsigned q;

	(void)arg;
	for (q = 0; q < NQ && level; q++)
		if (b.ring[q].call != -1 &&
		    write(b.ring[q].call, &one, 8) != 8)
			warn("call");
}

static void
host_again(void *arg, uint32_t q)
{
	(void)arg;
	b.again |= 1U << q;
}

static void host_log(void *, enum host_log, const char *, ...)
    __attribute__((format(printf, 3, 4)));

static void
host_log(void *arg, enum host_log level, const char *fmt, ...)
{
	va_list ap;

	(void)arg;
	(void)level;
	va_start(ap, fmt);
	vwarnx(fmt, ap);
	va_end(ap);
}

static void host_panic(void *, const char *, ...)
    __attribute__((format(printf, 2, 3), noreturn));

static void
host_panic(void *arg, const char *fmt, ...)
{
	va_list ap;

	(void)arg;
	va_start(ap, fmt);
	vwarnx(fmt, ap);
	va_end(ap);
	abort();
}

static const struct host_ops hops = {
	.irq = host_irq, .blk = host_blk, .again = host_again,
	.log = host_log, .panic = host_panic
};

/* -------------------------------------------------------------- device */

static void
deliver(struct viodev_msg *m)
{
	struct viodev_msg isr = {
		.type = VIODEV_READ, .width = 1, .space = VIODEV_ISR
	};

	dev_msg(b.dev, m);
	dev_msg(b.dev, &isr);
}

static void
reg(unsigned off, unsigned width, uint64_t v)
{
	struct viodev_msg m = {
		.type = VIODEV_WRITE, .width = (uint8_t)width,
		.space = VIODEV_COMMON, .where = off, .data = v
	};

	deliver(&m);
}

static void
reg64(unsigned off, uint64_t v)
{
	reg(off, 4, v & 0xffffffff);
	reg(off + 4, 4, v >> 32);
}

static void
kick(unsigned q)
{
	struct viodev_msg m = { .type = VIODEV_KICK, .where = q };

	deliver(&m);
	while (b.again != 0) {
		m.where = (uint32_t)__builtin_ctz(b.again);
		b.again &= b.again - 1;
		deliver(&m);
	}
}

/* The driver is up: our device gets the same story. */
static void
go_live(void)
{
	const struct ring *r;
	unsigned q;

	reg(VIRTIO_DEVICE_STATUS, 1, 0);
	reg(VIRTIO_DEVICE_STATUS, 1, 3);
	reg(VIRTIO_DRIVER_FEATURE, 4, b.features & 0xffffffff);
	reg(VIRTIO_DRIVER_FEATURE_SELECT, 4, 1);
	reg(VIRTIO_DRIVER_FEATURE, 4, b.features >> 32);
	reg(VIRTIO_DEVICE_STATUS, 1, 11);
	for (q = 0; q < NQ; q++) {
		r = &b.ring[q];
		if (r->kick == -1)
			continue;
		reg(VIRTIO_QUEUE_SELECT, 2, q);
		reg(VIRTIO_QUEUE_SIZE, 2, r->num);
		reg64(VIRTIO_QUEUE_DESC, r->desc);
		reg64(VIRTIO_QUEUE_DRIVER, r->avail);
		reg64(VIRTIO_QUEUE_DEVICE, r->used);
		reg(VIRTIO_QUEUE_ENABLE, 2, 1);
	}
	reg(VIRTIO_DEVICE_STATUS, 1, 15);
	b.live = 1;
	if (!virtio_live((struct virtio_dev *)b.dev))
		warnx("the device does not go live");
}

static void
set_cd(uint64_t sectors)
{
	struct viodev_msg m = { .type = VIODEV_CONFIG };
	uint8_t buf[32];
	struct wbuf w;

	wb_init(&w, buf, sizeof(buf));
	devconf_put_int(&w, DEVCONF_UNIT, 0);
	devconf_put_int(&w, DEVCONF_CAPACITY, sectors);
	m.payload = buf;
	m.len = w.len;
	deliver(&m);
	kick(VIOSCSI_Q_EVENT);
}

static void
attach(void)
{
	static struct dev_host h = { &hops, NULL };
	static uint8_t list[128];
	struct devconf c;
	struct wbuf w;
	void *mem;

	wb_init(&w, list, sizeof(list));
	devconf_put_int(&w, DEVCONF_UNIT, 0);
	devconf_put_int(&w, DEVCONF_KIND, DEVCONF_CD);
	devconf_put_int(&w, DEVCONF_CAPACITY, b.sectors[0]);
	if (b.file[1] != -1) {
		devconf_put_int(&w, DEVCONF_UNIT, 1);
		devconf_put_int(&w, DEVCONF_CAPACITY, b.sectors[1]);
		devconf_put_bytes(&w, DEVCONF_SERIAL, "guest-disk", 10);
	}
	c.p = list;
	c.len = w.len;
	mem = aligned_alloc(64, (vioscsi_dev.size + vioscsi_dev.scratch +
	    127) / 64 * 64);
	if (mem == NULL ||
	    (b.dev = dev_attach(&vioscsi_dev, mem, &h, &b.gm, &c)) == NULL)
		errx(1, "attach");
}

/* ---------------------------------------------------------- the socket */

static uint64_t
to_guest(uint64_t user)
{
	unsigned i;

	for (i = 0; i < b.gm.n; i++)
		if (user - b.region[i].user < b.region[i].len)
			return user - b.region[i].user + b.region[i].gpa;
	return 0;
}

static void
forget_memory(void)
{
	unsigned i;

	for (i = 0; i < b.gm.n; i++)
		munmap(b.map[i], b.maplen[i]);
	b.gm.n = 0;
}

static void
set_memory(const uint8_t *p, size_t len, int *fd)
{
	uint32_t i, n = len >= 8 ? le32_get(p) : 0;
	uint64_t off;

	forget_memory();
	for (i = 0; i < n && i < GM_MAXRANGES && 8 + 32 * (i + 1) <= len;
	    i++) {
		b.region[i].gpa = le64_get(p + 8 + 32 * i);
		b.region[i].len = le64_get(p + 16 + 32 * i);
		b.region[i].user = le64_get(p + 24 + 32 * i);
		off = le64_get(p + 32 + 32 * i);
		b.maplen[i] = b.region[i].len + off;
		b.map[i] = mmap(NULL, b.maplen[i], PROT_READ | PROT_WRITE,
		    MAP_SHARED, fd[i], 0);
		if (b.map[i] == MAP_FAILED || gm_add(&b.gm, b.region[i].gpa,
		    b.region[i].len, (char *)b.map[i] + off) == -1)
			errx(1, "memory region %u", i);
		close(fd[i]);
	}
}

static void
reply(uint32_t request, uint64_t v, uint32_t size)
{
	uint8_t m[20];

	le32_put(m, request);
	le32_put(m + 4, VERSION | REPLY);
	le32_put(m + 8, size);
	le64_put(m + 12, v);
	if (write(b.sock, m, 12 + size) != (ssize_t)(12 + size))
		err(1, "reply");
}

static void
set_fd(int *where, int *fd, uint64_t v)
{
	if (*where != -1)
		close(*where);
	*where = (v & 0x100) != 0 ? -1 : fd[0];
}

static void
handle(uint32_t request, const uint8_t *p, size_t len, int *fd)
{
	uint64_t v = len >= 8 ? le64_get(p) : 0;
	struct ring *r = &b.ring[v % NQ & 0xff];

	if (request >= SET_VRING_NUM && request <= SET_VRING_ERR)
		r = &b.ring[(v & 0xff) % NQ];
	switch (request) {
	case GET_FEATURES:
		reply(request, ((struct virtio_dev *)b.dev)->offered |
		    PROTOCOL, 8);
		break;
	case GET_PROTOCOL_FEATURES:
		reply(request, 0, 8);
		break;
	case SET_FEATURES:
		b.features = v & ((struct virtio_dev *)b.dev)->offered;
		break;
	case SET_MEM_TABLE:
		set_memory(p, len, fd);
		break;
	case SET_VRING_NUM:
		r->num = (unsigned)(v >> 32);
		break;
	case SET_VRING_ADDR:
		r->desc = to_guest(le64_get(p + 8));
		r->used = to_guest(le64_get(p + 16));
		r->avail = to_guest(le64_get(p + 24));
		break;
	case SET_VRING_KICK:
		set_fd(&r->kick, fd, v);
		break;
	case SET_VRING_CALL:
		set_fd(&r->call, fd, v);
		break;
	case GET_VRING_BASE:
		if (b.live)
			reg(VIRTIO_DEVICE_STATUS, 1, 0);
		b.live = 0;
		if (r->kick != -1)
			close(r->kick);
		r->kick = -1;
		reply(request, v & 0xff, 8);
		break;
	default:
		break;
	}
}

/* One message with its descriptors: 0 when the other side is gone. */
static int
receive(void)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(MAXFDS * sizeof(int))];
	} c;
	uint8_t head[12], body[512];
	struct iovec iov = { head, sizeof(head) };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c,
		.msg_controllen = sizeof(c)
	};
	int fd[MAXFDS] = { -1, -1, -1, -1, -1, -1, -1, -1 };
	struct cmsghdr *h;
	uint32_t len;

	if (recvmsg(b.sock, &m, MSG_WAITALL) != sizeof(head))
		return 0;
	for (h = CMSG_FIRSTHDR(&m); h != NULL; h = CMSG_NXTHDR(&m, h))
		if (h->cmsg_type == SCM_RIGHTS)
			memcpy(fd, CMSG_DATA(h), h->cmsg_len - CMSG_LEN(0));
	len = le32_get(head + 8);
	if (len > sizeof(body) || (len > 0 &&
	    recv(b.sock, body, len, MSG_WAITALL) != (ssize_t)len))
		return 0;
	handle(le32_get(head), body, len, fd);
	return 1;
}

/*
 * A ring may be kicked while the others are still being described, and the
 * device wants to know them all: wait until the other side has said it all.
 */
static int
settle(void)
{
	struct pollfd p = { b.sock, POLLIN, 0 };

	while (poll(&p, 1, 50) == 1)
		if (!receive())
			return 0;
	return 1;
}

static void
serve(void)
{
	struct pollfd p[NQ + 1];
	uint64_t n;
	unsigned q;

	for (;;) {
		p[NQ] = (struct pollfd){ b.sock, POLLIN, 0 };
		for (q = 0; q < NQ; q++)
			p[q] = (struct pollfd){ b.ring[q].kick, POLLIN, 0 };
		if (poll(p, NQ + 1, -1) == -1 && errno != EINTR)
			err(1, "poll");
		if (eject || insert)
			set_cd(eject ? 0 : b.sectors[0]);
		eject = insert = 0;
		if ((p[NQ].revents & (POLLIN | POLLHUP)) != 0 && !receive())
			return;
		for (q = 0; q < NQ; q++)
			if ((p[q].revents & POLLIN) != 0 &&
			    b.ring[q].kick == p[q].fd &&
			    read(p[q].fd, &n, 8) == 8) {
				if (!b.live && !settle())
					return;
				if (!b.live)
					go_live();
				kick(q);
			}
	}
}

static void
open_file(unsigned i, const char *name, int flags)
{
	struct stat st;

	b.file[i] = open(name, flags);
	if (b.file[i] == -1 || fstat(b.file[i], &st) == -1)
		err(1, "%s", name);
	b.sectors[i] = (uint64_t)st.st_size / 512;
}

int
main(int argc, char **argv)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct sigaction sa = { .sa_handler = on_signal };
	unsigned q;
	int s;

	if (argc < 3 || strlen(argv[1]) >= sizeof(a.sun_path))
		errx(2, "usage: vhostscsi socket cd.iso [disk.img]");
	b.file[1] = -1;
	open_file(0, argv[2], O_RDONLY);
	if (argc > 3)
		open_file(1, argv[3], O_RDWR);
	for (q = 0; q < NQ; q++)
		b.ring[q].kick = b.ring[q].call = -1;
	attach();
	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGUSR2, &sa, NULL);
	strcpy(a.sun_path, argv[1]);
	(void)unlink(argv[1]);
	if ((s = socket(AF_UNIX, SOCK_STREAM, 0)) == -1 ||
	    bind(s, (struct sockaddr *)&a, sizeof(a)) == -1 ||
	    listen(s, 1) == -1 || (b.sock = accept(s, NULL, NULL)) == -1)
		err(1, "%s", argv[1]);
	serve();
	dev_detach(b.dev);
	return 0;
}
