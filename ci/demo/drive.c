/*
 * The tour's driver: vioblk over a real image file, with the simulated guest
 * on the other side and the recorder in between.
 *
 *	drive image trace
 *
 * The image is 64 KiB.  Requests go to the file; the simulator's own medium
 * stands beside it as the model, so each byte that a read brings from the
 * file is compared with what was written before.
 */
#include <sys/stat.h>
#include <sys/uio.h>

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rec.h"
#include "sim.h"
#include "vioblk.h"

static struct sim *sim;
static int image;
static FILE *trace;

/* The model first, then the file; what counts for the guest is the file. */
static int
file_blk(void *arg, struct blk_io *io)
{
	static const uint8_t zeros[SIM_DISK];
	ssize_t n = (ssize_t)io->len;
	int result = sim_host_ops.blk(arg, io);

	switch (io->op) {
	case BLK_READ:
		n = preadv(image, io->iov, io->niov, (off_t)io->off);
		break;
	case BLK_WRITE:
		n = pwritev(image, io->iov, io->niov, (off_t)io->off);
		break;
	case BLK_ZERO:
		n = pwrite(image, zeros, io->len, (off_t)io->off);
		break;
	case BLK_FLUSH:
		n = fsync(image);
		break;
	default:
		break;
	}
	return n == (ssize_t)io->len ? result : BLK_IOERR;
}

static int
sink(void *arg, const void *p, size_t len)
{
	(void)arg;
	return fwrite(p, 1, len, trace) == len ? 0 : -1;
}

/* One request as a driver makes it: header, data, status. */
static void
request(uint32_t type, uint64_t sector, unsigned out, unsigned in,
    unsigned flags)
{
	uint8_t data[48] = { 0 }, segs[3 * TRACE_SEG_SIZE] = { 0 };
	struct trace_chain c = {
		.flags = (uint8_t)(TRACE_CHAIN_KICK | flags), .data = data,
		.ndata = 16, .segs = segs, .nsegs = 2
	};
	unsigned mid = in > 0 ? in : out;

	sim->record++;
	le32_put(data, type);
	le64_put(data + 8, sector);
	if (type == VIOBLK_T_DISCARD || type == VIOBLK_T_WRITE_ZEROES) {
		le64_put(data + 8, 0);
		le64_put(data + 16, sector);
		le32_put(data + 24, 4);
		c.ndata = 32;
	}
	le16_put(segs + 2, 16);
	if (mid > 0) {
		segs[4] = in > 0 ? TRACE_SEG_WRITE : 0;
		le16_put(segs + 6, (uint16_t)mid);
		c.nsegs = 3;
	}
	segs[4 * (c.nsegs - 1)] = TRACE_SEG_WRITE;
	le16_put(segs + 4 * c.nsegs - 2, 1);
	sim_chain(sim, &c);
	sim_settle(sim);
	(void)sim_read(sim, VIODEV_ISR, 0, 1);
}

static void
work(void)
{
	static const struct trace_setup set = {
		.features = VIRTIO_F_INDIRECT_DESC | 0xffff
	};
	unsigned i;

	sim_setup(sim, &set);
	(void)sim_read(sim, VIODEV_DEVICE, VIOBLK_C_CAPACITY, 4);
	request(VIOBLK_T_GET_ID, 0, 0, 20, 0);
	for (i = 0; i < 8; i++)
		request(VIOBLK_T_OUT, 8 * i, 512U << (i % 4), 0,
		    i % 2 ? TRACE_CHAIN_INDIRECT : 0);
	request(VIOBLK_T_FLUSH, 0, 0, 0, 0);
	for (i = 0; i < 8; i++)
		request(VIOBLK_T_IN, 8 * i, 0, 4096, 0);
	request(VIOBLK_T_WRITE_ZEROES, 16, 16, 0, 0);
	request(VIOBLK_T_DISCARD, 40, 16, 0, 0);
	request(VIOBLK_T_IN, 16, 0, 2048, 0);
	request(VIOBLK_T_IN, 126, 0, 4096, 0);
}

/* The model starts with what the file holds. */
static void
load_image(void)
{
	if (pread(image, sim->fresh, SIM_DISK, 0) != SIM_DISK)
		errx(1, "the image is shorter than 64 KiB");
	memcpy(sim->disk, sim->fresh, SIM_DISK);
	memcpy(sim->model, sim->fresh, SIM_DISK);
}

int
main(int argc, char **argv)
{
	static uint8_t buf[1 << 20], state[SIM_STATE];
	struct host_ops ops = sim_host_ops;
	struct rec rec = {
		.sink = sink, .keep = 1 << 18, .room = 1 << 24, .marks = 16,
		.buf = buf, .bufcap = sizeof(buf),
		.state = state, .statecap = sizeof(state)
	};

	if (argc != 3) {
		fprintf(stderr, "usage: drive image trace\n");
		return 2;
	}
	if ((image = open(argv[1], O_RDWR)) == -1)
		err(1, "%s", argv[1]);
	if ((trace = fopen(argv[2], "wb")) == NULL)
		err(1, "%s", argv[2]);
	sim = sim_new(&sim_vioblk);
	load_image();
	ops.blk = file_blk;
	sim->host.ops = &ops;
	sim->rec = &rec;
	sim_start(sim, NULL);
	work();
	sim_stop(sim);
	if (fclose(trace) != 0)
		err(1, "%s", argv[2]);
	printf("%llu messages to the device, %llu requests completed, "
	    "%llu refused chains\n", (unsigned long long)sim->stat.messages,
	    (unsigned long long)sim->stat.done,
	    (unsigned long long)sim->stat.refused);
	sim_free(sim);
	return 0;
}
