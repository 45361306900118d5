#include "diskblk.h"

static int
do_io(struct disk *d, const struct blk_io *io)
{
	switch (io->op) {
	case BLK_READ:
		return disk_readv(d, io->iov, io->niov, io->off);
	case BLK_WRITE:
		return disk_writev(d, io->iov, io->niov, io->off);
	case BLK_FLUSH:
		return disk_flush(d);
	case BLK_DISCARD:
		return disk_discard(d, io->off, io->len);
	case BLK_ZERO:
		return disk_zero(d, io->off, io->len,
		    (io->flags & BLK_F_UNMAP) != 0);
	default:
		return DISK_ENOTSUP;
	}
}

int
diskblk(struct disk *d, const struct blk_io *io)
{
	int rv;

	rv = do_io(d, io);
	if (rv == 0 && (io->flags & BLK_F_DURABLE) != 0)
		rv = disk_flush(d);
	switch (rv) {
	case 0:
		return BLK_OK;
	case DISK_ENOSPC:
		return BLK_NOSPACE;
	case DISK_ENOTSUP:
		return BLK_UNSUPP;
	default:
		return BLK_IOERR;
	}
}
