/* The engine that has no processor, over a socket and over a file. */
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <pthread.h>
#include <setjmp.h>
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

static struct plat_conf conf = {
	.name = "test",
	.fd = -1,
	.nranges = 1,
	.range = { { 0, 0x10000 } },
};

static char dir[] = "/tmp/test-qtest.XXXXXX";
static char path[64], chan[80];
static int peer;
static struct plat *p;
static struct plat_run r;

static void
listen_open(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct plat_why why;
	int l;

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	unlink(path);
	l = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(l, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(listen(l, 1), 0);
	memset(&r, 0, sizeof(r));
	conf.chan = chan;
	if (plat_qtest.open(&conf, &p, &why) == -1)
		fail_msg("%s", why.text);
	peer = accept(l, NULL, NULL);
	close(l);
}

static void
shut(void)
{
	close(peer);
	plat_qtest.close(&p);
	assert_null(p);
}

static void
send_line(const char *s)
{
	assert_int_equal(write(peer, s, strlen(s)), (ssize_t)strlen(s));
}

static void
want(const char *s)
{
	char b[256];
	size_t len = strlen(s), n = 0;

	while (n < len) {
		ssize_t k = read(peer, b + n, len - n);

		assert_true(k > 0);
		n += (size_t)k;
	}
	b[n] = '\0';
	assert_string_equal(b, s);
}

static void
want_exit(enum vm_exit_kind kind, int write, unsigned width, uint64_t where,
    uint64_t data)
{
	plat_qtest.run(p, &r);
	assert_int_equal(r.exit.kind, kind);
	assert_int_equal(r.exit.write, write);
	assert_int_equal(r.exit.width, width);
	assert_int_equal(r.exit.where, where);
	if (write || kind == VM_EXIT_CLOCK)
		assert_int_equal(r.exit.data, data);
	assert_int_equal(r.ready, 0);
}

static void
exits(void **state)
{
	(void)state;
	listen_open();
	send_line("outl 0xcf8 0x80000000\ninw 0xcfc\n");
	want_exit(VM_EXIT_IO, 1, 4, 0xcf8, 0x80000000);
	want_exit(VM_EXIT_IO, 0, 2, 0xcfc, 0);
	want("OK\n");
	r.exit.data = 0xffff1af4;
	send_line("writeq 0xfe000000 0x1122334455667788\nreadb 0xfe000001\n");
	want_exit(VM_EXIT_MMIO, 1, 8, 0xfe000000, 0x1122334455667788);
	want("OK 0x1af4\n");
	want_exit(VM_EXIT_MMIO, 0, 1, 0xfe000001, 0);
	want("OK\n");
	r.exit.data = 0x5a;
	send_line("clock_step\nclock_step 100\nclock_set 5000\n");
	want_exit(VM_EXIT_CLOCK, 0, 0, 0, VM_CLOCK_NEXT);
	want("OK 0x000000000000005a\n");
	r.exit.data = 838;
	want_exit(VM_EXIT_CLOCK, 0, 0, 0, 100);
	want("OK 838\n");
	r.exit.data = 938;
	want_exit(VM_EXIT_CLOCK, 1, 0, 0, 5000);
	r.exit.data = 5000;
	want("OK 938\n");
	shutdown(peer, SHUT_WR);
	want_exit(VM_EXIT_END, 0, 0, 0, 0);
	want("OK 5000\n");
	shut();
}

static void
memory(void **state)
{
	(void)state;
	listen_open();
	send_line("writel 0x100 0xdeadbeef\nreadw 0x102\nread 0x0ff 6\n"
	    "memset 0x200 3 0xa5\nb64read 0x200 3\nwrite 0x200 2 0x0102\n"
	    "b64write 0x202 1 /w==\nread 0x200 3\nendianness\n"
	    "read 0xfffe 4\nbogus\n# nothing\n\nread 0x200 1");
	shutdown(peer, SHUT_WR);
	want_exit(VM_EXIT_END, 0, 0, 0, 0);
	want("OK\nOK 0x000000000000dead\nOK 0x00efbeadde00\n"
	    "OK\nOK paWl\nOK\nOK\nOK 0x0102ff\nOK little\n"
	    "FAIL no memory at that address\nFAIL unknown command\nOK 0x01\n");
	shut();
}

static void
lines(void **state)
{
	(void)state;
	listen_open();
	plat_qtest.line(p, 4, 1);	/* nobody asked */
	send_line("irq_intercept_in ioapic\ninb 1\n");
	want_exit(VM_EXIT_IO, 0, 1, 1, 0);
	plat_qtest.line(p, 4, 0);
	plat_qtest.line(p, 11, 1);
	shutdown(peer, SHUT_WR);
	want_exit(VM_EXIT_END, 0, 0, 0, 0);
	want("OK\nIRQ lower 4\nIRQ raise 11\nOK 0x0000\n");
	shut();
}

static void *
kicker(void *arg)
{
	struct timespec ts = { 0, 30000000 };

	nanosleep(&ts, NULL);
	plat_qtest.kick(arg);
	return NULL;
}

static void
kicks(void **state)
{
	pthread_t t;

	(void)state;
	listen_open();
	plat_qtest.kick(p);
	want_exit(VM_EXIT_NONE, 0, 0, 0, 0);
	assert_int_equal(pthread_create(&t, NULL, kicker, p), 0);
	want_exit(VM_EXIT_NONE, 0, 0, 0, 0);
	pthread_join(t, NULL);
	shut();
}

/* Registers are kept for whoever asks; interrupts go nowhere. */
static void
registers(void **state)
{
	struct vcpu_regs a, b;
	struct plat_why why;
	struct share s;

	(void)state;
	listen_open();
	vcpu_flat16(&a);
	assert_int_equal(plat_qtest.setregs(p, &a, &why), 0);
	assert_int_equal(plat_qtest.getregs(p, &b, &why), 0);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_int_equal(plat_qtest.share(p, &s, &why), 0);
	assert_int_equal(s.n, 1);
	assert_int_equal(plat_qtest.map(p)->n, 1);
	shut();
}

static void
long_line(void **state)
{
	static char junk[65536];
	struct plat_why why;
	char file[80];
	FILE *f;
	int i;

	(void)state;
	memset(junk, 'x', sizeof(junk));
	snprintf(file, sizeof(file), "%s/file", dir);
	f = fopen(file, "w");
	assert_non_null(f);
	for (i = 0; i < 4; i++)
		fwrite(junk, 1, sizeof(junk), f);
	fclose(f);
	conf.chan = file;
	assert_int_equal(plat_qtest.open(&conf, &p, &why), 0);
	memset(&r, 0, sizeof(r));
	plat_qtest.run(p, &r);
	assert_int_equal(r.exit.kind, VM_EXIT_ERROR);
	assert_non_null(strstr(r.exit.why, "a line of more than"));
	plat_qtest.close(&p);
	unlink(file);
}

static void
refusals(void **state)
{
	struct plat_why why;

	(void)state;
	conf.chan = NULL;
	assert_int_equal(plat_qtest.open(&conf, &p, &why), -1);
	assert_non_null(strstr(why.text, "name a file"));
	conf.chan = "/nonexistent/commands";
	assert_int_equal(plat_qtest.open(&conf, &p, &why), -1);
	assert_string_equal(why.text,
	    "/nonexistent/commands: No such file or directory");
	conf.chan = "unix:/nonexistent/socket";
	assert_int_equal(plat_qtest.open(&conf, &p, &why), -1);
	assert_memory_equal(why.text, "/nonexistent/socket: ", 21);
	assert_null(p);
	assert_ptr_equal(plat_engine("qtest"), &plat_qtest);
	assert_ptr_equal(plat_engine("native"), &plat_native);
	assert_null(plat_engine("tcg"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exits),
		cmocka_unit_test(memory),
		cmocka_unit_test(lines),
		cmocka_unit_test(kicks),
		cmocka_unit_test(registers),
		cmocka_unit_test(refusals),
		cmocka_unit_test(long_line),
	};
	int rv;

	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/socket", dir);
	snprintf(chan, sizeof(chan), "unix:%s", path);
	rv = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	rmdir(dir);
	return rv;
}
