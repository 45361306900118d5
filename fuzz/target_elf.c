/*
 * ELF kernels.  Whatever the file is, it is loaded or refused; what was
 * loaded equals the file, segment by segment, as <elf.h> reads it.
 */
#include <elf.h>
#include <string.h>

#include "le.h"
#include "loadvm.h"
#include "target.h"

enum op { OP_PVH, OP_OPENBSD, OP_NARROW, OP_SYMBOLS, OP_INITRD, OP_REFUSED,
    OP_BSS };

static const char *const opnames[] = { "pvh", "openbsd", "narrow", "symbols",
    "initrd", "refused", "bss", NULL };

static struct fuzz_stat st = { .opnames = opnames };

#define WIDE		0x10		/* flags: which template */
#define SYMBOLS		0x20
#define NOTE		0x40

#define T_SEG0		0x200
#define T_SEG1		0x300
#define T_NOTE		0x180
#define T_SHDR		0x400
#define T_SYM		0x600
#define T_SIZE		0x800

static uint8_t template[T_SIZE];

static void
init(void)
{
	loadvm_init();
}

static void
did(enum op op)
{
	st.ops |= 1U << op;
}

/* Fields of both classes: w 64-bit, n 32-bit. */
static void
phdr(int wide, unsigned i, uint32_t type, uint32_t off, uint32_t addr,
    uint32_t filesz, uint32_t memsz)
{
	Elf64_Phdr w = { type, 0, off, 0, addr, filesz, memsz, 0 };
	Elf32_Phdr n = { type, off, 0, addr, filesz, memsz, 0, 0 };

	if (wide)
		memcpy(template + sizeof(Elf64_Ehdr) + i * sizeof(w), &w,
		    sizeof(w));
	else
		memcpy(template + sizeof(Elf32_Ehdr) + i * sizeof(n), &n,
		    sizeof(n));
}

static void
ehdr(int wide, unsigned shnum)
{
	Elf64_Ehdr w = { { 0x7f, 'E', 'L', 'F', 2, 1, 1 }, ET_EXEC,
	    EM_X86_64, 1, 0x104000, sizeof(w), T_SHDR, 0, sizeof(w),
	    sizeof(Elf64_Phdr), 3, sizeof(Elf64_Shdr), (uint16_t)shnum, 2 };
	Elf32_Ehdr n = { { 0x7f, 'E', 'L', 'F', 1, 1, 1 }, ET_EXEC, EM_386,
	    1, 0x104000, sizeof(n), T_SHDR, 0, sizeof(n), sizeof(Elf32_Phdr),
	    3, sizeof(Elf32_Shdr), (uint16_t)shnum, 2 };

	if (wide)
		memcpy(template, &w, sizeof(w));
	else
		memcpy(template, &n, sizeof(n));
}

static void
shdr(int wide, unsigned i, uint32_t type, uint32_t off, uint32_t size)
{
	Elf64_Shdr w = { .sh_type = type, .sh_offset = off, .sh_size = size };
	Elf32_Shdr n = { .sh_type = type, .sh_offset = off, .sh_size = size };

	if (wide)
		memcpy(template + T_SHDR + i * sizeof(w), &w, sizeof(w));
	else
		memcpy(template + T_SHDR + i * sizeof(n), &n, sizeof(n));
}

/* A kernel of two segments that loads. */
static void
build(unsigned flags)
{
	int wide = (flags & WIDE) != 0;
	size_t i;

	memset(template, 0, sizeof(template));
	for (i = T_SEG0; i < T_SHDR; i++)
		template[i] = (uint8_t)(i * 5 + 1);
	ehdr(wide, (flags & SYMBOLS) != 0 ? 4 : 0);
	phdr(wide, 0, PT_LOAD, T_SEG0, 0x104000, 0x100, 0x100);
	phdr(wide, 1, PT_LOAD, T_SEG1, 0x110000, 0x80, 0x300);
	phdr(wide, 2, PT_NOTE, T_NOTE, 0, 20, 20);
	le32_put(template + T_NOTE, 4);
	le32_put(template + T_NOTE + 4, 4);
	le32_put(template + T_NOTE + 8, (flags & NOTE) != 0 ? 18 : 1);
	memcpy(template + T_NOTE + 12, "Xen", 4);
	le32_put(template + T_NOTE + 16, 0x104020);
	if ((flags & SYMBOLS) == 0)
		return;
	shdr(wide, 1, SHT_SYMTAB, T_SYM, 48);
	shdr(wide, 2, SHT_STRTAB, T_SYM + 48, 21);
	shdr(wide, 3, SHT_PROGBITS, T_SEG0, 16);
}

/* One segment in memory and in the file. */
static void
check_segment(const struct loadvm *v, uint64_t off, uint64_t addr,
    uint64_t filesz, uint64_t memsz)
{
	uint64_t i;

	if (memsz == 0)
		return;
	loadvm_must(filesz <= memsz && off <= v->file.size &&
	    filesz <= v->file.size - off, "a segment outside the file");
	loadvm_must(addr >= LOADVM_RAM && addr - LOADVM_RAM <= LOADVM_SIZE &&
	    memsz <= LOADVM_SIZE - (addr - LOADVM_RAM) &&
	    addr + memsz <= v->vm.end, "a segment outside RAM");
	loadvm_must(memcmp(loadvm_at(addr), v->bytes + off, filesz) == 0,
	    "a segment differs from the file");
	for (i = filesz; i < memsz; i++)
		loadvm_must(loadvm_at(addr)[i] == 0, "what follows a "
		    "segment is not zero");
	st.requests++;
	if (memsz > filesz)
		did(OP_BSS);
}

static void
check_segments(const struct loadvm *v, uint64_t mask)
{
	const uint8_t *b = v->bytes;
	Elf64_Ehdr we;
	Elf32_Ehdr ne;
	Elf64_Phdr wp;
	Elf32_Phdr np;
	unsigned i;

	if (b[4] == 2) {
		memcpy(&we, b, sizeof(we));
		for (i = 0; i < we.e_phnum; i++) {
			memcpy(&wp, b + we.e_phoff + i * sizeof(wp),
			    sizeof(wp));
			if (wp.p_type == PT_LOAD)
				check_segment(v, wp.p_offset,
				    wp.p_paddr & mask, wp.p_filesz,
				    wp.p_memsz);
		}
		return;
	}
	memcpy(&ne, b, sizeof(ne));
	did(OP_NARROW);
	for (i = 0; i < ne.e_phnum; i++) {
		memcpy(&np, b + ne.e_phoff + i * sizeof(np), sizeof(np));
		if (np.p_type == PT_LOAD)
			check_segment(v, np.p_offset, np.p_paddr & mask,
			    np.p_filesz, np.p_memsz);
	}
}

/* The module that a PVH kernel is told of. */
static void
check_pvh(const struct loadvm *v)
{
	const uint8_t *info = loadvm_at(v->vm.regs.gpr[VCPU_RBX]);
	const uint8_t *mod = loadvm_at(le64_get(info + 16));
	uint64_t at;

	did(OP_PVH);
	loadvm_must(le32_get(info) == 0x336ec578, "no start info");
	loadvm_must(strcmp((const char *)loadvm_at(le64_get(info + 24)),
	    v->cmdline) == 0, "another command line");
	if (v->initrd.size == 0)
		return;
	at = le64_get(mod);
	loadvm_must(at >= v->vm.end && at + v->initrd.size <=
	    LOADVM_RAM + LOADVM_SIZE, "the initrd lies elsewhere");
	loadvm_must(memcmp(loadvm_at(at), v->bytes + 7, v->initrd.size) == 0,
	    "another initrd");
	did(OP_INITRD);
}

static void
check_openbsd(const struct loadvm *v)
{
	const uint8_t *sp = loadvm_at(v->vm.regs.gpr[VCPU_RSP]);

	did(OP_OPENBSD);
	loadvm_must(le32_get(sp + 32) == 0x2000 && le32_get(sp + 28) < 4096,
	    "no boot arguments");
	loadvm_must(le32_get(sp + 16) == v->vm.end, "another end");
	if (memcmp(loadvm_at(v->vm.end) - 8, "\0\0\0\0\0\0\0", 8) != 0 ||
	    le16_get(v->bytes + (v->bytes[4] == 2 ? 60 : 48)) > 0)
		did(OP_SYMBOLS);
}

static uint64_t
run(const uint8_t *data, size_t len)
{
	static const uint8_t mac[6] = { 2, 3, 4, 5, 6, 7 };
	struct load_elf l = { .bootmac = mac };
	struct load_why why = { "" };
	struct loadvm *v;
	struct digest d;
	int rv;

	st.inputs++;
	digest_init(&d);
	build(len > 0 ? data[0] : 0);
	v = loadvm_begin(data, len, template, sizeof(template));
	l.kernel = v->file;
	l.initrd = v->initrd;
	l.cmdline = v->cmdline;
	rv = load_elf(&l, &v->vm, &why);
	loadvm_check(rv, &why, &d);
	if (rv == -1) {
		did(OP_REFUSED);
		return digest_value(&d);
	}
	st.accepted++;
	if (v->vm.regs.gpr[VCPU_RBX] != 0) {
		check_segments(v, UINT64_MAX);
		check_pvh(v);
	} else {
		check_segments(v, 0x0fffffff);
		check_openbsd(v);
	}
	return digest_value(&d);
}

static void
stat(struct fuzz_stat *out)
{
	*out = st;
}

const struct fuzz_target fuzz_target = {
	.name = "elf",
	.shape = SHAPE_BYTES,
	.maxlen = 4096,
	.init = init,
	.run = run,
	.stat = stat,
	.deep = loadvm_deep,
};
