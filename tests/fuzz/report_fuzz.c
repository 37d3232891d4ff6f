// SPDX-License-Identifier: GPL-2.0-only
/*
 * Feeds damaged recordings to taskhold report, in this process, built with
 * sanitizers: whatever is in a file, the report ends with 0 or 4, in time.
 *
 * usage: report_fuzz DIR CASES [SEED [FIRST]] [-- RECORDING...]
 *
 * The same seed gives the same cases. DIR/case is the file of the case that is
 * running, or that failed. FIRST skips the cases before, to look at one again.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/random.h>

#include <isa-l/crc.h>

#include "array.h"
#include "cmd.h"
#include "error.h"
#include "lib/make_recording.h"

#define CASE_SECONDS	10
#define MAX_FILE	(4u << 20)
#define MAX_CORPUS	16

static struct {
	unsigned char *data;
	size_t len;
} corpus[MAX_CORPUS];
static unsigned int nr_corpus;

static unsigned long long seed, number;
static char complaint[1024];
static FILE *results;

/* The program's own stand between what is tested and libbpf: not needed here. */
bool th_verbose;

int th_fail(int exit_code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(complaint, sizeof(complaint), fmt, ap);
	va_end(ap);
	return exit_code;
}

int th_bad_option(const char *cmd, const struct option *options, int opt, char **argv)
{
	(void)cmd;
	(void)options;
	(void)opt;
	(void)argv;
	return TH_USAGE;
}

int th_end_output(int status)
{
	return fflush(stdout) == 0 && !ferror(stdout) ? status : th_fail(TH_IO, "standard output");
}

static void timed_out(int sig)
{
	static const char text[] = "# a case took too long\n";

	(void)sig;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(2);
	abort();
}

/*
 * In front of the real one by the linker: a body is given out in memory of its
 * own size, so that the sanitizer sees who reads beyond it.
 */
long __real_recording_next(struct recording_reader *r, const void **body, size_t *len,
			   struct recording_why *why);
long __wrap_recording_next(struct recording_reader *r, const void **body, size_t *len,
			   struct recording_why *why);

long __wrap_recording_next(struct recording_reader *r, const void **body, size_t *len,
			   struct recording_why *why)
{
	static void *copy;
	long kind;

	free(copy);
	copy = NULL;
	kind = __real_recording_next(r, body, len, why);
	if (kind > 0) {
		copy = malloc(*len);
		must(copy || !*len);
		memcpy(copy, *body, *len);
		*body = copy;
	}
	return kind;
}

/* Not the C library's: the same cases everywhere. */
static unsigned long long state;

static unsigned long long rnd(void)
{
	unsigned long long x = state += 0x9e3779b97f4a7c15ull;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

static size_t below(size_t n)
{
	return n ? (size_t)(rnd() % n) : 0;
}

static void add_corpus(const char *path)
{
	FILE *f = fopen(path, "r");

	must(f && nr_corpus < MAX_CORPUS);
	corpus[nr_corpus].data = malloc(MAX_FILE);
	must(corpus[nr_corpus].data);
	corpus[nr_corpus].len = fread(corpus[nr_corpus].data, 1, MAX_FILE / 4, f);
	fclose(f);
	nr_corpus++;
}

/* Everything the format has, in few bytes. */
static void make_rich(const char *path)
{
	static const __u64 reasons[TASKHOLD_NR_REASONS] = { 1, 2, 3, 4, 5, 6, 7 };
	struct recording_writer *w = make_open(path);
	struct taskhold_info info;
	char name[64];
	__u64 i;

	make_begin_flags(w, below(3), TASKHOLD_BEGIN_THREADS);
	for (i = 0; i < 12; i++) {
		struct taskhold_totals totals = { .cgroup_id = i, .tasks = i, .moved_ns = i };
		char slash[2] = { i ? '/' : 0, 0 };

		snprintf(name, sizeof(name), "/%s%s%s", i ? "a" : "", i > 3 ? "/b" : slash,
			 i > 7 ? "/c\xff" : "");
		make_cgroup_name(w, i + 1, name);
		make_stat(w, i + 1, 1 + (__u32)below(6), below(SEC));
		make_stat(w, i + 1, 1 + (__u32)below(6), below(SEC));
		make_item(w, TASKHOLD_ITEM_TOTALS, &totals, sizeof(totals));
		must(recording_put_name(w, 1 + (__u32)below(3), i, "/usr/bin/x") == 0);
		make_finished(w, make_info(i, (__u32)i, "a\x1b[,\"\n", i, MS));
		make_live(w, make_info(i / 2, (__u32)i, "b", i, MS));
		/* Of processes that are there, live, or not, and with less than it has. */
		info = make_info(i, (__u32)i, "a", i, MS);
		make_finished(w, make_thread(100 + i, &info, 100 + (__u32)i, "t", i * MS / 4));
		make_live(w, make_thread(200 + i, &info, 200 + (__u32)i, "u", MS));
		if (i % 5 == 0)
			must(recording_flush(w, i + 1) == 0);
	}
	make_policy(w, reasons);
	make_end(w, 9, 9);
	make_close(w);
}

static unsigned char file[MAX_FILE];
static size_t file_len;

static void mutate_once(void)
{
	static const __u64 numbers[] = {
		0, 1, 7, 8, 31, 32, 0x7f, 0x80, 0xff, 0xffff, 0x100000, 0x7fffffff, 0x80000000,
		0xffffffff, 0x100000000, INT64_MAX, (__u64)INT64_MIN, UINT64_MAX - 7, UINT64_MAX,
	};
	size_t at = below(file_len), n = 1 + below(below(2) ? 16 : file_len);
	__u64 value = numbers[below(ARRAY_SIZE(numbers))];

	if (!file_len)
		return;
	if (n > file_len - at)
		n = file_len - at;
	switch (below(9)) {
	case 0:
		file[at] ^= (unsigned char)(1u << below(8));
		break;
	case 1:
		file[at] = (unsigned char)rnd();
		break;
	case 2:
		at &= ~(size_t)3;
		if (at + 4 <= file_len)
			memcpy(file + at, &value, 4);
		break;
	case 3:
		at &= ~(size_t)7;
		if (at + 8 <= file_len)
			memcpy(file + at, &value, 8);
		break;
	case 4:
		file_len = at;
		break;
	case 5:		/* leave out */
		memmove(file + at, file + at + n, file_len - at - n);
		file_len -= n;
		break;
	case 6:		/* twice */
		if (file_len + n <= MAX_FILE) {
			memmove(file + at + n, file + at, file_len - at);
			file_len += n;
		}
		break;
	case 7:		/* from elsewhere, in place */
		memmove(file + at, file + below(file_len - n + 1), n);
		break;
	case 8:
		memset(file + at, (int)rnd(), n);
		break;
	}
}

/*
 * Makes lengths, order and checksums of the blocks right again as far as there
 * are any, so that what is inside them is looked at.
 */
static void seal(void)
{
	struct taskhold_block head;
	size_t at = 0;
	__u64 seq = 0;
	__u32 crc;

	while (file_len - at >= sizeof(head)) {
		memcpy(&head, file + at, sizeof(head));
		head.magic = TASKHOLD_BLOCK_MAGIC;
		head.len &= ~7u;
		if (head.len > file_len - at - sizeof(head))
			head.len = (__u32)(file_len - at - sizeof(head)) & ~7u;
		if (head.len > TASKHOLD_BLOCK_MAX)
			head.len = TASKHOLD_BLOCK_MAX;
		head.seq = seq++;
		head.crc = 0;
		crc = crc32_iscsi((unsigned char *)&head, sizeof(head), ~0u);
		head.crc = ~crc32_iscsi(file + at + sizeof(head), (int)head.len, crc);
		memcpy(file + at, &head, sizeof(head));
		at += sizeof(head) + head.len;
	}
}

static void make_case(void)
{
	unsigned int from = (unsigned int)below(nr_corpus), n = 1 + (unsigned int)below(8);

	memcpy(file, corpus[from].data, corpus[from].len);
	file_len = corpus[from].len;
	while (n--)
		mutate_once();
	if (below(4))
		seal();
}

static int run_case(const char *path)
{
	static const char *const forms[][4] = {
		{ "--json", "--by", "task" }, { "--csv", "--by", "cgroup" }, { "--by", "parent" },
		{ "--by", "cgroup", "--fields", "all" }, { "--json", "--by", "exe" },
		{ "--by", "comm", "--sort", "comm" }, { "--csv", "--by", "user" },
		{ "--by", "task", "--sort", "exe" }, { "--fields", "all" },
		{ "--json", "--by", "thread" }, { "--by", "thread", "--fields", "all" },
	};
	const char *const *form = forms[below(ARRAY_SIZE(forms))];
	char name[] = "report", *argv[8] = { name, (char *)path };
	int argc = 2, i, status;

	for (i = 0; i < 4 && form[i]; i++)
		argv[argc++] = (char *)form[i];
	complaint[0] = 0;
	alarm(CASE_SECONDS);
	status = cmd_report(argc, argv);
	alarm(0);
	/* A failure says why, and only a failure does. */
	if (status == TH_OK && !complaint[0])
		return 0;
	if (status == TH_IO && complaint[0])
		return 4;
	/* The flag that says that there are threads was damaged, or never there. */
	if (status == TH_USAGE && strstr(complaint, "record with --threads"))
		return 0;
	fprintf(results, "# case %llu: exit status %d, '%s'\n", number, status, complaint);
	return -1;
}

int main(int argc, char **argv)
{
	unsigned long long cases, first = 0, good = 0, refused = 0;
	char path[4096];
	int i, fd, status;
	bool enough;

	if (argc < 3) {
		fprintf(stderr, "usage: report_fuzz DIR CASES [SEED [FIRST]] [-- RECORDING...]\n");
		return 2;
	}
	cases = strtoull(argv[2], NULL, 10);
	must(getrandom(&seed, sizeof(seed), 0) == sizeof(seed));
	for (i = 3; i < argc && strcmp(argv[i], "--"); i++) {
		if (i == 3)
			seed = strtoull(argv[i], NULL, 10);
		else
			first = strtoull(argv[i], NULL, 10);
	}
	/* Reports go to stdout; what is said about them must not. */
	results = fdopen(dup(STDOUT_FILENO), "w");
	must(results && setvbuf(results, NULL, _IOLBF, 0) == 0);
	fd = open("/dev/null", O_WRONLY);
	must(fd >= 0 && dup2(fd, STDOUT_FILENO) == STDOUT_FILENO);
	signal(SIGALRM, timed_out);

	fprintf(results, "TAP version 13\n1..1\n# seed %llu, %llu cases\n", seed, cases);
	state = seed;
	must(snprintf(path, sizeof(path), "%s/case", argv[1]) < (int)sizeof(path));
	unlink(path);
	make_whole(path);
	add_corpus(path);
	unlink(path);
	make_rich(path);
	add_corpus(path);
	for (i++; i < argc; i++)
		add_corpus(argv[i]);

	for (number = 0; number < first + cases; number++) {
		/* Each case begins from its own number, so that it can be had alone. */
		state = seed ^ (number * 0xd1342543de82ef95ull);
		make_case();
		if (number < first)
			continue;
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		must(fd >= 0 && write(fd, file, file_len) == (ssize_t)file_len);
		close(fd);
		status = run_case(path);
		if (status < 0) {
			fprintf(results, "not ok 1 damaged recordings\n");
			return 1;
		}
		if (status)
			refused++;
		else
			good++;
	}
	/* Where all were refused, or none, little was tried. */
	fprintf(results, "# %llu read, %llu refused\n", good, refused);
	enough = cases < 100 || (good > cases / 10 && refused);
	fprintf(results, "%sok 1 damaged recordings\n", enough ? "" : "not ");
	for (i = 0; i < (int)nr_corpus; i++)
		free(corpus[i].data);
	unlink(path);
	return !enough;
}
