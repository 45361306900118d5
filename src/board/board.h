/*
 * The board: what stands on a PC's main board around the processor, and the
 * way from a port to the device behind it.
 *
 * It holds the chips (i8259 pair with ELCR, i8253 with port 0x61, mc146818,
 * ns8250 as com1, fw_cfg, the system ports), the PCI bus with its host bridge
 * and the devices that somebody plugged in, and the wires between them.  Like
 * a device it is pure: no descriptor, clock, thread, allocation or global;
 * its memory is the caller's, and all that it wants from outside goes through
 * struct board_host.
 *
 * Locking.  The caller has one lock for the board and holds it around every
 * call below, unless a call says otherwise.  The functions of board_host and
 * of board_remote are called with that lock held, from inside a call; they
 * must not call back into the board.  The one that may take long, an access
 * to a remote device, can be done outside the lock: see board_route().
 *
 * Who is asked by what, in the vm process:
 *
 *	a vcpu left the guest for a port	board_route, board_in, board_out
 *	... for an address outside memory	board_route, board_mmio_*
 *	before a vcpu enters the guest	board_intr_pending, board_intr_ack
 *	a timer of board_host is due	board_timer
 *	bytes for com1	board_console_input
 *	a device process moved its line	board_irq
 *	pause, reset, end	board_pause, board_reset, board_detach
 */
#ifndef BOARD_H
#define BOARD_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "dev.h"

/* Numbers of timers are 0 to BOARD_NTIMERS - 1. */
#define BOARD_NTIMERS	320

#define BOARD_MAXRANGES	16	/* of a memory map */
#define BOARD_MAXFILES	32	/* in fw_cfg */
#define BOARD_MAXSLOTS	32	/* on the bus, the bridge included */

/* Where virtual hardware has its BARs: facts, virtio-devices 1.4. */
#define BOARD_IO_FIRST	0x1000
#define BOARD_MMIO_FIRST 0xf0000000U
#define BOARD_MMIO_LAST	0xffbfffffU

/*
 * What the board wants from outside.  Every function is there; arg is the
 * caller's own.
 */
struct board_host {
	/*
	 * The INT pin of the interrupt controllers: 1, a vcpu has an
	 * interrupt to take (wake it, ask board_intr_pending); 0, it has not
	 * any more.  Called on changes only.
	 */
	void	 (*intr)(void *arg, int pending);
	/* Nanoseconds. */
	uint64_t (*clock)(void *arg, enum host_clock);
	/* Call board_timer(id) after delay ns, once; replaces the old one. */
	void	 (*timer)(void *arg, unsigned id, uint64_t delay);
	void	 (*untimer)(void *arg, unsigned id);
	/*
	 * com1 sends: 0 when the bytes are taken (or dropped, if nobody
	 * listens), -1 when there is no room now; the chip keeps them and
	 * tries again.
	 */
	int	 (*console)(void *arg, const void *, size_t len);
	/*
	 * Whether com1 takes more input.  Starts as 1.  After a 0 nothing is
	 * lost as long as board_console_input is not called before the 1.
	 */
	void	 (*console_ready)(void *arg, int on);
	/* A byte of firmware's debug output (port 0x402). */
	void	 (*debug)(void *arg, uint8_t byte);
	/* Random bytes: 0, or -1 when there are none. */
	int	 (*entropy)(void *arg, void *, size_t len);
	/* The guest wants HREQ_REBOOT or HREQ_SHUTDOWN: end of its run. */
	void	 (*request)(void *arg, enum host_request, uint64_t);
	/* A line for the log; who is the chip or the device. */
	void	 (*log)(void *arg, enum host_log, const char *who,
		    const char *fmt, va_list);
	/* A fact about our own state does not hold; does not return. */
	void	 (*panic)(void *arg, const char *who, const char *fmt,
		    va_list) __attribute__((noreturn));
};

/* One piece of the guest's memory map, as firmware gets to know it. */
struct board_range {
	uint64_t	 gpa;
	uint64_t	 len;
	uint32_t	 type;		/* BOARD_RAM or BOARD_RESERVED */
};
#define BOARD_RAM	1	/* the numbers of E820 */
#define BOARD_RESERVED	2
#define BOARD_E820_SIZE	20	/* bytes of a record of etc/e820 */

struct board_conf {
	struct gmem	*gm;		/* for devices and fw_cfg's DMA */
	/* In order of address; sizes in the CMOS and etc/e820 follow. */
	const struct board_range *range;
	unsigned	 nranges;
	unsigned	 ncpus;
	int		 debug;		/* 1: there is a port 0x402 */
	/* CMOS, three nibbles: 1 floppy, 2 disk, 3 CD, 4 net; first lowest. */
	unsigned	 bootorder;
};

struct board;

/* Bytes of memory that a board takes, aligned for any type. */
size_t		 board_size(void);

/*
 * Builds a board in mem: all chips in the state after power-on, an empty bus
 * but for the host bridge.  NULL when the configuration cannot be had (too
 * many ranges); the reason went to the log.  host, arg and gm must stay.
 */
struct board	*board_attach(void *mem, const struct board_host *, void *arg,
		    const struct board_conf *);
/* Detaches everything: lines fall, timers are taken back. */
void		 board_detach(struct board *);

/*
 * Ports.  width is 1, 2 or 4; in returns all ones of that width where nobody
 * is.  Chips that are one byte wide see wider accesses as bytes at following
 * ports, as on an ISA bus.
 */
uint32_t	 board_in(struct board *, uint16_t port, unsigned width);
void		 board_out(struct board *, uint16_t port, unsigned width,
		    uint32_t v);

/* Memory-mapped registers; width 1, 2, 4 or 8. */
uint64_t	 board_mmio_read(struct board *, uint64_t gpa, unsigned width);
void		 board_mmio_write(struct board *, uint64_t gpa,
		    unsigned width, uint64_t v);

/*
 * Whether an access ends at a remote device.  If so, the caller may let the
 * lock go and do it by itself (with the functions it gave to board_pci_add
 * or any other way); if not, or if it does not want to, board_in and its
 * kin are right for every access.  Covers BARs and the window of virtio's
 * PCI_CFG capability.  What was not found ends at no remote device, not with
 * a part of it either: then board_in and its kin wait for nobody.
 */
struct board_access {
	int		 mmio;		/* where is an address, not a port */
	int		 write;
	uint64_t	 where;
	unsigned	 width;
};
struct board_target {
	unsigned	 slot;
	unsigned	 bar;
	uint32_t	 off;		/* inside the BAR */
	unsigned	 width;
};
/* 1 with the target filled, or 0. */
int		 board_route(const struct board *, const struct board_access *,
		    struct board_target *);

/* Whether an interrupt waits for the (one) vcpu that takes them. */
int		 board_intr_pending(const struct board *);
/*
 * The vcpu takes it: the vector, 0 to 255.  When the request went away in
 * between it is the spurious vector, as on the real thing.
 */
unsigned	 board_intr_ack(struct board *);

/* A timer that was asked for is due. */
void		 board_timer(struct board *, unsigned id);

/*
 * Bytes from the terminal; returns how many were taken.  What is left the
 * caller offers again after console_ready(1).
 */
size_t		 board_console_input(struct board *, const void *, size_t);
/* The terminal sent a break. */
void		 board_console_break(struct board *);

/* What a device on the bus is; identity from facts, virtio-devices 1.2. */
enum board_kind {
	BOARD_RNG,
	BOARD_NET,
	BOARD_BLK,
	BOARD_SCSI,
	BOARD_VMMCI,
	BOARD_NKINDS
};

/*
 * A device in another process.  bar is always 0 today; off is what
 * virtio_bar_decode() takes for all kinds but vmmci, which has its register
 * block at 0.  write must not wait for the device.
 */
struct board_remote {
	uint64_t (*read)(void *, uint32_t off, unsigned width);
	void	 (*write)(void *, uint32_t off, unsigned width, uint64_t v);
	void	 *arg;
};

struct board_pci {
	enum board_kind		 kind;
	unsigned		 config_size;	/* bytes of device config */
	/* Either a device of our own: its kind, values and memory ... */
	const struct dev_ops	*ops;
	struct devconf		 conf;
	void			*mem;		/* size + scratch bytes */
	/* ... or (ops NULL) one elsewhere. */
	struct board_remote	 remote;
};

/*
 * Plugs a device into the next slot, with the next interrupt line (3, 5, 6,
 * 7, 9, 10, 11, 12, 14, 15; never shared) and the next I/O BAR.  vmd's order
 * is entropy, NICs, disks, SCSI, vmmci.  Returns the slot (1 to 31), or -1
 * when there is no slot or line left or the device refuses its values; the
 * log has the reason.
 */
int		 board_pci_add(struct board *, const struct board_pci *);
/* The interrupt line of a slot, or -1. */
int		 board_pci_line(const struct board *, unsigned slot);
/* The level of the line of a remote device's slot. */
void		 board_irq(struct board *, unsigned slot, int level);

/*
 * Asks the guest for something (enum viodev_command) through the device in a
 * slot, a vmmci: 0, or -1 when there is nobody who would do it.
 */
int		 board_command(struct board *, unsigned slot, unsigned what);

/*
 * Offers a file to firmware; the bytes stay the caller's and must stay.  -1
 * when there are too many files, the name is taken or longer than 55 bytes,
 * or the file is larger than 4 GiB - 1.
 */
int		 board_fwcfg_add(struct board *, const char *name,
		    const void *, size_t len);

/* The vcpus stand still, and go on.  Clocks of the chips stand still, too. */
void		 board_pause(struct board *);
void		 board_unpause(struct board *);
/* System reset of all chips and local devices; slots and files stay. */
void		 board_reset(struct board *);

/*
 * The whole board but remote devices.  Who moves a board pauses, saves,
 * attaches anew with the same configuration, devices and files, loads, and
 * unpauses.  load: 0, or -1 when the bytes are not such a state; the board
 * is then good for board_detach() alone.
 */
void		 board_save(const struct board *, struct wbuf *);
int		 board_load(struct board *, struct rbuf *);
/* NULL when every invariant holds, else the one that does not. */
const char	*board_check(const struct board *);

/*
 * For a recorder: the device behind a chip's name ("i8259", "i8253",
 * "mc146818", "ns8250", "fwcfg", "pci", "sysport"), or NULL.
 */
struct dev	*board_chip(struct board *, const char *name);

#endif
