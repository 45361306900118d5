/* What the files of vioscsi share; not for others. */
#ifndef VIOSCSI_PRIV_H
#define VIOSCSI_PRIV_H

#include "scsi.h"
#include "vioscsi.h"
#include "virtio_dev.h"

enum vioscsi_where {
	AT_UNIT,			/* target and LUN */
	AT_WLUN,			/* REPORT LUNS unit of a target */
	AT_ALL,				/* of the device */
};

struct vioscsi_addr {
	uint8_t		where;		/* enum vioscsi_where */
	uint8_t		target;
	uint16_t	lun;
};

struct vioscsi_event {
	uint32_t	event, reason;
	uint8_t		target;
	uint16_t	lun;
};

/*
 * A management function that waits until each request queue was looked at.
 * While left is not 0, commands that it is about are not carried out.
 */
struct vioscsi_fence {
	uint16_t	left;		/* queues to look at, a bit each */
	uint8_t		up;		/* req waits; is due when left is 0 */
	uint8_t		req[VIOSCSI_TMF_SIZE];
};

struct vioscsi {
	struct virtio_dev	v;
	struct scsi_bus		bus;
	uint32_t		sense_size, cdb_size;
	struct vioscsi_event	event[VIOSCSI_EVENTS];
	unsigned		nevents;
	uint8_t			missed;		/* events were lost */
	struct vioscsi_fence	fence;
};

/* The eight bytes of an address: 0, or -1 for none that we know. */
int	vioscsi_addr(const uint8_t *, struct vioscsi_addr *);
void	vioscsi_put_addr(uint8_t *, unsigned target, unsigned lun);

/* Serves one chain of each queue; a request's work in bytes. */
size_t	vioscsi_request(struct vioscsi *, struct vq_chain *, unsigned q);
/* -1: not now, leave it where it is. */
int	vioscsi_control(struct vioscsi *, struct vq_chain *);
enum vq_result vioscsi_events(struct vioscsi *, struct vq_work *);

/* Something happened; the event queue will tell. */
void	vioscsi_media_changed(struct vioscsi *, const struct scsi_unit *);
void	vioscsi_resized(struct vioscsi *, const struct scsi_unit *);

/* How the function that waits ends a command there: VIOSCSI_S_OK: not. */
enum vioscsi_response vioscsi_fate(const struct vioscsi *, unsigned q,
	    const struct vioscsi_addr *, uint64_t id);
/* Request queue q has been looked at, all of it. */
void	vioscsi_passed(struct vioscsi *, unsigned q);

int	vioscsi_attach(struct virtio_dev *, const struct devconf *);
void	vioscsi_reconf(struct virtio_dev *, const struct devconf *);
void	vioscsi_save(const struct virtio_dev *, struct wbuf *);
int	vioscsi_load(struct virtio_dev *, struct rbuf *);
const char *vioscsi_check(const struct virtio_dev *);

#endif
