// SPDX-License-Identifier: GPL-2.0-only
// timeout: 180
// kernel: stock
/*
 * A policy that is to be detached, and is not yet: what is said of it, and that nobody
 * takes it for attached. What holds it up is an attach() or detach() that reads memory
 * which userfaultfd gives when the test says so; kernels that are built here have none.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <taskhold/ops.h>

#include "counters.h"
#include "error.h"

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

	return poll(&fd, 1, 10000) == 1;
}

static void memory_give(const struct memory *m)
{
	struct uffdio_zeropage page = {
		.range = { .start = (unsigned long)m->at, .len = m->size },
	};

	if (ioctl(m->fd, UFFDIO_ZEROPAGE, &page))
		die("UFFDIO_ZEROPAGE");
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

static pthread_t start(void *(*function)(void *), void *argument)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, function, argument))
		die("start a thread");
	return thread;
}

static void *end_of(pthread_t thread)
{
	void *ret;

	if (pthread_join(thread, &ret))
		die("wait for a thread");
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
	pthread_t attaching;
	pid_t command;
	int said;			/* by the command */
};

FIXTURE_SETUP(ending)
{
	struct taskhold_ops *ops;
	size_t size;

	memory_make(&self->memory);
	self->other = cli_waits__open();
	ASSERT_NE(NULL, self->other);
	self->other->rodata->attach_reads = (unsigned long)self->memory.at;
	bpf_program__set_autoload(self->other->progs.stop_it, false);
	ops = bpf_map__initial_value(self->other->maps.waits, &size);
	strcpy(ops->name, "other");
	ASSERT_EQ(0, cli_waits__load(self->other));
}

FIXTURE_TEARDOWN(ending)
{
	bpf_link__destroy(self->link);
	cli_waits__destroy(self->other);
}

/* From here on no policy can be attached or detached. */
static void hold_up(struct __test_metadata *_metadata, FIXTURE_DATA(ending) *self)
{
	self->attaching = start(attach_waiting, self->other);
	ASSERT_TRUE(memory_is_wanted(&self->memory));
}

static void go_on(struct __test_metadata *_metadata, FIXTURE_DATA(ending) *self)
{
	memory_give(&self->memory);
	self->link = end_of(self->attaching);
	ASSERT_NE(NULL, self->link);
}

/* taskhold policy attach --pin, which is stopped where it pins its link. */
static void attach_and_stop(struct __test_metadata *_metadata, FIXTURE_DATA(ending) *self,
			    const char *set)
{
	const char *root = getenv("TASKHOLD_ROOT");
	int pipes[2], status;
	char path[512];

	if (!root || pipe(pipes))
		die("TASKHOLD_ROOT, or a pipe");
	snprintf(path, sizeof(path), "%s/out/tests/progs/cli_waits.bpf.o", root);
	self->command = fork();
	if (self->command == 0) {
		dup2(pipes[1], STDOUT_FILENO);
		dup2(pipes[1], STDERR_FILENO);
		close(pipes[0]);
		close(pipes[1]);
		execlp("taskhold", "taskhold", "policy", "attach", path, "--pin", PINS, "--set",
		       set, NULL);
		_exit(127);
	}
	close(pipes[1]);
	self->said = pipes[0];
	ASSERT_TRUE(until(30, waitpid(self->command, &status, WUNTRACED | WNOHANG)));
	ASSERT_TRUE(WIFSTOPPED(status));
}

/* The command is stopped, and its policy cannot be detached yet; who wants that. */
static pthread_t attach_what_ends(struct __test_metadata *_metadata, FIXTURE_DATA(ending) *self)
{
	pthread_t detaching;

	attach_and_stop(_metadata, self, "attach_reads=0");
	hold_up(_metadata, self);
	detaching = start(detach, "waits");
	EXPECT_TRUE(until(10, is_ending("waits")));
	return detaching;
}

static bool has_said(FIXTURE_DATA(ending) *self, char *said, size_t size, const char *text)
{
	size_t len = strlen(said);
	ssize_t n = read(self->said, said + len, size - 1 - len);

	if (n > 0)
		said[len + n] = 0;
	return strstr(said, text);
}

/* Once it is let go on the command says this in time, and has taken its pins back. */
static void expect_complaint(struct __test_metadata *_metadata, FIXTURE_DATA(ending) *self,
			     int seconds, const char *text)
{
	char said[4096] = "";

	ASSERT_EQ(0, fcntl(self->said, F_SETFL, O_NONBLOCK));
	EXPECT_TRUE(until(seconds, has_said(self, said, sizeof(said), text))) {
		TH_LOG("%s", said);
	}
	close(self->said);
	EXPECT_TRUE(until(10, access(PINS, F_OK)));
}

static void expect_status(struct __test_metadata *_metadata, FIXTURE_DATA(ending) *self, int want)
{
	int status = -1;

	ASSERT_TRUE(until(30, waitpid(self->command, &status, WNOHANG)));
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
	pthread_t detaching;

	ASSERT_NE(NULL, plain);
	plain->links.plain = bpf_map__attach_struct_ops(plain->maps.plain);
	ASSERT_NE(NULL, plain->links.plain);
	EXPECT_FALSE(is_ending("plain"));
	hold_up(_metadata, self);
	detaching = start(detach, "plain");
	EXPECT_TRUE(until(10, is_ending("plain")));
	expect_said(_metadata, "taskhold policy list", "plain (ending) ");
	expect_said(_metadata, "taskhold policy list --json", "\"flags\":1073741824");
	expect_said(_metadata, "taskhold policy show plain",
		    "ending      it is not called any more, and will be detached");
	go_on(_metadata, self);
	end_of(detaching);
	expect_said(_metadata, "taskhold policy show plain --json", "\"flags\":0");
	expect_said(_metadata, "taskhold policy show plain", "parameter detach named it");
	cli_plain__destroy(plain);
}

/* It will be detached later than the command waits for. */
TEST_F(ending, is_not_attached)
{
	pthread_t detaching = attach_what_ends(_metadata, self);

	ASSERT_EQ(0, kill(self->command, SIGCONT));
	expect_complaint(_metadata, self, 30,
			 "policy waits is being detached from outside; 'taskhold policy show waits' will say why");
	/* nor can its link be let go of before */
	go_on(_metadata, self);
	expect_status(_metadata, self, TH_DETACHED);
	end_of(detaching);
}

/* Nor is it waited for where a signal says not to. */
TEST_F(ending, is_not_waited_for)
{
	pthread_t detaching = attach_what_ends(_metadata, self);

	ASSERT_EQ(0, kill(self->command, SIGTERM));
	ASSERT_EQ(0, kill(self->command, SIGCONT));
	/* which is less than it waits for */
	expect_complaint(_metadata, self, 8, "ended by signal 15");
	go_on(_metadata, self);
	expect_status(_metadata, self, TH_SIGNAL + SIGTERM);
	end_of(detaching);
}

/* Its detach() has been called, and has not returned. */
TEST_F(ending, has_ended_for_all_but_itself)
{
	pthread_t detaching;
	__u32 id = 0;
	char set[64];
	int fd;

	snprintf(set, sizeof(set), "detach_reads=%lu", (unsigned long)self->memory.at);
	attach_and_stop(_metadata, self, set);
	/* the last that was made; the companion's comes before it */
	while (!bpf_link_get_next_id(id, &id))
		;
	fd = bpf_link_get_fd_by_id(id);
	ASSERT_LE(0, fd);
	detaching = start(detach_link, &fd);
	ASSERT_TRUE(memory_is_wanted(&self->memory));
	ASSERT_EQ(0, kill(self->command, SIGCONT));
	expect_complaint(_metadata, self, 30, "policy waits is detached from outside: ");
	expect_status(_metadata, self, TH_DETACHED);
	memory_give(&self->memory);
	EXPECT_EQ(0, (long)end_of(detaching));
	close(fd);
}

TEST_HARNESS_MAIN
