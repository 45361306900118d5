/*
 * Tells the sanitizer of this build, if there is one, which bytes nobody may
 * use (address) or which hold nothing (memory).
 */
#ifndef POISON_H
#define POISON_H

#include <stddef.h>

/* No access at all until unpoisoned.  0 when no sanitizer watches. */
int	poison_region(void *, size_t);
void	unpoison_region(void *, size_t);
/* The bytes are there but have no value yet. */
void	poison_value(void *, size_t);
/* Stops the program when a byte has no value. */
void	check_value(const void *, size_t);
/* Bytes that a host filled outside the instrumented world. */
void	bless_value(void *, size_t);

#endif
