// SPDX-License-Identifier: GPL-2.0-only
// timeout: 180
/*
 * A policy that is to be detached, and is not yet: what is said of it, and that nobody
 * takes it for attached. What holds it up is an attach() or detach() that reads memory
 * which userfaultfd gives when the test says so.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <taskhold/ops.h>

#include "counters.h"
#include "error.h"
#include "policy_end.h"

#include "cli_plain.skel.h"
#include "cli_waits.skel.h"

#include "lib/guest.h"
#include "lib/harness.h"

#define PINS		"/sys/fs/bpf/policy-ending"
#define DETACH		"/sys/module/taskhold/parameters/detach"

/* Memory that is read when it is given, and how to tell that somebody waits for it. */
struct memory {
	void *at;
	size_t size;
	int fd;
	bool given;
};

static void memory_make(struct memory *m)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register all = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	m->size = sysconf(_SC_PAGESIZE);
	m->at = mmap(NULL, m->size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	m->fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (m->at == MAP_FAILED || m->fd < 0 || ioctl(m->fd, UFFDIO_API, &api))
		die("userfaultfd");
	all.range.start = (unsigned long)m->at;
	all.range.len = m->size;
	if (ioctl(m->fd, UFFDIO_REGISTER, &all))
		die("UFFDIO_REGISTER");
}

static bool memory_is_wanted(const struct memory *m)
{
	struct pollfd fd = { .fd = m->fd, .events = POLLIN };

	return poll(&fd, 1, 10000 * slowness()) == 1;
}

static void memory_give(struct memory *m)
{
	struct uffdio_zeropage page = {
		.range = { .start = (unsigned long)m->at, .len = m->size },
	};

	if (ioctl(m->fd, UFFDIO_ZEROPAGE, &page))
		die("UFFDIO_ZEROPAGE");
	m->given = true;
}

static void *attach_waiting(void *p)
{
	struct cli_waits *waits = p;

	return bpf_map__attach_struct_ops(waits->maps.waits);
}

static void *detach(void *name)
{
	write_file(DETACH, name);
	return NULL;
}

static void *detach_link(void *fd)
{
	return (void *)(long)bpf_link_detach(*(int *)fd);
}

struct thread {
	pthread_t id;
	bool started;		/* and not waited for */
};

static void start(struct thread *t, void *(*function)(void *), void *argument)
{
	if (pthread_create(&t->id, NULL, function, argument))
		die("start a thread");
	t->started = true;
}

static void *end_of(struct thread *t)
{
	void *ret = NULL;

	if (t->started && pthread_join(t->id, &ret))
		die("wait for a thread");
	t->started = false;
	return ret;
}

/* Is a policy of this name said to be ending? */
static bool is_ending(const char *name)
{
	const struct taskhold_policy_stats *stats;
	struct counters counters;
	const char *what;

	if (counters_read(&counters, &what))
		die("%s", what);
	stats = counters_find(&counters, name);
	return stats && counters_is_ending(stats);
}

FIXTURE(ending)
{
	struct memory memory;
	struct cli_waits *other;	/* whose attach() holds up all */
	struct bpf_link *link;		/* of the other */
	struct thread attaching;	/* the other */
	struct thread detaching;	/* what the test is about */
	pid_t command;			/* 0: it has been waited for */
	int said;			/* by the command */
	int detached;			/* a link's descriptor, for detach_link() */
};

FIXTURE_SETUP(ending)
{
	struct taskhold_ops *ops;
	size_t size;

	memory_make(&self->memory);
	self->other = cli_waits__open();
	ASSERT_NE(NULL, self->other);
	self->other->rodata->attach_reads = (unsigned long)self->memory.at;
	bpf_program__set_autoload(self->other->progs.stop_at_link, false);
	bpf_program__set_autoload(self->other->progs.stop_at_pin, false);
	ops = bpf_map__initial_value(self->other->maps.waits, &size);
	strcpy(ops->name, "other");
	ASSERT_EQ(0, cli_waits__load(self->other));
}

/* Whatever did not hold: nothing of it is there when the next test begins. */
FIXTURE_TEARDOWN(ending)
{
	struct bpf_link *link;

	if (self->command)
		kill(self->command, SIGKILL);
	/* it ends when its policy can be detached */
	if (!self->memory.given)
		memory_give(&self->memory);
	if (self->command)
		waitpid(self->command, NULL, 0);
	link = end_of(&self->attaching);
	if (link)
		self->link = link;
	end_of(&self->detaching);
	if (!access(PINS, F_OK) && system("rm -r " PINS))
		die("rm -r " PINS);
	bpf_link__destroy(self->link);
	cli_waits__destroy(self->other);
}

/* From here on no policy can be attached or detached. */
static void hold_up(struct __test_metadata *_metadata, FIXTURE_DATA(ending) *self)
{
	start(&self->attaching, attach_waiting, self->other);
	ASSERT_TRUE(memory_is_wanted(&self->memory));
}

static void go_on(struct __test_metadata *_metadata, FIXTURE_DATA(ending) *self)
{
	memory_give(&self->memory);
	self->link = end_of(&self->attaching);
	ASSERT_NE(NULL, self->link);
}

/* taskhold policy attach with these options, which is stopped where its companions say. */
#define attach_and_stop(...)						\
	attach_and_stop_with(_metadata, self, (const char *[]){ __VA_ARGS__, NULL })

static void attach_and_stop_with(struct __test_metadata *_metadata, FIXTURE_DATA(ending) *self,
				 const char *options[])
{
	const char *arguments[16] = { "taskhold", "policy", "attach" };
	const char *root = getenv("TASKHOLD_ROOT");
	int pipes[2], status;
	char path[512];
	size_t i;

	if (!root || pipe(pipes))
		die("TASKHOLD_ROOT, or a pipe");
	snprintf(path, sizeof(path), "%s/out/tests/progs/cli_waits.bpf.o", root);
	arguments[3] = path;
	for (i = 0; options[i]; i++)
		arguments[4 + i] = options[i];
	self->command = fork();
	if (self->command < 0)
		die("fork");
	if (self->command == 0) {
		dup2(pipes[1], STDOUT_FILENO);
		dup2(pipes[1], STDERR_FILENO);
		close(pipes[0]);
		close(pipes[1]);
		execvp("taskhold", (char **)arguments);
		_exit(127);
	}
	close(pipes[1]);
	self->said = pipes[0];
	ASSERT_TRUE(until(30, waitpid(self->command, &status, WUNTRACED | WNOHANG) ==
				      self->command));
	ASSERT_TRUE(WIFSTOPPED(status));
}

/* The command is stopped, and its policy is wanted detached and cannot be yet. */
static void want_it_detached(struct __test_metadata *_metadata, FIXTURE_DATA(ending) *self)
{
	hold_up(_metadata, self);
	start(&self->detaching, detach, "waits");
	EXPECT_TRUE(until(10, is_ending("waits")));
}

static bool has_said(FIXTURE_DATA(ending) *self, char *said, size_t size, const char *text)
{
	size_t len = strlen(said);
	ssize_t n = read(self->said, said + len, size - 1 - len);

	if (n > 0)
		said[len + n] = 0;
	return strstr(said, text);
}

/* Once it is let go on the command says this in time. */
static void expect_words(struct __test_metadata *_metadata, FIXTURE_DATA(ending) *self,
			 int seconds, const char *text)
{
	char said[4096] = "";

	ASSERT_EQ(0, fcntl(self->said, F_SETFL, O_NONBLOCK));
	EXPECT_TRUE(until(seconds, has_said(self, said, sizeof(said), text))) {
		TH_LOG("%s", said);
	}
}

/* And has taken its pins back. */
static void expect_complaint(struct __test_metadata *_metadata, FIXTURE_DATA(ending) *self,
			     int seconds, const char *text)
{
	expect_words(_metadata, self, seconds, text);
	close(self->said);
	EXPECT_TRUE(until(10, access(PINS, F_OK)));
}

static void expect_status(struct __test_metadata *_metadata, FIXTURE_DATA(ending) *self, int want)
{
	int status = -1;

	ASSERT_TRUE(until(30, waitpid(self->command, &status, WNOHANG) == self->command));
	self->command = 0;
	ASSERT_TRUE(WIFEXITED(status));
	EXPECT_EQ(want, WEXITSTATUS(status));
}

static void expect_said(struct __test_metadata *_metadata, const char *command, const char *text)
{
	FILE *f = popen(command, "r");
	char said[8192];
	size_t n;

	ASSERT_NE(NULL, f);
	n = fread(said, 1, sizeof(said) - 1, f);
	said[n] = 0;
	EXPECT_EQ(0, pclose(f));
	EXPECT_NE(NULL, strstr(said, text)) {
		TH_LOG("%s: %s", command, said);
	}
}

/* The module has been asked to detach it, and cannot yet. */
TEST_F(ending, is_said_of_it)
{
	struct cli_plain *plain = cli_plain__open_and_load();

	ASSERT_NE(NULL, plain);
	plain->links.plain = bpf_map__attach_struct_ops(plain->maps.plain);
	ASSERT_NE(NULL, plain->links.plain);
	EXPECT_FALSE(is_ending("plain"));
	hold_up(_metadata, self);
	start(&self->detaching, detach, "plain");
	EXPECT_TRUE(until(10, is_ending("plain")));
	expect_said(_metadata, "taskhold policy list", "plain (ending) ");
	expect_said(_metadata, "taskhold policy list --json", "\"flags\":1073741824");
	expect_said(_metadata, "taskhold policy show plain",
		    "ending      it is not called any more, and will be detached");
	go_on(_metadata, self);
	end_of(&self->detaching);
	expect_said(_metadata, "taskhold policy show plain --json", "\"flags\":0");
	expect_said(_metadata, "taskhold policy show plain", "parameter detach named it");
	cli_plain__destroy(plain);
}

/* It will be detached later than the command waits for. */
TEST_F(ending, is_not_pinned)
{
	attach_and_stop("--pin", PINS);
	want_it_detached(_metadata, self);
	ASSERT_EQ(0, kill(self->command, SIGCONT));
	expect_complaint(_metadata, self, 30,
			 "policy waits is being detached from outside; 'taskhold policy show waits' will say why");
	/* nor can its link be let go of before */
	go_on(_metadata, self);
	expect_status(_metadata, self, TH_DETACHED);
}

/* Nor is it said to be attached where the command would hold it. */
static void expect_held(struct __test_metadata *_metadata, FIXTURE_DATA(ending) *self,
			const char *text)
{
	want_it_detached(_metadata, self);
	ASSERT_EQ(0, kill(self->command, SIGCONT));
	expect_words(_metadata, self, 30, text);
	go_on(_metadata, self);
	expect_complaint(_metadata, self, 10,
			 "policy waits is detached from outside: the module's parameter detach named it");
	expect_status(_metadata, self, TH_DETACHED);
}

TEST_F(ending, is_not_attached)
{
	attach_and_stop("--set", "stops_early=true");
	expect_held(_metadata, self, "policy waits is being detached, by link ");
}

TEST_F(ending, is_not_attached_as_json)
{
	attach_and_stop("--set", "stops_early=true", "--json");
	expect_held(_metadata, self, "\"ending\":true");
}

/* Nor is it waited for where a signal says not to. */
TEST_F(ending, is_not_waited_for)
{
	attach_and_stop("--pin", PINS);
	want_it_detached(_metadata, self);
	ASSERT_EQ(0, kill(self->command, SIGTERM));
	ASSERT_EQ(0, kill(self->command, SIGCONT));
	/* which is less than it waits for */
	expect_complaint(_metadata, self, POLICY_END_WAIT_MS / 1000 - 2, "ended by signal 15");
	go_on(_metadata, self);
	expect_status(_metadata, self, TH_SIGNAL + SIGTERM);
}

/* Its detach() has been called, and has not returned. */
TEST_F(ending, has_ended_for_all_but_itself)
{
	__u32 id = 0;
	char set[64];

	snprintf(set, sizeof(set), "detach_reads=%lu", (unsigned long)self->memory.at);
	attach_and_stop("--pin", PINS, "--set", set);
	/* the last that was made; those of the companions come before it */
	while (!bpf_link_get_next_id(id, &id))
		;
	self->detached = bpf_link_get_fd_by_id(id);
	ASSERT_LE(0, self->detached);
	start(&self->detaching, detach_link, &self->detached);
	ASSERT_TRUE(memory_is_wanted(&self->memory));
	ASSERT_EQ(0, kill(self->command, SIGCONT));
	expect_complaint(_metadata, self, 30, "policy waits is detached from outside: ");
	expect_status(_metadata, self, TH_DETACHED);
	memory_give(&self->memory);
	EXPECT_EQ(0, (long)end_of(&self->detaching));
	close(self->detached);
}

/* The command may open no further file from here on, and so asks the module nothing. */
static void forbid_files(struct __test_metadata *_metadata, FIXTURE_DATA(ending) *self)
{
	struct rlimit limit = { };
	char path[64];

	do {
		snprintf(path, sizeof(path), "/proc/%d/fd/%lu", self->command, limit.rlim_cur);
	} while (!access(path, F_OK) && limit.rlim_cur++ < 1024);
	limit.rlim_max = limit.rlim_cur;
	ASSERT_EQ(0, prlimit(self->command, RLIMIT_NOFILE, &limit, NULL));
}

/* Nobody can tell whether it ends. */
TEST_F(ending, may_be_unknown)
{
	attach_and_stop("--pin", PINS);
	forbid_files(_metadata, self);
	ASSERT_EQ(0, kill(self->command, SIGCONT));
	expect_complaint(_metadata, self, 30,
			 "so nobody knows whether the policies are attached yet: loading the BPF program failed: ");
	expect_status(_metadata, self, TH_ENV);
}

TEST_HARNESS_MAIN
