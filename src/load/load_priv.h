/* What the loaders share. */
#ifndef LOAD_PRIV_H
#define LOAD_PRIV_H

#include "load.h"

#define MIB		(1ULL << 20)

/* Below 1 MiB, free before a kernel runs. */
#define LOW_GDT		0x500
#define LOW_PVH		0x6000		/* start info, modules, map */
#define LOW_PARAMS	0x7000		/* Linux's zero page */
#define LOW_CMDLINE	0x20000
#define LOW_CMDMAX	0x10000

int	load_fail(struct load_why *, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/* Bytes of a file; refuses what lies outside. */
int	load_bytes(const struct load_src *, uint64_t off, void *, size_t len);
/* len bytes of a file to gpa, which is RAM in one piece; else -1. */
int	load_copy(const struct load_src *, uint64_t off,
	    const struct load_vm *, uint64_t gpa, uint64_t len);
/* Zeros. */
int	load_zero(const struct load_vm *, uint64_t gpa, uint64_t len);

/*
 * A module at the highest page below limit that leaves it above floor; its
 * address, or 0 with a reason.
 */
uint64_t load_module(const struct load_src *, const struct load_vm *,
	    uint64_t floor, uint64_t limit, struct load_why *);
/* A command line of at most max bytes at LOW_CMDLINE. */
int	load_cmdline(const struct load_vm *, const char *, size_t max,
	    struct load_why *);
/* A flat 32-bit start: descriptors in memory, and the registers. */
int	load_flat32(struct load_vm *);

#endif
