#include "elfk.h"

#include <inttypes.h>
#include <string.h>

#include "le.h"

enum { ELF_EXEC = 2, ELF_386 = 3, ELF_X86_64 = 62 };

/* Where a field stands in the two classes. */
struct place {
	unsigned	off32, len32;
	unsigned	off64, len64;
};

static const struct place e_entry = { 24, 4, 24, 8 };
static const struct place e_phoff = { 28, 4, 32, 8 };
static const struct place e_shoff = { 32, 4, 40, 8 };
static const struct place e_phentsize = { 42, 2, 54, 2 };
static const struct place e_phnum = { 44, 2, 56, 2 };
static const struct place e_shnum = { 48, 2, 60, 2 };
static const struct place e_shstrndx = { 50, 2, 62, 2 };
static const struct place p_type = { 0, 4, 0, 4 };
static const struct place p_offset = { 4, 4, 8, 8 };
static const struct place p_paddr = { 12, 4, 24, 8 };
static const struct place p_filesz = { 16, 4, 32, 8 };
static const struct place p_memsz = { 20, 4, 40, 8 };

static uint64_t
field(const struct elf *e, const uint8_t *p, const struct place *f)
{
	unsigned off = e->wide ? f->off64 : f->off32;
	unsigned len = e->wide ? f->len64 : f->len32;

	return len == 2 ? le16_get(p + off) :
	    len == 4 ? le32_get(p + off) : le64_get(p + off);
}

static int
segment_bad(const struct elf *e, const struct elf_phdr *ph, unsigned i,
    struct load_why *why)
{
	if (ph->off > e->src->size || ph->filesz > e->src->size - ph->off)
		return load_fail(why, "segment %u lies outside the file, which "
		    "is cut short", i);
	if (ph->type == ELF_PT_LOAD && ph->filesz > ph->memsz)
		return load_fail(why, "segment %u has more bytes in the file "
		    "than in memory", i);
	return 0;
}

static int
program_headers(struct elf *e, struct load_why *why)
{
	uint64_t off = field(e, e->ehdr, &e_phoff);
	size_t size = e->wide ? 56 : 32;
	struct elf_phdr *ph;
	uint8_t b[56];
	unsigned i;

	if (field(e, e->ehdr, &e_phentsize) != size)
		return load_fail(why, "program headers of a wrong size");
	e->nph = (unsigned)field(e, e->ehdr, &e_phnum);
	if (e->nph == 0 || e->nph > ELF_MAXPHDRS)
		return load_fail(why, "%u program headers: a kernel has 1 to "
		    "%d", e->nph, ELF_MAXPHDRS);
	if (off > e->src->size)
		return load_fail(why, "program headers outside the file");
	for (i = 0; i < e->nph; i++, off += size) {
		if (load_bytes(e->src, off, b, size) == -1)
			return load_fail(why, "program headers outside the "
			    "file");
		ph = &e->ph[i];
		ph->type = (uint32_t)field(e, b, &p_type);
		ph->off = field(e, b, &p_offset);
		ph->paddr = field(e, b, &p_paddr);
		ph->filesz = field(e, b, &p_filesz);
		ph->memsz = field(e, b, &p_memsz);
		if (segment_bad(e, ph, i, why) == -1)
			return -1;
	}
	return 0;
}

int
elf_open(struct elf *e, const struct load_src *s, struct load_why *why)
{
	unsigned machine;
	size_t n;

	memset(e, 0, sizeof(*e));
	e->src = s;
	n = s->size < sizeof(e->ehdr) ? (size_t)s->size : sizeof(e->ehdr);
	if (load_bytes(s, 0, e->ehdr, n) == -1)
		return load_fail(why, "the kernel cannot be read");
	if (n < 52 || memcmp(e->ehdr, "\177ELF", 4) != 0)
		return load_fail(why, "not an ELF file");
	if (e->ehdr[4] < 1 || e->ehdr[4] > 2 || e->ehdr[5] != 1)
		return load_fail(why, "not a little-endian ELF file of 32 or "
		    "64 bits");
	e->wide = e->ehdr[4] == 2;
	e->ehsize = e->wide ? 64 : 52;
	machine = le16_get(e->ehdr + 18);
	if (n < e->ehsize)
		return load_fail(why, "the ELF header is cut short");
	if (machine != (e->wide ? ELF_X86_64 : ELF_386))
		return load_fail(why, "an ELF file for another processor "
		    "(machine %u)", machine);
	if (le16_get(e->ehdr + 16) != ELF_EXEC)
		return load_fail(why, "an ELF file that is no kernel (type "
		    "%u)", (unsigned)le16_get(e->ehdr + 16));
	e->entry = field(e, e->ehdr, &e_entry);
	e->shoff = field(e, e->ehdr, &e_shoff);
	e->shnum = (unsigned)field(e, e->ehdr, &e_shnum);
	e->shstrndx = (unsigned)field(e, e->ehdr, &e_shstrndx);
	return program_headers(e, why);
}

/* Whether an earlier segment lies in the same place. */
static int
overlaps(const struct elf *e, unsigned i, uint64_t mask)
{
	uint64_t a = e->ph[i].paddr & mask, b;
	unsigned k;

	for (k = 0; k < i; k++) {
		b = e->ph[k].paddr & mask;
		if (e->ph[k].type == ELF_PT_LOAD && e->ph[k].memsz > 0 &&
		    a < b + e->ph[k].memsz && b < a + e->ph[i].memsz)
			return 1;
	}
	return 0;
}

static int
segment(const struct elf *e, const struct load_vm *vm, unsigned i,
    uint64_t mask, struct load_why *why)
{
	const struct elf_phdr *ph = &e->ph[i];
	uint64_t at = ph->paddr & mask;

	if (at < MIB)
		return load_fail(why, "segment %u lies below 1 MiB (0x%"
		    PRIx64 ")", i, at);
	if (!memmap_is_ram(vm->map, at, ph->memsz))
		return load_fail(why, "segment %u (%" PRIu64 " KiB at 0x%"
		    PRIx64 ") does not fit: the machine needs more memory",
		    i, ph->memsz / 1024, at);
	if (overlaps(e, i, mask))
		return load_fail(why, "segment %u overlaps an earlier one", i);
	if (load_copy(e->src, ph->off, vm, at, ph->filesz) == -1 ||
	    (ph->memsz > ph->filesz && load_zero(vm, at + ph->filesz,
	    ph->memsz - ph->filesz) == -1))
		return load_fail(why, "segment %u cannot be read", i);
	return 0;
}

int
elf_segments(const struct elf *e, const struct load_vm *vm, uint64_t mask,
    uint64_t *end, struct load_why *why)
{
	uint64_t last = 0;
	unsigned i;

	for (i = 0; i < e->nph; i++) {
		if (e->ph[i].type != ELF_PT_LOAD || e->ph[i].memsz == 0)
			continue;
		if (segment(e, vm, i, mask, why) == -1)
			return -1;
		if ((e->ph[i].paddr & mask) + e->ph[i].memsz > last)
			last = (e->ph[i].paddr & mask) + e->ph[i].memsz;
	}
	if (last == 0)
		return load_fail(why, "nothing to load in it");
	*end = last;
	return 0;
}

int
load_elf(const struct load_elf *l, struct load_vm *vm, struct load_why *why)
{
	uint64_t entry;
	struct elf e;

	if (elf_open(&e, &l->kernel, why) == -1)
		return -1;
	if (elf_pvh_entry(&e, &entry)) {
		if (elf_segments(&e, vm, UINT64_MAX, &vm->end, why) == -1)
			return -1;
		return elf_start_pvh(l, vm, entry, why);
	}
	if (elf_segments(&e, vm, 0x0fffffff, &vm->end, why) == -1)
		return -1;
	return elf_start_openbsd(l, &e, vm, why);
}
