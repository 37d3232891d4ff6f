// SPDX-License-Identifier: GPL-2.0-only
/*
 * taskhold record: attach a policy, drain its ring buffer into a file.
 *
 * One loop waits for the ring buffer, for signals, for the command or the
 * process that is recorded, and for the clock. When recording ends: wait until
 * the dead are freed, so that each has its record; sample what still runs; ask
 * for the sums; write END; detach.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cgroups.h"
#include "cmd.h"
#include "command.h"
#include "error.h"
#include "module.h"
#include "policy_end.h"
#include "recording.h"
#include "session.h"
#include "sums.h"

#define DEFAULT_OUTPUT	"taskhold.data"
#define NSEC_PER_SEC	1000000000ULL

/* The reader is woken by a ring buffer that fills; what lies there meanwhile waits so long. */
#define DRAIN_EVERY_MS	200

struct record {
	/* options */
	const char *output;
	struct session_options session_opts;
	char cgroup[PATH_MAX];		/* SCOPE_CGROUP: its path below the root */
	__u64 interval_ns;
	bool quiet;
	char **argv;			/* the command, or NULL */

	struct session *session;
	struct recording_writer *writer;
	struct command command;
	bool command_runs;
	int status;			/* wait(2) status of the command, -1: none */
	enum taskhold_end_why why;	/* 0: goes on */
	unsigned int signals;		/* SIGINT and SIGTERM seen */
	int epoll, signal_fd, tick_fd, pid_fd;
	struct taskhold_policy_stats stats;
	__u64 finished;			/* FINISHED items put */
	__u64 cpu_ns;			/* of these, but of threads, whose processes have it too */
	__u64 *live_ids;		/* of the LIVE items of the last sample */
	size_t live, live_room;
	__u64 next_sample_ns;
	char detached[256];		/* why the policy was, of END_DETACHED */
	bool progress_shown;
};

static __u64 clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

/* ---- what comes out of the ring buffer ---- */

static int sink(void *ctx, const void *items, size_t len)
{
	const struct taskhold_item *item = items;
	const struct taskhold_info *info = (const void *)(item + 1);
	struct record *r = ctx;

	if (item->kind == TASKHOLD_ITEM_FINISHED) {
		r->finished++;
		if (!(info->flags & TASKHOLD_INFO_THREAD))
			r->cpu_ns += info->use.cpu_ns;
	} else if (item->kind == TASKHOLD_ITEM_LIVE) {
		if (r->live == r->live_room) {
			size_t room = r->live_room ? 2 * r->live_room : 1024;
			__u64 *ids = reallocarray(r->live_ids, room, sizeof(*ids));

			if (!ids)
				return -ENOMEM;
			r->live_ids = ids;
			r->live_room = room;
		}
		r->live_ids[r->live++] = info->id;
	}
	return recording_put_raw(r->writer, items, len);
}

static int put_cgroup_stat(struct record *r, const struct cgroups_entry *entry, __u32 when)
{
	struct taskhold_cgroup_stat stat = {
		.cgroup_id = entry->id,
		.usage_ns = entry->usage_ns,
		.time_ns = clock_ns(CLOCK_BOOTTIME),
		.when = when,
	};
	int err;

	err = recording_put_name(r->writer, TASKHOLD_NAME_CGROUP, entry->id, entry->path);
	return err ? err : recording_put(r->writer, TASKHOLD_ITEM_CGROUP, &stat, sizeof(stat));
}

static int put_cgroup_start(void *ctx, const struct cgroups_entry *entry)
{
	return put_cgroup_stat(ctx, entry, TASKHOLD_CGROUP_START);
}

static int put_cgroup_stop(void *ctx, const struct cgroups_entry *entry)
{
	return put_cgroup_stat(ctx, entry, TASKHOLD_CGROUP_STOP);
}

static int put_cgroup_sample(void *ctx, const struct cgroups_entry *entry)
{
	return put_cgroup_stat(ctx, entry, TASKHOLD_CGROUP_SAMPLE);
}

/*
 * What the kernel charged to each cgroup. Without a cgroup v2 mount there is no
 * witness, and the report says so; that is no reason not to record.
 */
static int put_cgroups(struct record *r, cgroups_fn *fn)
{
	const char *top = r->session_opts.scope == TASKHOLD_SCOPE_CGROUP ? r->cgroup : "/";
	int err = cgroups_walk(top, fn, r);

	return err == -ENOENT ? 0 : err;
}

/* ---- the beginning ---- */

static int read_boot_id(__u8 id[16])
{
	char text[64] = "", hex[3] = "";
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
	const char *at = text;
	int i;

	if (!f || !fgets(text, sizeof(text), f)) {
		if (f)
			fclose(f);
		return -EIO;
	}
	fclose(f);
	for (i = 0; i < 16; i++) {
		if (*at == '-')
			at++;
		if (!at[0] || !at[1])
			return -EIO;
		memcpy(hex, at, 2);
		id[i] = strtoul(hex, NULL, 16);
		at += 2;
	}
	return 0;
}

static int put_command(struct record *r)
{
	size_t size = 1;
	char *text, *to;
	char **arg;
	int err;

	for (arg = r->argv; *arg; arg++)
		size += strlen(*arg) + 1;
	text = malloc(size);
	if (!text)
		return -ENOMEM;
	to = text;
	for (arg = r->argv; *arg; arg++) {
		if (to != text)
			*to++ = ' ';
		to = stpcpy(to, *arg);
	}
	*to = '\0';
	err = recording_put_meta(r->writer, "command", text);
	free(text);
	return err;
}

static int put_begin(struct record *r)
{
	struct taskhold_begin begin = {
		.version = TASKHOLD_FILE_VERSION,
		.abi = TASKHOLD_ABI,
		.time_ns = clock_ns(CLOCK_BOOTTIME),
		.real_ns = clock_ns(CLOCK_REALTIME),
		.interval_ns = r->interval_ns,
		.root_cgroup_id = r->session_opts.root_cgroup,
		.scope = r->session_opts.scope,
		.root_pid = r->session_opts.root_tgid,
		.ncpus = sysconf(_SC_NPROCESSORS_ONLN),
		.flags = r->session_opts.threads ? TASKHOLD_BEGIN_THREADS : 0,
	};
	struct utsname uts;
	int err;

	err = read_boot_id(begin.boot_id);
	if (err)
		return err;
	uname(&uts);
	err = recording_put(r->writer, TASKHOLD_ITEM_BEGIN, &begin, sizeof(begin));
	err = err ?: recording_put_meta(r->writer, "version", TASKHOLD_VERSION);
	err = err ?: recording_put_meta(r->writer, "hostname", uts.nodename);
	err = err ?: recording_put_meta(r->writer, "kernel", uts.release);
	err = err ?: recording_put_meta(r->writer, "machine", uts.machine);
	if (!err && r->argv)
		err = put_command(r);
	return err;
}

/* ---- the end ---- */

/*
 * A process or thread that has been reaped is freed a grace period later: wait for that.
 * What is left after as many rounds with no change is alive, or a zombie that
 * nobody has reaped, and is sampled as such.
 */
#define SETTLE_ROUNDS	3

static int settle(struct record *r)
{
	unsigned int same = 0;
	__u64 live = ULLONG_MAX;
	int err;

	while (same < SETTLE_ROUNDS) {
		err = session_settle(r->session);
		err = err ?: session_look(r->session, &r->stats);
		if (err || !r->stats.live)
			return err;
		same = r->stats.live < live ? 0 : same + 1;
		live = r->stats.live;
	}
	return 0;
}

static int sample(struct record *r)
{
	r->live = 0;
	return session_sample(r->session);
}

static int compare_ids(const void *a, const void *b)
{
	__u64 x = *(const __u64 *)a, y = *(const __u64 *)b;

	return (x > y) - (x < y);
}

/* Different records in the last sample: some are there twice if the ring buffer was full. */
static __u64 count_live(struct record *r)
{
	__u64 count = 0;
	size_t i;

	qsort(r->live_ids, r->live, sizeof(*r->live_ids), compare_ids);
	for (i = 0; i < r->live; i++)
		count += !i || r->live_ids[i] != r->live_ids[i - 1];
	return count;
}

/*
 * The last sample and the sums must be of one moment, or a process that ended
 * in between is in neither or in both: again, until none has.
 */
#define LAST_TRIES	10

static int put_last(struct record *r)
{
	unsigned int tries;
	__u64 finished;
	int err = 0;

	for (tries = 0; tries < LAST_TRIES && !err; tries++) {
		err = session_look(r->session, &r->stats);
		finished = r->stats.finished;
		err = err ?: sample(r);
		err = err ?: put_cgroups(r, put_cgroup_stop);
		err = err ?: session_sum(r->session);
		err = err ?: session_look(r->session, &r->stats);
		if (!err && r->stats.finished == finished)
			break;
	}
	return err;
}

/* Somebody, or the module, has detached the policy: the module says who and why. */
static int put_detached(struct record *r)
{
	struct taskhold_exit_info info;

	if (!policy_end_find(session_policy_name(r->session), r->stats.id, &info)) {
		snprintf(r->detached, sizeof(r->detached), "the module does not say why");
		return 0;
	}
	snprintf(r->detached, sizeof(r->detached), "%.*s (%s, code %" PRId64 ")",
		 (int)sizeof(info.text), info.text, policy_end_kind(&info), (int64_t)info.code);
	return recording_put_meta(r->writer, "detached", r->detached);
}

static int put_end(struct record *r)
{
	struct taskhold_end end = {
		.why = r->why,
		.status = r->status,
	};
	int err = 0;

	if (r->why == TASKHOLD_END_DETACHED) {
		err = put_detached(r);
	} else {
		err = settle(r);
		err = err ?: put_last(r);
	}
	err = err ?: session_drain(r->session);
	end.time_ns = clock_ns(CLOCK_BOOTTIME);
	end.finished = r->finished;
	end.live = count_live(r);
	end.ring_lost = session_ring_lost(r->session);
	return err ?: recording_put(r->writer, TASKHOLD_ITEM_END, &end, sizeof(end));
}

/* ---- in between ---- */

static __u64 sum_reasons(const struct taskhold_policy_stats *stats, unsigned int from,
			 unsigned int to)
{
	__u64 sum = 0;

	while (from < to)
		sum += stats->reasons[from++];
	return sum;
}

/* Processes first, and threads in brackets behind them. */
static void show_progress(struct record *r)
{
	const struct taskhold_policy_stats *s = &r->stats;
	__u64 folded = sum_reasons(s, 0, TASKHOLD_LOST_NOMEM);
	__u64 lost = s->reasons[TASKHOLD_LOST_NOMEM];
	/* Where one is counted a moment before the other, it is not below 0. */
	__u64 threads = sums_less(s->threads, s->threads_finished);
	char held[32] = "", finished[32] = "", let_go[32] = "";

	if (r->session_opts.threads) {
		snprintf(held, sizeof(held), " (%" PRIu64 ")", (uint64_t)threads);
		snprintf(finished, sizeof(finished), " (%" PRIu64 ")",
			 (uint64_t)s->threads_finished);
		snprintf(let_go, sizeof(let_go), " (%" PRIu64 ")",
			 (uint64_t)s->reasons[TASKHOLD_FOLD_THREAD]);
	}
	fprintf(stderr, "\r\033[K%sheld %" PRIu64 "%s, finished %" PRIu64 "%s, folded %" PRIu64
		"%s, lost %" PRIu64 ", CPU %.1f s",
		r->session_opts.threads ? "processes (threads): " : "",
		(uint64_t)sums_less(s->live, threads), held,
		(uint64_t)sums_less(s->finished, s->threads_finished), finished, (uint64_t)folded,
		let_go, (uint64_t)lost, r->cpu_ns / (double)NSEC_PER_SEC);
	r->progress_shown = true;
}

static void end_progress(struct record *r)
{
	if (r->progress_shown)
		fputs("\r\033[K", stderr);
	r->progress_shown = false;
}

/* A second has passed. */
static int on_tick(struct record *r)
{
	__u64 now = clock_ns(CLOCK_BOOTTIME), expirations;
	int err;

	if (read(r->tick_fd, &expirations, sizeof(expirations)) < 0 && errno != EAGAIN)
		return -errno;
	err = session_drain(r->session);
	err = err ?: session_look(r->session, &r->stats);
	if (err == -ENOENT) {
		r->why = TASKHOLD_END_DETACHED;
		return 0;
	}
	if (!err && r->interval_ns && now >= r->next_sample_ns) {
		r->next_sample_ns += r->interval_ns;
		if (r->next_sample_ns <= now)
			r->next_sample_ns = now + r->interval_ns;
		err = sample(r);
		err = err ?: put_cgroups(r, put_cgroup_sample);
		err = err ?: session_sum(r->session);
	}
	err = err ?: recording_flush(r->writer, now);
	if (!err && !r->quiet)
		show_progress(r);
	return err;
}

static void on_signal(struct record *r)
{
	struct signalfd_siginfo info;

	while (read(r->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD) {
			if (r->command_runs &&
			    waitpid(r->command.pid, &r->status, WNOHANG) == r->command.pid) {
				r->command_runs = false;
				r->why = TASKHOLD_END_COMMAND;
			}
			continue;
		}
		/*
		 * The first is the command's, which may have to clean up and is
		 * recorded doing so; the terminal has sent it one already. A
		 * second ends the recording, and leaves the command alone.
		 */
		if (r->command_runs && !r->signals++) {
			if (info.ssi_code != SI_KERNEL)
				kill(r->command.pid, info.ssi_signo);
			continue;
		}
		r->why = TASKHOLD_END_SIGNAL;
	}
}

static int watch(struct record *r, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int watch_all(struct record *r)
{
	struct itimerspec tick = { .it_interval.tv_sec = 1, .it_value.tv_sec = 1 };
	int err;

	if (r->interval_ns && r->interval_ns < NSEC_PER_SEC) {
		tick.it_interval.tv_sec = 0;
		tick.it_interval.tv_nsec = r->interval_ns;
		tick.it_value = tick.it_interval;
	}
	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	r->tick_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (r->epoll < 0 || r->tick_fd < 0 || timerfd_settime(r->tick_fd, 0, &tick, NULL))
		return -errno;
	err = watch(r, session_fd(r->session));
	err = err ?: watch(r, r->signal_fd);
	err = err ?: watch(r, r->tick_fd);
	if (!err && r->pid_fd >= 0)
		err = watch(r, r->pid_fd);
	return err;
}

static int loop(struct record *r)
{
	struct epoll_event event;
	int n, err = 0;

	r->next_sample_ns = clock_ns(CLOCK_BOOTTIME) + r->interval_ns;
	while (!err && !r->why) {
		n = epoll_wait(r->epoll, &event, 1, DRAIN_EVERY_MS);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n <= 0 || event.data.fd == session_fd(r->session))
			err = session_drain(r->session);
		else if (event.data.fd == r->signal_fd)
			on_signal(r);
		else if (event.data.fd == r->tick_fd)
			err = on_tick(r);
		else if (event.data.fd == r->pid_fd)
			r->why = TASKHOLD_END_TASK;
	}
	return err;
}

/* ---- options ---- */

static int parse_interval(const char *text, __u64 *ns)
{
	char *end;
	double n;

	errno = 0;
	n = strtod(text, &end);
	if (end == text || errno || !isfinite(n))
		n = -1;
	else if (!strcmp(end, "ms"))
		n *= 1e6;
	else if (!strcmp(end, "s") || !*end)
		n *= 1e9;
	else if (!strcmp(end, "min"))
		n *= 60e9;
	else
		n = -1;
	if (n < 10e6 || n > 86400e9)
		return th_fail(TH_USAGE, "record: --interval %s: want 10ms to 86400s, as in 500ms, 1s, 2min",
			       text);
	*ns = n;
	return TH_OK;
}

static int parse_number(const char *option, const char *text, unsigned long min,
			unsigned long max, unsigned long *value)
{
	char *end;

	errno = 0;
	*value = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || *value < min || *value > max)
		return th_fail(TH_USAGE, "record: --%s %s: want a number from %lu to %lu", option,
			       text, min, max);
	return TH_OK;
}

static int parse_cgroup(struct record *r, const char *name)
{
	int err = cgroups_find(name, &r->session_opts.root_cgroup, r->cgroup, sizeof(r->cgroup));

	if (!cgroups_mount())
		return th_fail(TH_ENV, "record: --cgroup %s: no cgroup v2 hierarchy is mounted",
			       name);
	if (err == -EINVAL || err == -ENOTDIR)
		return th_fail(TH_USAGE, "record: --cgroup %s: not a cgroup below %s", name,
			       cgroups_mount());
	if (err)
		return th_fail(TH_USAGE, "record: --cgroup %s: %s", name, strerror(-err));
	r->session_opts.scope = TASKHOLD_SCOPE_CGROUP;
	return TH_OK;
}

static void usage(void)
{
	puts("usage: taskhold record [OPTION]... [--cgroup PATH | --pid PID | -- CMD...]\n"
	     "Record every process: of a cgroup, of a process and its descendants, of a\n"
	     "command, or, without any of these, of the machine; until the command or the\n"
	     "process ends, or SIGINT.\n"
	     "\n"
	     "  -o, --output FILE      where to, - for standard output (" DEFAULT_OUTPUT ")\n"
	     "      --cgroup PATH      processes in this cgroup and below\n"
	     "      --pid PID          this process and what comes from it\n"
	     "      --threads          and each of their threads one by one\n"
	     "      --interval TIME    sample what runs so often, as in 500ms, 1s (never)\n"
	     "      --max-held N       records held at a time, 1 to 4194304 (65536)\n"
	     "      --ring-size BYTES  of the ring buffer, a power of 2 (8388608)\n"
	     "  -q, --quiet            no progress on a terminal\n"
	     "  -v, --verbose          what libbpf and the verifier say\n"
	     "  -h, --help             this\n"
	     "\n"
	     "Exit status: that of CMD; 0 without one; see taskhold(8) for errors.");
}

enum { OPT_CGROUP = 256, OPT_PID, OPT_THREADS, OPT_INTERVAL, OPT_MAX_HELD, OPT_RING_SIZE };

static const struct option options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "cgroup", required_argument, NULL, OPT_CGROUP },
	{ "pid", required_argument, NULL, OPT_PID },
	{ "threads", no_argument, NULL, OPT_THREADS },
	{ "interval", required_argument, NULL, OPT_INTERVAL },
	{ "max-held", required_argument, NULL, OPT_MAX_HELD },
	{ "ring-size", required_argument, NULL, OPT_RING_SIZE },
	{ "quiet", no_argument, NULL, 'q' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{},
};

/* Returns TH_OK, -1 when all has been said, or an exit code. */
static int parse(struct record *r, int argc, char **argv)
{
	unsigned long number;
	int opt, ret = TH_OK;
	unsigned int who = 0;

	opterr = 0;
	while (!ret && (opt = getopt_long(argc, argv, "+:o:qvh", options, NULL)) != -1) {
		switch (opt) {
		case 'o':
			r->output = optarg;
			break;
		case OPT_CGROUP:
			who++;
			ret = parse_cgroup(r, optarg);
			break;
		case OPT_PID:
			who++;
			ret = parse_number("pid", optarg, 1, INT_MAX, &number);
			r->session_opts.scope = TASKHOLD_SCOPE_TREE;
			r->session_opts.root_tgid = number;
			break;
		case OPT_THREADS:
			r->session_opts.threads = true;
			break;
		case OPT_INTERVAL:
			ret = parse_interval(optarg, &r->interval_ns);
			break;
		case OPT_MAX_HELD:
			ret = parse_number("max-held", optarg, 1, TASKHOLD_MAX_HELD, &number);
			r->session_opts.max_held = number;
			break;
		case OPT_RING_SIZE:
			ret = parse_number("ring-size", optarg, 4096, 1UL << 30, &number);
			if (!ret && number & (number - 1))
				ret = th_fail(TH_USAGE, "record: --ring-size %lu: want a power of 2",
					      number);
			r->session_opts.ring_bytes = number;
			break;
		case 'q':
			r->quiet = true;
			break;
		case 'v':
			th_verbose = true;
			break;
		case 'h':
			usage();
			return -1;
		default:
			return th_bad_option("record", options, opt, argv);
		}
	}
	if (ret)
		return ret;
	if (optind == argc && !strcmp(argv[argc - 1], "--"))
		return th_fail(TH_USAGE, "record: there is no command after --; leave that out to record without one");
	if (optind < argc) {
		who++;
		r->argv = argv + optind;
		r->session_opts.scope = TASKHOLD_SCOPE_TREE;
	}
	if (who > 1)
		return th_fail(TH_USAGE, "record: give one of --cgroup, --pid and a command");
	if (r->argv && !strcmp(r->output, "-"))
		return th_fail(TH_USAGE, "record: -o -: the command writes to standard output too; give a file");
	if (!strcmp(r->output, "-") && isatty(STDOUT_FILENO))
		return th_fail(TH_USAGE, "record: -o -: standard output is a terminal; give a file or a pipe");
	return TH_OK;
}

/* ---- all of it ---- */

static int open_pid(struct record *r)
{
	if (r->session_opts.scope != TASKHOLD_SCOPE_TREE || r->argv)
		return TH_OK;
	r->pid_fd = syscall(SYS_pidfd_open, r->session_opts.root_tgid, 0);
	if (r->pid_fd < 0)
		return th_fail(TH_USAGE, "record: --pid %u: %s", r->session_opts.root_tgid,
			       errno == EINVAL ? "is a thread, not a process" : strerror(errno));
	return TH_OK;
}

static int open_signals(struct record *r)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return th_fail(TH_ENV, "cannot block signals: %s", strerror(errno));
	r->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (r->signal_fd < 0)
		return th_fail(TH_ENV, "cannot watch for signals: %s", strerror(errno));
	return TH_OK;
}

/* From attached to detached; the exit code. */
static int record(struct record *r)
{
	int err, ret;

	err = put_begin(r);
	err = err ?: recording_put_meta(r->writer, "policy", session_policy_name(r->session));
	err = err ?: put_cgroups(r, put_cgroup_start);
	err = err ?: recording_flush(r->writer, 0);
	err = err ?: watch_all(r);
	if (!err && r->argv) {
		ret = command_go(&r->command, r->argv);
		if (ret)
			return ret;
		r->command_runs = true;
	}
	err = err ?: loop(r);
	err = err ?: put_end(r);
	err = err ?: recording_flush(r->writer, 0);
	end_progress(r);
	if (!err && r->why == TASKHOLD_END_DETACHED)
		return th_fail(TH_DETACHED, "policy %s is detached from outside: %s; nothing is recorded any more",
			       session_policy_name(r->session), r->detached);
	if (!err)
		return TH_OK;
	if (recording_error(r->writer))
		return TH_OK;	/* recording_close() tells */
	return th_fail(TH_ENV, "recording stopped: %s", strerror(-err));
}

static void warn_incomplete(const struct record *r)
{
	__u64 folded = sum_reasons(&r->stats, 0, TASKHOLD_LOST_NOMEM);
	__u64 lost = r->stats.reasons[TASKHOLD_LOST_NOMEM];
	__u64 threads = r->stats.reasons[TASKHOLD_FOLD_THREAD];

	if (lost)
		th_warn("the numbers of %" PRIu64 " processes are missing: see taskhold report",
			(uint64_t)lost);
	if (folded)
		th_warn("%" PRIu64 " processes are in the sums of their cgroups alone: see taskhold report",
			(uint64_t)folded);
	if (threads)
		th_warn("%" PRIu64 " threads are in the numbers of their processes alone: see taskhold report",
			(uint64_t)threads);
}

int cmd_record(int argc, char **argv)
{
	struct record r = {
		.output = DEFAULT_OUTPUT,
		.status = -1,
		.epoll = -1, .signal_fd = -1, .tick_fd = -1, .pid_fd = -1,
		.quiet = !isatty(STDERR_FILENO),
	};
	struct recording_why why;
	int ret, err;

	ret = parse(&r, argc, argv);
	if (ret)
		return ret < 0 ? TH_OK : ret;
	ret = module_require();
	if (ret)
		return ret;
	ret = open_pid(&r) ?: open_signals(&r);
	if (ret)
		return ret;

	if (r.argv) {
		ret = command_start(&r.command, r.argv);
		if (ret)
			return ret;
		r.session_opts.root_tgid = r.command.pid;
	}
	/* before the file: an earlier recording is not moved aside for nothing */
	ret = session_open(&r.session, &r.session_opts, sink, &r);
	if (ret)
		goto out_command;
	err = recording_create(&r.writer, r.output, &why);
	if (err) {
		ret = th_fail(TH_IO, "%s", why.text);
		goto out_session;
	}

	ret = record(&r);
	session_close(r.session);
	free(r.live_ids);
	if (!ret || ret == TH_DETACHED)
		warn_incomplete(&r);

	err = recording_close(r.writer, &why);
	if (err)
		ret = th_fail(TH_IO, "%s", why.text);
	if (r.command_runs && r.why != TASKHOLD_END_SIGNAL) {
		/* the recording failed; the command goes on to its end */
		waitpid(r.command.pid, &r.status, 0);
		r.command_runs = false;
	}
	if ((!ret || ret == TH_DETACHED) && r.status >= 0)
		ret = command_exit_code(r.status);
	return ret;

out_session:
	session_close(r.session);
out_command:
	if (r.argv)
		command_cancel(&r.command);
	return ret;
}
