/*
 * A disk as what stands behind the block calls of a device.
 */
#ifndef DISKBLK_H
#define DISKBLK_H

#include "dev.h"
#include "disk.h"

/*
 * Does what the call asks of a disk and answers an enum blk_result.  The
 * disk checks bounds and the right to write (BLK_IOERR).  A discard or zero
 * that the disk's store cannot do is no failure where the disk says so.
 * io->unit is for the caller, who chose the disk by it.
 */
int	diskblk(struct disk *, const struct blk_io *);

#endif
