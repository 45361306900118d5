/* Records as JSON objects, one on a line. */
#ifndef SHOW_JSON_H
#define SHOW_JSON_H

#include <stdio.h>

#include "trace.h"

/* 0, or -1 without memory. */
int	show_json(FILE *, const struct trace_rec *);

#endif
