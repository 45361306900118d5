/* OpenBSD's kernels, started as its boot loader does. */
#include <string.h>

#include "bytes.h"
#include "elfk.h"
#include "le.h"

/* Facts: vmd-daemon 18.5. */
#define GDT		0x10000
#define PML4		0x11000
#define PML3		0x12000
#define PML2		0x13000
#define STACK		0xf000
#define PAGE		4096
#define ARGS		0x2000

#define PTE_PRESENT	0x1
#define PTE_WRITE	0x2
#define PTE_LARGE	0x80

#define CR0_START	0x80000011ULL	/* PG, ET, PE */
#define CR4_WIDE	0x30ULL		/* PAE, PSE */
#define CR4_NARROW	0x10ULL		/* PSE */
#define EFER_LONG	0x500ULL	/* LMA, LME */

/* Boot arguments: tag, length, offset of the next, then the value. */
#define ARG_MEMMAP	0
#define ARG_CONSDEV	5
#define ARG_BOOTMAC	7
#define ARG_END		0xffffffffU
#define ARG_HEADER	12
#define API_VERSION	0x0e
#define BOOTDEV_SD0A	0xa0000004U	/* magic, type 4 */
#define COM0_DEV	(8U << 8)	/* major 8, minor 0 */

#define UP8(n)		(((n) + 7ULL) & ~7ULL)

/* ---------------------------------------------------------------- symbols */
/*
 * They stand behind the image as a small ELF file without segments: header,
 * section headers, and the tables of symbols and strings, whose offsets
 * count from that header.
 */
struct symbols {
	const struct elf	*e;
	const struct load_vm	*vm;
	uint64_t		 base;	/* of that file */
	uint64_t		 next;	/* where the next table goes */
};

static int
put(const struct symbols *s, uint64_t gpa, const void *p, size_t len)
{
	if (!memmap_is_ram(s->vm->map, gpa, len))
		return -1;
	return gm_copyout(s->vm->gm, gpa, p, len);
}

/* One section: its table is copied, its header h is changed. */
static int
section(struct symbols *s, unsigned i, uint8_t *h, int have)
{
	int wide = s->e->wide;
	unsigned type = le32_get(h + 4);
	uint64_t off = wide ? le64_get(h + 24) : le32_get(h + 16);
	uint64_t size = wide ? le64_get(h + 32) : le32_get(h + 20);

	if (!have || (type != ELF_SHT_SYMTAB && type != ELF_SHT_STRTAB &&
	    i != s->e->shstrndx))
		return 0;
	if (off > s->e->src->size || size > s->e->src->size - off ||
	    load_copy(s->e->src, off, s->vm, s->next, size) == -1)
		return -1;
	if (wide) {
		le64_put(h + 24, s->next - s->base);
		le64_put(h + 8, le64_get(h + 8) | ELF_SHF_ALLOC);
	} else {
		le32_put(h + 16, (uint32_t)(s->next - s->base));
		le32_put(h + 8, le32_get(h + 8) | ELF_SHF_ALLOC);
	}
	s->next += UP8(size);
	return 0;
}

static int
have_symbols(const struct elf *e, size_t size)
{
	uint8_t h[64];
	unsigned i;

	for (i = 0; i < e->shnum; i++) {
		if (load_bytes(e->src, e->shoff + i * size, h, size) == -1)
			return 0;
		if (le32_get(h + 4) == ELF_SHT_SYMTAB)
			return 1;
	}
	return 0;
}

/* The header of that file: no segments, sections right behind it. */
static int
symbols_header(const struct symbols *s)
{
	uint8_t h[64];

	memcpy(h, s->e->ehdr, sizeof(h));
	if (s->e->wide) {
		le64_put(h + 32, 0);
		le64_put(h + 40, s->e->ehsize);
		memset(h + 54, 0, 4);
	} else {
		le32_put(h + 28, 0);
		le32_put(h + 32, s->e->ehsize);
		memset(h + 42, 0, 4);
	}
	return put(s, s->base, h, s->e->ehsize);
}

static int
symbols(const struct elf *e, struct load_vm *vm)
{
	size_t size = e->wide ? 64 : 40;
	struct symbols s = { e, vm, UP8(vm->end), 0 };
	uint64_t at = s.base + e->ehsize;
	uint8_t h[64];
	unsigned i;
	int have;

	if (e->shnum == 0)
		return 0;
	if (e->shnum > ELF_MAXSHDRS || e->shoff > e->src->size)
		return -1;
	have = have_symbols(e, size);
	s.next = at + UP8(e->shnum * size);
	for (i = 0; i < e->shnum; i++, at += size) {
		if (load_bytes(e->src, e->shoff + i * size, h, size) == -1 ||
		    section(&s, i, h, have) == -1 ||
		    put(&s, at, h, size) == -1)
			return -1;
	}
	if (symbols_header(&s) == -1)
		return -1;
	vm->end = s.next;
	return 0;
}

/* -------------------------------------------------------------- arguments */
static void
arg_put(struct wbuf *w, uint32_t tag, const uint8_t *p, size_t len)
{
	size_t whole = (len + 3) & ~(size_t)3;

	wb_u32(w, tag);
	wb_u32(w, (uint32_t)(ARG_HEADER + whole));
	wb_u32(w, (uint32_t)(ARG_HEADER + whole));
	wb_bytes(w, p, len);
	wb_bytes(w, "\0\0\0", whole - len);
}

/* Returns the bytes of the list, or 0. */
static size_t
args(const struct load_elf *l, const struct load_vm *vm)
{
	uint8_t map[(MEMMAP_MAX + 1) * MEMMAP_E820] = { 0 }, con[32] = { 0 };
	uint8_t page[PAGE];
	struct wbuf w;

	wb_init(&w, page, sizeof(page));
	/* The map ends with an entry of type 0. */
	arg_put(&w, ARG_MEMMAP, map,
	    memmap_e820(vm->map, map) + MEMMAP_E820);
	le32_put(con, COM0_DEV);
	le32_put(con + 4, 115200);
	le64_put(con + 8, 0x3f8);
	arg_put(&w, ARG_CONSDEV, con, sizeof(con));
	if (l->bootmac != NULL)
		arg_put(&w, ARG_BOOTMAC, l->bootmac, 6);
	wb_u32(&w, ARG_END);
	if (wb_bad(&w) || gm_copyout(vm->gm, ARGS, page, w.len) == -1)
		return 0;
	return w.len;
}

/* As if the boot loader had called the kernel; returns the stack pointer. */
static uint64_t
stack(const struct load_vm *vm, size_t arglen)
{
	uint8_t b[9 * 4] = { 0 };

	/* A return address that nobody uses, howto, then: */
	le32_put(b + 8, BOOTDEV_SD0A);
	le32_put(b + 12, API_VERSION);
	le32_put(b + 16, (uint32_t)vm->end);
	le32_put(b + 28, (uint32_t)arglen);
	le32_put(b + 32, ARGS);
	if (gm_copyout(vm->gm, STACK + PAGE - sizeof(b), b,
	    sizeof(b)) == -1)
		return 0;
	return STACK + PAGE - sizeof(b);
}

/* -------------------------------------------------------------- processor */
static int
table(const struct load_vm *vm, uint64_t at, const uint64_t *e, unsigned n,
    unsigned width)
{
	uint8_t page[PAGE] = { 0 };
	unsigned i;

	for (i = 0; i < n; i++) {
		if (width == 8)
			le64_put(page + i * 8, e[i]);
		else
			le32_put(page + i * 4, (uint32_t)e[i]);
	}
	return gm_copyout(vm->gm, at, page, sizeof(page));
}

/* One GiB, each address to itself. */
static int
paging(const struct load_vm *vm, int wide)
{
	uint64_t step = wide ? 2ULL << 20 : 4ULL << 20;
	uint64_t e[512], up;
	unsigned i, n = wide ? 512 : 256;

	for (i = 0; i < n; i++)
		e[i] = i * step | PTE_LARGE | PTE_WRITE | PTE_PRESENT;
	if (!wide)
		return table(vm, PML3, e, n, 4);
	if (table(vm, PML2, e, n, 8) == -1)
		return -1;
	up = PML2 | PTE_WRITE | PTE_PRESENT;
	if (table(vm, PML3, &up, 1, 8) == -1)
		return -1;
	up = PML3 | PTE_WRITE | PTE_PRESENT;
	return table(vm, PML4, &up, 1, 8);
}

static int
processor(struct load_vm *vm, const struct elf *e, uint64_t sp)
{
	static const uint64_t gdt[] = {
		0, 0x00cf9b000000ffffULL, 0x00cf93000000ffffULL,
		0x00af9b000000ffffULL,
	};

	if (table(vm, GDT, gdt, 4, 8) == -1 || paging(vm, e->wide) == -1)
		return -1;
	vcpu_flat32(&vm->regs, 0x8, 0x10, GDT);
	vm->regs.gdtr.limit = sizeof(gdt) - 1;
	vm->regs.rip = e->entry & 0x0fffffff;
	vm->regs.gpr[VCPU_RSP] = sp;
	vm->regs.cr0 = CR0_START;
	vm->regs.cr3 = e->wide ? PML4 : PML3;
	vm->regs.cr4 = e->wide ? CR4_WIDE : CR4_NARROW;
	vm->regs.efer = e->wide ? EFER_LONG : 0;
	return 0;
}

int
elf_start_openbsd(const struct load_elf *l, const struct elf *e,
    struct load_vm *vm, struct load_why *why)
{
	size_t len;
	uint64_t sp;

	if (!memmap_is_ram(vm->map, e->entry & 0x0fffffff, 1))
		return load_fail(why, "its entry lies outside memory");
	if (symbols(e, vm) == -1)
		return load_fail(why, "its symbols lie outside the file, or "
		    "do not fit behind the image");
	len = args(l, vm);
	sp = len == 0 ? 0 : stack(vm, len);
	if (sp == 0 || processor(vm, e, sp) == -1)
		return load_fail(why, "no memory below 1 MiB");
	return 0;
}
