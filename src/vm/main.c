/* vmd-vm: one virtual machine.  See vmd-vm(8). */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "log.h"
#include "vm.h"

#define CONF_PATIENCE	30000		/* ms for the daemon to say it all */
#define CHAN_QUEUE	65536		/* bytes that wait for the daemon */

/* The configuration from the daemon; the channel stays open. */
static int
receive(struct cfg *c, struct chan *ctl, struct cfg_why *why)
{
	enum chan_result r;
	struct frame f;
	int fd;

	while (!c->done) {
		r = chan_get(ctl, &f, &fd, CONF_PATIENCE, 0);
		if (r != CHAN_OK) {
			snprintf(why->text, sizeof(why->text),
			    "the configuration's channel: %s",
			    r == CHAN_AGAIN ? "nothing comes" :
			    r == CHAN_CLOSED ? "closed before GO" : ctl->why);
			return -1;
		}
		if (cfg_take(c, f.type, f.data, f.len, fd, why) == -1)
			return -1;
	}
	return 0;
}

/* A line for whoever started us. */
static void
tell(struct chan *ctl, const char *line)
{
	log_line(LOG_ALWAYS, "%s", line);
	if (ctl != NULL)
		chan_put(ctl, VMMSG_ERROR, line, strlen(line), -1, 1000);
}

static int
open_console(struct vm *vm, const struct args *a, struct cfg_why *why)
{
	char name[64];

	if (a->channel != -1) {
		if (vm->cfg->console != -1)
			console_fd(&vm->con, vm->cfg->console);
	} else if (strcmp(a->console, "pty") == 0) {
		if (console_pty(&vm->con, name, sizeof(name)) == -1) {
			snprintf(why->text, sizeof(why->text), "no pty: %s",
			    strerror(errno));
			return -1;
		}
		printf("%s\n", name);
		fflush(stdout);
	} else if (strcmp(a->console, "stdio") == 0) {
		/* Commands of a test come from there. */
		if (strcmp(vm->cfg->vm.commands, "-") != 0)
			console_stdio(&vm->con);
	}
	return 0;
}

static int
work(struct cfg *c, const struct args *a, struct chan *ctl)
{
	static struct vm vm;
	struct cfg_why why;
	int status;

	if (vm_open(&vm, c, &why) == -1) {
		tell(ctl, why.text);
		return 1;
	}
	if (open_console(&vm, a, &why) == -1) {
		tell(ctl, why.text);
		vm_close(&vm);
		return 1;
	}
	/* The devices have what is theirs, and locks with it. */
	cfg_forget(c);
	if (ctl != NULL)
		chan_no_passing(ctl);
	status = vm_run(&vm, ctl);
	vm_close(&vm);
	return status;
}

static int
configure(struct args *a, struct cfg *c, struct chan *ctl, int argc,
    char **argv)
{
	struct cfg_why why;
	int usage;

	switch (args_take(a, c, argc, argv, &why, &usage)) {
	case ARGS_HELP:
		fputs(args_help, stdout);
		exit(0);
	case ARGS_BAD:
		fprintf(stderr, "vmd-vm: %s%s\n", why.text, usage ?
		    " (vmd-vm --help lists the options)" : "");
		return -1;
	case ARGS_OK:
		break;
	}
	if (a->channel == -1)
		return 0;
	if (chan_init(ctl, a->channel, CHAN_QUEUE) == -1) {
		fprintf(stderr, "vmd-vm: -C %d: %s\n", a->channel,
		    strerror(errno));
		return -1;
	}
	if (receive(c, ctl, &why) == 0)
		return 0;
	tell(ctl, why.text);
	return -1;
}

int
main(int argc, char **argv)
{
	static char tag[DEVMSG_MAXVM + 8];
	struct args a = { -1, NULL };
	struct chan ctl;
	struct cfg *c;
	int status = 1;

	signal(SIGPIPE, SIG_IGN);
	c = calloc(1, sizeof(*c));
	if (c == NULL) {
		fprintf(stderr, "vmd-vm: out of memory\n");
		return 1;
	}
	cfg_init(c);
	if (configure(&a, c, &ctl, argc, argv) == 0) {
		snprintf(tag, sizeof(tag), "vm/%s", c->vm.name);
		log_init(tag, c->vm.verbose);
		status = work(c, &a, a.channel == -1 ? NULL : &ctl);
	}
	cfg_close(c);
	/* What is left is the system's to free; the sandbox knows no more. */
	fflush(NULL);
	_exit(status);
}
