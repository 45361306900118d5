/* What bytes mean that a SCSI adapter reads and stores; for text_hint. */
#ifndef TEXT_SCSI_H
#define TEXT_SCSI_H

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"

/*
 * Each puts some words into buf, or leaves it as it is when the bytes say
 * nothing.  A chain belongs to queue q; what was loaded and stored is told by
 * its form and length.
 */
void	text_scsi_chain(char *buf, size_t cap, unsigned q, const uint8_t *,
	    size_t len);
void	text_scsi_load(char *buf, size_t cap, const uint8_t *, size_t len);
void	text_scsi_store(char *buf, size_t cap, const uint8_t *, size_t len);

#endif
