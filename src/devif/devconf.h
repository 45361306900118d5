/*
 * What a device is attached with: a flat list of tagged values.
 *
 * Encoded as {tag le16, length le16, value} after one another, so that the
 * first record of a trace can rebuild the device.  Integers are
 * little-endian, 1, 2, 4 or 8 bytes as the table in devconf.c says.
 *
 * A device with several units (vioscsi) is described by one list, too: each
 * UNIT begins a section of values that are about that unit.  What is about
 * the whole device comes first.
 */
#ifndef DEVCONF_H
#define DEVCONF_H

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"

enum devconf_tag {
	DEVCONF_VERSION = 1,	/* string: the program that wrote it */
	DEVCONF_CAPACITY,	/* u64: 512-byte sectors of a disk */
	DEVCONF_READONLY,	/* u8: 1, the medium cannot be written */
	DEVCONF_SERIAL,		/* string, at most 30 bytes */
	DEVCONF_BLKSIZE,	/* u32: logical block, 512 to 4096 */
	DEVCONF_PHYSEXP,	/* u8: log2 of logical per physical block */
	DEVCONF_NQUEUES,	/* u16: request queues */
	DEVCONF_QSIZE,		/* u16: largest queue size, a power of two */
	DEVCONF_FEATURES,	/* u64: mask of features that may be offered */
	DEVCONF_MAC,		/* 6 bytes */
	DEVCONF_MTU,		/* u16 */
	DEVCONF_LOCKED,		/* u8: 1, the MAC is the only one to use */
	DEVCONF_OFFLOAD,	/* u8: 1, frames carry a header: vionet.h */
	DEVCONF_LINK,		/* u8: 0 down, 1 up */
	DEVCONF_ANNOUNCE,	/* u8: 1, the guest shall make itself known */
	DEVCONF_HOSTMAC,	/* 6 bytes: the other end of the wire */
	DEVCONF_GUESTADDR,	/* u32: IPv4 that the guest gets by DHCP */
	DEVCONF_HOSTADDR,	/* u32: IPv4 of the host's end */
	DEVCONF_NETMASK,	/* u32 */
	DEVCONF_NETBOOT,	/* u8: 1, the guest boots from the network */
	DEVCONF_HOSTNAME,	/* string: for the guest, by DHCP */
	DEVCONF_UNIT,		/* u32: target << 16 | LUN; begins a section */
	DEVCONF_KIND,		/* u8: enum devconf_kind of a unit */
	DEVCONF_LOWMEM,		/* u64: end of memory below 4 GiB */
	DEVCONF_HIGHMEM,	/* u64: bytes of memory above 4 GiB */
	DEVCONF_NCPUS,		/* u16 */
	DEVCONF_BOOTORDER,	/* u16: nibbles as in the CMOS of a PC */
	DEVCONF_FILE,		/* string: name of a file in fw_cfg */
	DEVCONF_PCIID,		/* 16 bytes: see pci.h */
	DEVCONF_PCICAPS,	/* bytes of the capability list, see pci.h */
	DEVCONF_LENGTH,		/* u64: bytes of that file */
	DEVCONF_DEBUGPORT,	/* u8: 1, port 0x402 prints */
	DEVCONF_NTAGS
};

enum devconf_kind {
	DEVCONF_DISK,
	DEVCONF_CD,
	DEVCONF_NKINDS
};

#define DEVCONF_MAXSTR	64	/* bytes of the longest string */
#define DEVCONF_MAXBYTES 128	/* of the longest value of all */

struct devconf {
	const uint8_t	*p;
	size_t		 len;
};

/*
 * Looks the whole list over: known tags, lengths that fit the tag, each tag
 * once in its section, nothing left over.  0, or -1 with *off the offset of
 * the bad entry and *why a reason without punctuation.
 */
int		 devconf_check(const struct devconf *, size_t *off,
		    const char **why);

/* The value of an integer tag, or def when it is not there. */
uint64_t	 devconf_int(const struct devconf *, unsigned tag,
		    uint64_t def);
/* The bytes of a tag and their number; NULL when it is not there. */
const uint8_t	*devconf_bytes(const struct devconf *, unsigned tag,
		    size_t *len);
/* The number in an entry of an integer tag, by its width. */
uint64_t	 devconf_value(const uint8_t *val, size_t len);
/*
 * Takes the section of the first UNIT, and what is before it, off the front
 * of a list: 0 with the section, or -1 and no change when there is none.
 */
int		 devconf_next_unit(struct devconf *, struct devconf *unit);
int		 devconf_has(const struct devconf *, unsigned tag);

/* The name of a tag in texts, NULL for a number without one. */
const char	*devconf_name(unsigned tag);
/* Width of an integer tag in bytes; 0 for strings and byte strings. */
unsigned	 devconf_width(unsigned tag);
/* Whether a tag's value is bytes that are no text. */
int		 devconf_is_bytes(unsigned tag);
/* The entry at the cursor; 0 when there is no whole one. */
int		 devconf_next(struct rbuf *, unsigned *tag,
		    const uint8_t **val, size_t *len);

void		 devconf_put_int(struct wbuf *, unsigned tag, uint64_t v);
void		 devconf_put_bytes(struct wbuf *, unsigned tag,
		    const void *p, size_t len);

#endif
