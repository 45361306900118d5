/*
 * Bodies of records, for the reader: type, body and len are set, the union
 * is filled in.
 */
#ifndef DECODE_H
#define DECODE_H

#include <stddef.h>

#include "trace.h"

/* NULL, or a reason and in *bad the offset of the place in the record. */
const char	*trace_decode_body(struct trace_rec *, size_t *bad);

/* Total; type is any byte and chooses one of the types of inputs. */
void		 trace_fold_body(struct trace_rec *, unsigned type);

/* Whether a range of MAP is sound and apart from those before it. */
int		 trace_range_ok(const struct trace_rec *, unsigned i);
/* How many bytes from p on may be the name of a kind of device. */
size_t		 trace_name_span(const uint8_t *p, size_t len);

#endif
