/*
 * The configuration of a vm process, put together from messages (vmmsg.h)
 * that come from the daemon or from the command line.
 */
#ifndef CFG_H
#define CFG_H

#include "disk.h"
#include "vmmsg.h"

struct cfg_file {
	int	fd;			/* -1: none */
	char	path[VMMSG_MAXPATH + 1];	/* for messages */
};

struct cfg_device {
	struct vmmsg_device	 d;
	unsigned		 index;		/* among its kind */
	unsigned		 nimages;
	struct {
		int			 fd;
		struct devmsg_image	 how;
	} image[DISK_MAXDEPTH];
	int			 tap;
	int			 recordfd;
	struct vmmsg_record	 record;
};

struct cfg {
	struct vmmsg_vm		 vm;
	int			 have_vm;
	int			 done;		/* GO came */
	int			 node;
	int			 console;
	struct cfg_file		 boot;
	struct cfg_file		 initrd;
	char			 cmdline[VMMSG_MAXLINE + 1];
	unsigned		 ndevs;
	struct cfg_device	 dev[VMMSG_MAXDEVS];
};

struct cfg_why {
	char	text[640];
};

/* A large object: calloc it. */
void	cfg_init(struct cfg *);
/*
 * One message, with its descriptor or -1; the descriptor is cfg's in every
 * case.  0, or -1 with a line that says what is wrong.
 */
int	cfg_take(struct cfg *, uint32_t type, const void *body, size_t len,
	    int fd, struct cfg_why *);
/* Closes what only the start needs: everything but the console. */
void	cfg_forget(struct cfg *);
/* Closes every descriptor. */
void	cfg_close(struct cfg *);

#endif
