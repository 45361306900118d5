/* A machine of 16 MiB for tests of loaders, and files in memory. */
#ifndef TEST_VM_H
#define TEST_VM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "le.h"
#include "load.h"

struct test_vm {
	struct memmap	 map;
	struct gmem	 gm;
	struct load_vm	 vm;
	uint8_t		*mem[MEMMAP_MAX];
};

struct test_file {
	const uint8_t	*p;
	size_t		 len;
	int		 broken;	/* reads fail */
};

static struct load_why why;

static inline void
test_vm_open(struct test_vm *t, uint64_t mib)
{
	struct memmap_range r[MEMMAP_MAX];
	unsigned i, n;

	memset(t, 0, sizeof(*t));
	why.text[0] = '\0';
	assert_int_equal(memmap_layout(&t->map, mib << 20), 0);
	n = memmap_backed(&t->map, r);
	for (i = 0; i < n; i++) {
		t->mem[i] = calloc(1, r[i].len);
		assert_non_null(t->mem[i]);
		assert_int_equal(gm_add(&t->gm, r[i].gpa, r[i].len,
		    t->mem[i]), 0);
	}
	t->vm.gm = &t->gm;
	t->vm.map = &t->map;
}

static inline void
test_vm_close(struct test_vm *t)
{
	unsigned i;

	for (i = 0; i < MEMMAP_MAX; i++)
		free(t->mem[i]);
}

static inline int
test_read(void *arg, uint64_t off, void *p, size_t len)
{
	struct test_file *f = arg;

	assert_true(off <= f->len && len <= f->len - off);
	if (f->broken)
		return -1;
	memcpy(p, f->p + off, len);
	return 0;
}

static inline struct load_src
test_src(struct test_file *f, const void *p, size_t len)
{
	f->p = p;
	f->len = len;
	f->broken = 0;
	return (struct load_src){ test_read, f, len };
}

static inline uint64_t
peek(struct test_vm *t, uint64_t gpa, unsigned width)
{
	uint8_t b[8] = { 0 };

	assert_int_equal(gm_copyin(&t->gm, gpa, b, width), 0);
	return le64_get(b);
}

#endif
