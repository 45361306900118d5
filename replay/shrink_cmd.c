/* vmtrace shrink: each candidate runs in a child, which may well crash. */
#include <sys/wait.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "run.h"
#include "shrink.h"

#define CANDIDATE_TIME	10		/* seconds until a child hangs */
#define OUTPUT_MAX	65536

struct job {
	const struct run_kind	*kind;
	enum input_kind		 input;
	char			 key[360];
	char			 output[OUTPUT_MAX];
	time_t			 stop;
	struct shrink		*shrink;
	size_t			 from;	/* length that it began with */
};

/* In the child: runs it and says what came of it. */
static void
child(const struct job *j, const uint8_t *p, size_t len)
{
	struct run_result r;
	struct input in;

	memset(&in, 0, sizeof(in));
	in.file.name = "candidate";
	in.file.p = (uint8_t *)(uintptr_t)p;
	in.file.len = len;
	in.kind = j->input;
	if (trace_open(&in.t, p, len) == TRACE_BAD)
		_exit(0);
	alarm(CANDIDATE_TIME);
	if (run_trace(&in, j->kind, 0, NULL, &r) == -1 || r.key[0] == '\0')
		_exit(0);
	fprintf(stderr, "\nFAILURE: %s\n", r.key);
	_exit(1);
}

/* The line of the output that starts with a word, as key. */
static int
key_line(const char *out, const char *word, char *key, size_t cap)
{
	const char *p = out;
	size_t n = strlen(word), len;

	while ((p = strstr(p, word)) != NULL) {
		if (p == out || p[-1] == '\n') {
			len = strcspn(p + n, "\n");
			if (len >= cap)
				len = cap - 1;
			memcpy(key, p + n, len);
			key[len] = '\0';
			return 1;
		}
		p += n;
	}
	return 0;
}

/* What a child's end says: the failure, a sanitizer's summary, a signal. */
static void
find_key(const char *out, int status, char *key, size_t cap)
{
	key[0] = '\0';
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	if (key_line(out, "FAILURE: ", key, cap) ||
	    key_line(out, "SUMMARY: ", key, cap))
		return;
	if (WIFSIGNALED(status))
		snprintf(key, cap, "signal %d", WTERMSIG(status));
	else
		snprintf(key, cap, "exit %d", WEXITSTATUS(status));
}

/* Keeps the end of what the child says. */
static void
listen_to(int fd, char *out)
{
	size_t len = 0;
	ssize_t n;

	for (;;) {
		n = read(fd, out + len, OUTPUT_MAX - 1 - len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
		if (len > OUTPUT_MAX / 2 + 4096) {
			memmove(out, out + len - OUTPUT_MAX / 2,
			    OUTPUT_MAX / 2);
			len = OUTPUT_MAX / 2;
		}
	}
	out[len] = '\0';
}

static void
run_child(struct job *j, const uint8_t *p, size_t len, char *key, size_t cap)
{
	int fds[2], status = 0;
	pid_t pid;

	fflush(stdout);
	if (pipe(fds) == -1 || (pid = fork()) == -1)
		exit(complain("candidate", "%s", strerror(errno)));
	if (pid == 0) {
		dup2(fds[1], STDERR_FILENO);
		close(fds[0]);
		close(fds[1]);
		child(j, p, len);
	}
	close(fds[1]);
	listen_to(fds[0], j->output);
	close(fds[0]);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	find_key(j->output, status, key, cap);
}

static int
fails(void *arg, const uint8_t *p, size_t len)
{
	struct job *j = arg;
	char key[sizeof(j->key)];

	progress("tried", j->shrink->tried, 0);
	run_child(j, p, len, key, sizeof(key));
	return strcmp(key, j->key) == 0;
}

static int
enough(void *arg)
{
	struct job *j = arg;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec >= j->stop;
}

/* The trace as a strict reader takes it, records as they were understood. */
static void
canonical(struct input *in, struct wbuf *w)
{
	struct trace_rec r;
	size_t cap = 16 * in->file.len + 4096;

	wb_init(w, need(cap), cap);
	trace_put_header(w);
	while (trace_next(&in->t, &r) == TRACE_OK)
		trace_put_rec(w, &r);
}

static unsigned
count_records(const uint8_t *p, size_t len)
{
	struct trace_reader t;
	struct trace_rec r;

	(void)trace_open(&t, p, len);
	while (trace_next(&t, &r) == TRACE_OK)
		;
	return t.number;
}

static int
shrink(struct job *j, struct input *in, const char *path)
{
	struct shrink s = { .fails = fails, .enough = enough, .arg = j };
	struct wbuf w;
	int res = EXIT_BAD;
	unsigned before;

	canonical(in, &w);
	j->input = in->kind;
	j->shrink = &s;
	before = count_records(w.p, w.len);
	run_child(j, w.p, w.len, j->key, sizeof(j->key));
	s.recording = in->kind == INPUT_RECORDING;
	s.best = w.p;
	s.len = j->from = w.len;
	s.cap = SHRINK_ROOM(w.len);
	s.mem = need(s.cap);
	if (j->key[0] == '\0') {
		complain(in->file.name, "does not fail, nothing to keep");
	} else {
		shrink_trace(&s);
		progress_end();
		if (file_write(path, s.best, s.len) == 0)
			res = EXIT_OK;
	}
	if (res == EXIT_OK)
		fprintf(stderr, "%u records of %zu bytes became %u of %zu, "
		    "%llu tries; it still fails: %s\n", before, j->from,
		    count_records(s.best, s.len), s.len,
		    (unsigned long long)s.tried, j->key);
	free(s.mem);
	free(w.p);
	return res;
}

static int
seconds(const char *word, long *v)
{
	char *end;

	*v = 60;
	if (word == NULL)
		return 0;
	*v = strtol(word, &end, 10);
	return *end == '\0' && end != word && *v > 0 && *v < 1000000 ? 0 : -1;
}

static int
run(int argc, char **argv)
{
	static struct job job;
	const char *device = NULL, *limit = NULL;
	int fold = 0, res = EXIT_BAD;
	const struct option_word words[] = {
		{ "--fold", &fold, NULL }, { "--device", NULL, &device },
		{ "--seconds", NULL, &limit }, { NULL, NULL, NULL }
	};
	struct timespec now;
	struct input in;
	long n;

	if (options(&argc, &argv, words) == -1 || argc != 2 ||
	    seconds(limit, &n) == -1)
		return usage(&cmd_shrink);
	if (input_open(&in, argv[0], fold) == -1)
		return EXIT_BAD;
	clock_gettime(CLOCK_MONOTONIC, &now);
	job.stop = now.tv_sec + n;
	if ((job.kind = run_choose(&in, device)) != NULL)
		res = shrink(&job, &in, argv[1]);
	input_close(&in);
	return res;
}

const struct command cmd_shrink = {
	"shrink", "[--fold] [--device name] [--seconds n] trace output",
	"makes a failing trace smaller, with the same failure",
	"  --fold        reads it as a fuzzing input: any bytes are records\n"
	"  --device name the device of an input that names none\n"
	"  --seconds n   stops after so long with what it has (60)\n",
	run
};
