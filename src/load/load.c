#include "load_priv.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "le.h"

#define PAGE		4096ULL

int
load_fail(struct load_why *why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
	return -1;
}

int
load_bytes(const struct load_src *s, uint64_t off, void *p, size_t len)
{
	if (off > s->size || len > s->size - off)
		return -1;
	return len == 0 ? 0 : s->read(s->arg, off, p, len);
}

/* Where RAM is mapped, or NULL. */
static uint8_t *
place(const struct load_vm *vm, uint64_t gpa, uint64_t len)
{
	if (len > SIZE_MAX || !memmap_is_ram(vm->map, gpa, len))
		return NULL;
	return gm_hva(vm->gm, gpa, (size_t)len);
}

int
load_copy(const struct load_src *s, uint64_t off, const struct load_vm *vm,
    uint64_t gpa, uint64_t len)
{
	uint8_t *p = place(vm, gpa, len);

	return p == NULL ? -1 : load_bytes(s, off, p, (size_t)len);
}

int
load_zero(const struct load_vm *vm, uint64_t gpa, uint64_t len)
{
	uint8_t *p = place(vm, gpa, len);

	if (p == NULL)
		return -1;
	memset(p, 0, (size_t)len);
	return 0;
}

uint64_t
load_module(const struct load_src *s, const struct load_vm *vm,
    uint64_t floor, uint64_t limit, struct load_why *why)
{
	uint64_t end = memmap_low_end(vm->map), at;

	if (end > limit)
		end = limit;
	if (end < floor || s->size > end - floor) {
		load_fail(why, "the initrd of %" PRIu64 " KiB does not fit "
		    "behind the kernel: the machine needs more memory",
		    s->size / 1024);
		return 0;
	}
	at = (end - s->size) & ~(PAGE - 1);
	if (at < floor || load_copy(s, 0, vm, at, s->size) == -1) {
		load_fail(why, "the initrd cannot be read, or does not fit");
		return 0;
	}
	return at;
}

int
load_cmdline(const struct load_vm *vm, const char *line, size_t max,
    struct load_why *why)
{
	size_t len = strlen(line);

	if (max > LOW_CMDMAX - 1)
		max = LOW_CMDMAX - 1;
	if (len > max)
		return load_fail(why, "a command line of %zu bytes, the "
		    "kernel takes %zu", len, max);
	if (gm_copyout(vm->gm, LOW_CMDLINE, line, len + 1) == -1)
		return load_fail(why, "no memory below 1 MiB");
	return 0;
}

int
load_flat32(struct load_vm *vm)
{
	uint8_t gdt[32] = { 0 };

	/* Selectors 0x10 and 0x18: code and data of 4 GiB. */
	le64_put(gdt + 0x10, 0x00cf9b000000ffffULL);
	le64_put(gdt + 0x18, 0x00cf93000000ffffULL);
	vcpu_flat32(&vm->regs, 0x10, 0x18, LOW_GDT);
	vm->regs.gdtr.limit = sizeof(gdt) - 1;
	return gm_copyout(vm->gm, LOW_GDT, gdt, sizeof(gdt));
}

enum load_kind
load_probe(const struct load_src *s)
{
	uint8_t b[4];

	if (load_bytes(s, 0, b, 4) == 0) {
		if (memcmp(b, "\177ELF", 4) == 0)
			return LOAD_ELF;
		if (b[0] == 0x1f && b[1] == 0x8b)
			return LOAD_GZIP;
	}
	if (load_bytes(s, 0x202, b, 4) == 0 && memcmp(b, "HdrS", 4) == 0)
		return LOAD_BZIMAGE;
	return LOAD_RAW;
}
