/*
 * Small real-mode guests on the system's hypervisor: every kind of exit,
 * interrupts with and without a window, kicks.  Skipped, and said so, where
 * there is no hypervisor; with VM_ENGINE=kvm that is a failure.
 */
#include <sys/types.h>

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "plat.h"

#define START	0x1000

static const struct plat_conf conf = {
	.name = "test",
	.fd = -1,
	.nranges = 1,
	.range = { { 0, 0x20000 } },
};

struct fix {
	struct plat	*p;
	struct plat_run	 r;
};

static void
begin(struct fix *f, const void *code, size_t len)
{
	struct vcpu_regs regs;
	struct plat_why why;

	memset(f, 0, sizeof(*f));
	f->r.inject = -1;
	if (plat_native.open(&conf, &f->p, &why) == -1)
		fail_msg("%s", why.text);
	assert_int_equal(gm_copyout(plat_native.map(f->p), START, code, len),
	    0);
	vcpu_flat16(&regs);
	regs.seg[VCPU_CS].base = 0;
	regs.seg[VCPU_CS].sel = 0;
	regs.rip = START;
	regs.gpr[VCPU_RSP] = 0x8000;
	assert_int_equal(plat_native.setregs(f->p, &regs, &why), 0);
}

static void *
kicker(void *arg)
{
	struct timespec ts = { 0, 50000000 };
	struct fix *f = arg;

	nanosleep(&ts, NULL);
	plat_native.kick(f->p);
	return NULL;
}

/* A guest that runs away is a failure, not a test without end. */
static void
watchdog(int sig)
{
	static const char say[] = "no exit within 20 s\n";
	ssize_t n;

	(void)sig;
	n = write(STDERR_FILENO, say, sizeof(say) - 1);
	_exit(n > 0 ? 1 : 2);
}

/* Runs until there is something to tell. */
static const struct vm_exit *
next(struct fix *f)
{
	int i;

	for (i = 0; i < 1000; i++) {
		alarm(20);
		plat_native.run(f->p, &f->r);
		alarm(0);
		if (f->r.exit.kind == VM_EXIT_ERROR)
			fail_msg("%s", f->r.exit.why);
		if (f->r.exit.kind != VM_EXIT_NONE)
			return &f->r.exit;
	}
	fail_msg("no exit");
	return NULL;
}

static void
want_io(struct fix *f, int write, unsigned width, unsigned port,
    uint64_t data)
{
	const struct vm_exit *e = next(f);

	assert_int_equal(e->kind, VM_EXIT_IO);
	assert_int_equal(e->write, write);
	assert_int_equal(e->width, width);
	assert_int_equal(e->where, port);
	if (write)
		assert_int_equal(e->data, data);
	else
		f->r.exit.data = data;
}

static void
want_halt(struct fix *f, int on)
{
	const struct vm_exit *e = next(f);

	assert_int_equal(e->kind, VM_EXIT_HALT);
	assert_int_equal(e->data, on);
}

static void
end(struct fix *f)
{
	plat_native.close(&f->p);
	assert_null(f->p);
}

static void
ports(void **state)
{
	static const uint8_t code[] = {
		0xb0, 'A',		/* mov $'A', %al */
		0xe6, 0x10,		/* out %al, $0x10 */
		0xe5, 0x20,		/* in $0x20, %ax */
		0xba, 0x34, 0x12,	/* mov $0x1234, %dx */
		0xef,			/* out %ax, %dx */
		0x66, 0xed,		/* in %dx, %eax */
		0x66, 0xef,		/* out %eax, %dx */
		0xf4,			/* hlt */
	};
	struct fix f;

	(void)state;
	begin(&f, code, sizeof(code));
	want_io(&f, 1, 1, 0x10, 'A');
	want_io(&f, 0, 2, 0x20, 0xbeef);
	want_io(&f, 1, 2, 0x1234, 0xbeef);
	want_io(&f, 0, 4, 0x1234, 0xdeadbeef);
	want_io(&f, 1, 4, 0x1234, 0xdeadbeef);
	want_halt(&f, 0);
	end(&f);
}

static void
strings(void **state)
{
	static const uint8_t code[] = {
		0xfc,			/* cld */
		0xbe, 0x00, 0x20,	/* mov $0x2000, %si */
		0xb9, 0x05, 0x00,	/* mov $5, %cx */
		0xba, 0xf8, 0x03,	/* mov $0x3f8, %dx */
		0xf3, 0x6e,		/* rep outsb */
		0xbf, 0x00, 0x30,	/* mov $0x3000, %di */
		0xb9, 0x03, 0x00,	/* mov $3, %cx */
		0xf3, 0x6d,		/* rep insw */
		0xf4,			/* hlt */
	};
	uint8_t got[8];
	struct fix f;
	unsigned i;

	(void)state;
	begin(&f, code, sizeof(code));
	gm_copyout(plat_native.map(f.p), 0x2000, "hello", 5);
	for (i = 0; i < 5; i++)
		want_io(&f, 1, 1, 0x3f8, (uint64_t)"hello"[i]);
	for (i = 0; i < 3; i++)
		want_io(&f, 0, 2, 0x3f8, 0x1100 + i);
	want_halt(&f, 0);
	gm_copyin(plat_native.map(f.p), 0x3000, got, 8);
	assert_memory_equal(got, "\x00\x11\x01\x11\x02\x11\x00\x00", 8);
	end(&f);
}

static void
mmio(void **state)
{
	static const uint8_t code[] = {
		0xb8, 0x00, 0x30,	/* mov $0x3000, %ax */
		0x8e, 0xc0,		/* mov %ax, %es */
		0x26, 0xa3, 0x04, 0x00,	/* mov %ax, %es:4 */
		0x26, 0xa0, 0x08, 0x00,	/* mov %es:8, %al */
		0xe6, 0x10,		/* out %al, $0x10 */
		0xf4,			/* hlt */
	};
	const struct vm_exit *e;
	struct fix f;

	(void)state;
	begin(&f, code, sizeof(code));
	e = next(&f);
	assert_int_equal(e->kind, VM_EXIT_MMIO);
	assert_int_equal(e->write, 1);
	assert_int_equal(e->width, 2);
	assert_int_equal(e->where, 0x30004);
	assert_int_equal(e->data, 0x3000);
	e = next(&f);
	assert_int_equal(e->kind, VM_EXIT_MMIO);
	assert_int_equal(e->write, 0);
	assert_int_equal(e->width, 1);
	assert_int_equal(e->where, 0x30008);
	f.r.exit.data = 0x5a;
	want_io(&f, 1, 1, 0x10, 0x5a);
	want_halt(&f, 0);
	end(&f);
}

/* An interrupt service routine for vector 0x21 at 0x5000. */
static void
handler(struct fix *f)
{
	static const uint8_t code[] = {
		0xe6, 0x80,		/* out %al, $0x80 */
		0xcf,			/* iret */
	};

	gm_copyout(plat_native.map(f->p), 0x5000, code, sizeof(code));
	gm_copyout(plat_native.map(f->p), 0x21 * 4, "\x00\x50\x00\x00", 4);
}

static void
interrupts(void **state)
{
	static const uint8_t code[] = {
		0x31, 0xc0,		/* xor %ax, %ax */
		0xfb,			/* again: sti */
		0xf4,			/* hlt */
		0x40,			/* inc %ax */
		0xeb, 0xfb,		/* jmp again */
	};
	struct fix f;
	int i;

	(void)state;
	begin(&f, code, sizeof(code));
	handler(&f);
	for (i = 0; i < 5; i++) {
		want_halt(&f, 1);
		assert_int_equal(f.r.ready, 1);
		f.r.inject = 0x21;
		want_io(&f, 1, 1, 0x80, (uint64_t)i);
		assert_int_equal(f.r.inject, -1);
		assert_int_equal(f.r.ready, 0);
	}
	end(&f);
}

static void
window(void **state)
{
	static const uint8_t code[] = {
		0xe6, 0x10,		/* out %al, $0x10 */
		0xb0, 0x07,		/* mov $7, %al */
		0xfb,			/* sti */
		0xb9, 0x00, 0x80,	/* mov $0x8000, %cx */
		0xe2, 0xfe,		/* loop . */
		0xfa,			/* cli */
		0xe6, 0x11,		/* out %al, $0x11 */
		0xf4,			/* hlt */
	};
	struct fix f;

	(void)state;
	begin(&f, code, sizeof(code));
	handler(&f);
	want_io(&f, 1, 1, 0x10, 0);
	assert_int_equal(f.r.ready, 0);
	f.r.pending = 1;
	assert_int_equal(next(&f)->kind, VM_EXIT_WINDOW);
	assert_int_equal(f.r.ready, 1);
	f.r.pending = 0;
	f.r.inject = 0x21;
	want_io(&f, 1, 1, 0x80, 7);
	want_io(&f, 1, 1, 0x11, 7);
	want_halt(&f, 0);
	end(&f);
}

static void
kicks(void **state)
{
	static const uint8_t code[] = { 0xeb, 0xfe };	/* jmp . */
	struct fix f;
	pthread_t t;

	(void)state;
	begin(&f, code, sizeof(code));
	plat_native.kick(f.p);
	plat_native.run(f.p, &f.r);
	assert_int_equal(f.r.exit.kind, VM_EXIT_NONE);
	assert_int_equal(pthread_create(&t, NULL, kicker, &f), 0);
	plat_native.run(f.p, &f.r);
	assert_int_equal(f.r.exit.kind, VM_EXIT_NONE);
	pthread_join(t, NULL);
	end(&f);
}

static void
triple_fault(void **state)
{
	static const uint8_t code[] = { 0x0f, 0x0b };	/* ud2 */
	struct vcpu_regs regs;
	struct plat_why why;
	struct fix f;

	(void)state;
	begin(&f, code, sizeof(code));
	vcpu_flat32(&regs, 0x10, 0x18, 0x500);
	regs.rip = START;
	regs.idtr.limit = 0;
	assert_int_equal(plat_native.setregs(f.p, &regs, &why), 0);
	assert_int_equal(next(&f)->kind, VM_EXIT_RESET);
	end(&f);
}

static void
features(void **state)
{
	static const uint8_t code[] = {
		0x66, 0xb8, 1, 0, 0, 0,		/* mov $1, %eax */
		0x0f, 0xa2,			/* cpuid */
		0x66, 0x89, 0xd0,		/* mov %edx, %eax */
		0x66, 0xe7, 0x10,		/* out %eax, $0x10 */
		0x66, 0xb8, 0, 0, 0, 0x40,	/* mov $0x40000000, %eax */
		0x0f, 0xa2,			/* cpuid */
		0x66, 0xe7, 0x11,		/* out %eax, $0x11 */
		0x66, 0x89, 0xd8,		/* mov %ebx, %eax */
		0x66, 0xe7, 0x12,		/* out %eax, $0x12 */
		0xf4,
	};
	const struct vm_exit *e;
	struct fix f;

	(void)state;
	begin(&f, code, sizeof(code));
	e = next(&f);
	assert_int_equal(e->where, 0x10);
	assert_int_equal(e->data & 1U << 9, 0);		/* no APIC */
	assert_int_equal(e->data & 1, 1);		/* an FPU */
	want_io(&f, 1, 4, 0x11, 0x40000000);
	want_io(&f, 1, 4, 0x12, 0x6e65704f);		/* "Open" */
	end(&f);
}

static void
registers(void **state)
{
	static const uint8_t code[] = { 0xe6, 0x10, 0xf4 };
	struct vcpu_regs a, b;
	struct plat_why why;
	struct fix f;

	(void)state;
	begin(&f, code, sizeof(code));
	vcpu_flat32(&a, 0x10, 0x18, 0x500);
	a.gpr[VCPU_R15] = 0x1122334455667788;
	a.gpr[VCPU_RSI] = 0x9000;
	a.rip = START;
	assert_int_equal(plat_native.setregs(f.p, &a, &why), 0);
	assert_int_equal(plat_native.getregs(f.p, &b, &why), 0);
	assert_memory_equal(a.gpr, b.gpr, sizeof(a.gpr));
	assert_int_equal(b.rip, START);
	assert_int_equal(b.seg[VCPU_CS].ar, a.seg[VCPU_CS].ar);
	assert_int_equal(b.seg[VCPU_CS].limit, UINT32_MAX);
	assert_int_equal(b.seg[VCPU_DS].sel, 0x18);
	assert_int_equal(b.gdtr.base, 0x500);
	want_io(&f, 1, 1, 0x10, 0);
	want_halt(&f, 0);
	end(&f);
}

/* The node is another device. */
static void
wrong_node(void **state)
{
	struct plat_conf c = conf;
	struct plat *p = (void *)1;
	struct plat_why why;

	(void)state;
	c.fd = open("/dev/null", O_RDWR);
	assert_int_equal(plat_native.open(&c, &p, &why), -1);
	assert_null(p);
	assert_memory_equal(why.text, "/dev/kvm: ", 10);
	assert_null(strchr(why.text, '\n'));
	close(c.fd);
}

static void
no_memory(void **state)
{
	struct plat_conf c = conf;
	struct plat_why why;
	struct plat *p;

	(void)state;
	c.range[0].len = 1ULL << 44;
	assert_int_equal(plat_native.open(&c, &p, &why), -1);
	assert_memory_equal(why.text, "guest memory: ", 14);
}

static void
no_engine(void **state)
{
	(void)state;
	skip();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports),
		cmocka_unit_test(strings),
		cmocka_unit_test(mmio),
		cmocka_unit_test(interrupts),
		cmocka_unit_test(window),
		cmocka_unit_test(kicks),
		cmocka_unit_test(triple_fault),
		cmocka_unit_test(features),
		cmocka_unit_test(registers),
		cmocka_unit_test(wrong_node),
		cmocka_unit_test(no_memory),
	};
	const struct CMUnitTest none[] = {
		cmocka_unit_test(no_engine)
	};
	const char *want = getenv("VM_ENGINE");
	struct plat_why why;
	struct plat *p;

	if (plat_native.open(&conf, &p, &why) == -1) {
		fprintf(stderr, "engine: none: %s\n", why.text);
		return want != NULL && strcmp(want, plat_native.name) == 0 ?
		    1 : cmocka_run_group_tests(none, NULL, NULL);
	}
	plat_native.close(&p);
	signal(SIGALRM, watchdog);
	fprintf(stderr, "engine: %s\n", plat_native.name);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
