/* Two small ELF kernels: two segments, a note, optional sections. */
#ifndef TEST_ELF_H
#define TEST_ELF_H

#include "test_vm.h"

#define OFF0		0x200
#define OFF1		0x500
#define NOTE_OFF	0x180
#define SHOFF		0x600
#define FILE_SIZE	0x900
#define SEG0		0x200000
#define SEG1		0x300000

static uint8_t file[FILE_SIZE];
static struct test_file kf, rf;

static inline uint8_t *
ph(unsigned i)
{
	return file + (file[4] == 2 ? 64 + i * 56 : 52 + i * 32);
}

static inline uint8_t *
note(void)
{
	return file + NOTE_OFF;
}

static inline void
put_ph(unsigned i, unsigned type, uint64_t off, uint64_t paddr,
    uint64_t filesz, uint64_t memsz)
{
	uint8_t *p = ph(i);

	le32_put(p, type);
	if (file[4] == 2) {
		le64_put(p + 8, off);
		le64_put(p + 24, paddr);
		le64_put(p + 32, filesz);
		le64_put(p + 40, memsz);
	} else {
		le32_put(p + 4, (uint32_t)off);
		le32_put(p + 12, (uint32_t)paddr);
		le32_put(p + 16, (uint32_t)filesz);
		le32_put(p + 20, (uint32_t)memsz);
	}
}

static inline struct load_elf
elf_file(int wide, int pvh)
{
	struct load_elf l = { .cmdline = "a=b" };
	size_t i;

	for (i = 0; i < sizeof(file); i++)
		file[i] = i < OFF0 ? 0 : (uint8_t)(i * 11 + 3);
	memcpy(file, "\177ELF", 4);
	file[4] = wide ? 2 : 1;
	file[5] = 1;
	le16_put(file + 16, 2);
	le16_put(file + 18, wide ? 62 : 3);
	if (wide) {
		le64_put(file + 24, 0xffffffff80000000 + SEG0 + 0x10);
		le64_put(file + 32, 64);
		le16_put(file + 54, 56);
		le16_put(file + 56, 3);
	} else {
		le32_put(file + 24, 0xd0000000 + SEG0 + 0x10);
		le32_put(file + 28, 52);
		le16_put(file + 42, 32);
		le16_put(file + 44, 3);
	}
	put_ph(0, 1, OFF0, SEG0, 600, 600);
	put_ph(1, 1, OFF1, SEG1, 100, 5000);
	put_ph(2, 4, NOTE_OFF, 0, 20, 20);
	le32_put(note(), 4);
	le32_put(note() + 4, 4);
	le32_put(note() + 8, pvh ? 18 : 1);
	memcpy(note() + 12, "Xen", 4);
	le32_put(note() + 16, SEG0 + 0x40);
	l.kernel = test_src(&kf, file, sizeof(file));
	l.initrd = test_src(&rf, "initrd!", 7);
	return l;
}

static inline struct load_elf
elf64(int pvh)
{
	return elf_file(1, pvh);
}

static inline struct load_elf
elf32(int pvh)
{
	return elf_file(0, pvh);
}

#endif
