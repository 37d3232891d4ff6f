// SPDX-License-Identifier: GPL-2.0-only
// timeout: 180
/*
 * An update of a policy that somebody else has updated, or detached, since it was looked
 * at: it fails, says so, and what they made of it runs on. A pin that is another's by
 * now, which stays. And a policy that is attached without a link, which libbpf still
 * makes and the command does not.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "array.h"
#include "error.h"
#include "policy.h"
#include "policy_find.h"
#include "policy_object.h"
#include "policy_pin.h"
#include "policy_replace.h"
#include "policy_signal.h"
#include "policy_stop.h"

#include "cli_plain.skel.h"
#include "cli_unlinked.skel.h"

#include "lib/guest.h"
#include "lib/harness.h"

FIXTURE(race)
{
	struct cli_plain *running, *ours, *theirs;
	struct policies seen;
};

/* Its value is set by an attachment that is over again. */
static struct cli_plain *ready(void)
{
	struct cli_plain *p = cli_plain__open_and_load();

	if (!p)
		die("load cli_plain.bpf.o");
	p->links.plain = bpf_map__attach_struct_ops(p->maps.plain);
	if (!p->links.plain)
		die("attach it");
	return p;
}

static void let_go(struct cli_plain *p)
{
	bpf_link__destroy(p->links.plain);
	p->links.plain = NULL;
}

FIXTURE_SETUP(race)
{
	self->ours = ready();
	let_go(self->ours);
	self->theirs = ready();
	let_go(self->theirs);
	self->running = ready();
	ASSERT_EQ(TH_OK, policies_read(&self->seen));
	ASSERT_NE(NULL, policy_find(&self->seen, "plain"));
}

FIXTURE_TEARDOWN(race)
{
	policies_free(&self->seen);
	cli_plain__destroy(self->running);
	cli_plain__destroy(self->theirs);
	cli_plain__destroy(self->ours);
}

static __u32 map_id(const struct bpf_map *map)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	return bpf_map_get_info_by_fd(bpf_map__fd(map), &info, &len) ? 0 : info.id;
}

/* The map that the link has in the kernel. */
static __u32 linked(const struct bpf_link *link)
{
	struct bpf_link_info info = {};
	__u32 len = sizeof(info);

	return bpf_link_get_info_by_fd(bpf_link__fd(link), &info, &len) ?
		       0 : info.struct_ops.map_id;
}

/* policy_replace() with what it says on stderr. */
static int replace(const struct policies *seen, const struct bpf_map *map, char *said, size_t size)
{
	int pipes[2], keep = dup(STDERR_FILENO), ret;
	ssize_t n;

	if (keep < 0 || pipe(pipes))
		die("pipe");
	dup2(pipes[1], STDERR_FILENO);
	ret = policy_replace(policy_find(seen, "plain"), bpf_map__fd(map));
	dup2(keep, STDERR_FILENO);
	close(keep);
	close(pipes[1]);
	n = read(pipes[0], said, size - 1);
	said[n < 0 ? 0 : n] = 0;
	close(pipes[0]);
	return ret;
}

TEST_F(race, nobody_else)
{
	char said[1024];

	EXPECT_EQ(TH_OK, replace(&self->seen, self->ours->maps.plain, said, sizeof(said)));
	EXPECT_STREQ("", said);
	EXPECT_EQ(map_id(self->ours->maps.plain), linked(self->running->links.plain));
}

TEST_F(race, updated)
{
	char said[1024];

	ASSERT_EQ(0, bpf_link__update_map(self->running->links.plain, self->theirs->maps.plain));
	EXPECT_EQ(TH_ENV, replace(&self->seen, self->ours->maps.plain, said, sizeof(said)));
	EXPECT_NE(NULL, strstr(said, "policy plain: somebody else has updated it just now"))
		TH_LOG("%s", said);
	EXPECT_EQ(map_id(self->theirs->maps.plain), linked(self->running->links.plain));
}

TEST_F(race, detached)
{
	char said[1024];

	ASSERT_EQ(0, bpf_link_detach(bpf_link__fd(self->running->links.plain)));
	EXPECT_EQ(TH_ENV, replace(&self->seen, self->ours->maps.plain, said, sizeof(said)));
	EXPECT_NE(NULL, strstr(said, "policy plain: it has been detached just now"))
		TH_LOG("%s", said);
	EXPECT_EQ(0, linked(self->running->links.plain));
}

TEST_F(race, gone)
{
	char said[1024];

	let_go(self->running);
	EXPECT_EQ(TH_ENV, replace(&self->seen, self->ours->maps.plain, said, sizeof(said)));
	EXPECT_NE(NULL, strstr(said, "policy plain: it has been detached just now"))
		TH_LOG("%s", said);
}

/* A map whose value is not set cannot be attached. */
TEST_F(race, not_ready)
{
	struct cli_plain *raw = cli_plain__open_and_load();
	char said[1024];

	ASSERT_NE(NULL, raw);
	EXPECT_EQ(TH_ENV, replace(&self->seen, raw->maps.plain, said, sizeof(said)));
	EXPECT_NE(NULL, strstr(said, "policy plain: the module refuses the update"))
		TH_LOG("%s", said);
	EXPECT_EQ(map_id(self->running->maps.plain), linked(self->running->links.plain));
	cli_plain__destroy(raw);
}

/* What is pinned there by now is removed only where it is that link. */
TEST_F(race, pinned)
{
	const char *path = "/sys/fs/bpf/policy-race";
	const struct policy_place *place = policy_find(&self->seen, "plain");

	EXPECT_EQ(0, policy_pin_remove(path, place->link_id));
	ASSERT_EQ(0, bpf_obj_pin(bpf_link__fd(self->running->links.plain), path));
	EXPECT_EQ(0, policy_pin_remove(path, place->link_id + 1));
	EXPECT_EQ(0, access(path, F_OK));
	EXPECT_EQ(1, policy_pin_remove(path, place->link_id));
	EXPECT_NE(0, access(path, F_OK));
	/* the map of the same number is no link */
	ASSERT_EQ(0, bpf_obj_pin(bpf_map__fd(self->ours->maps.plain), path));
	EXPECT_EQ(0, policy_pin_remove(path, map_id(self->ours->maps.plain)));
	EXPECT_EQ(0, access(path, F_OK));
	EXPECT_EQ(1, policy_pin_remove(path, 0));
	EXPECT_NE(0, access(path, F_OK));
}

/* Between the reading of the places and of the numbers another has come. */
TEST_F(race, another_of_that_name)
{
	const struct taskhold_policy_stats *stats;
	struct policy_place place = *policy_find(&self->seen, "plain");
	struct taskhold_exit_info info;
	const char *what;
	time_t begun;

	ASSERT_EQ(0, bpf_link_detach(bpf_link__fd(self->running->links.plain)));
	self->ours->links.plain = bpf_map__attach_struct_ops(self->ours->maps.plain);
	ASSERT_NE(NULL, self->ours->links.plain);
	ASSERT_EQ(0, counters_read(&self->seen.counters, &what));
	stats = counters_find(&self->seen.counters, "plain");
	ASSERT_NE(NULL, stats);
	begun = time(NULL);
	EXPECT_EQ(TH_ENV, policy_stop(&self->seen, &place, stats->id, &info));
	EXPECT_GT(10 * slowness(), time(NULL) - begun);
	EXPECT_NE(NULL, strstr(th_failed(), "attached another of that name just now; try again"))
		TH_LOG("%s", th_failed());
	/* which is left alone */
	EXPECT_EQ(map_id(self->ours->maps.plain), linked(self->ours->links.plain));
}

/* Somebody else has detached it, and nobody come: it is gone all the same. */
TEST_F(race, gone_already)
{
	const struct taskhold_policy_stats *stats = counters_find(&self->seen.counters, "plain");
	struct policy_place place = *policy_find(&self->seen, "plain");
	struct taskhold_exit_info info;

	ASSERT_NE(NULL, stats);
	ASSERT_EQ(0, bpf_link_detach(bpf_link__fd(self->running->links.plain)));
	EXPECT_EQ(TH_OK, policy_stop(&self->seen, &place, stats->id, &info));
	EXPECT_EQ(TASKHOLD_EXIT_UNREG, info.kind);
	EXPECT_EQ(stats->id, info.stats.id);
}

/* Somebody else has let it go: there is no link of that number any more. */
TEST_F(race, link_gone_already)
{
	const struct taskhold_policy_stats *stats = counters_find(&self->seen.counters, "plain");
	struct policy_place place = *policy_find(&self->seen, "plain");
	struct taskhold_exit_info info;

	ASSERT_NE(NULL, stats);
	let_go(self->running);
	EXPECT_EQ(TH_OK, policy_stop(&self->seen, &place, stats->id, &info));
	EXPECT_EQ(TASKHOLD_EXIT_UNREG, info.kind);
	EXPECT_EQ(stats->id, info.stats.id);
}

static const char *object(const char *name)
{
	static char path[512];
	const char *root = getenv("TASKHOLD_ROOT");

	if (!root)
		die("TASKHOLD_ROOT is not set");
	snprintf(path, sizeof(path), "%s/out/tests/progs/%s.bpf.o", root, name);
	return path;
}

static int nr_links(void)
{
	__u32 id = 0;
	int nr = 0;

	while (!bpf_link_get_next_id(id, &id))
		nr++;
	return nr;
}

/* Those of an attachment that is taken back go before the process does. */
TEST(attach_taken_back)
{
	const struct policy_args args = {
		.object = object("cli_signal"), .pin = "/sys/fs/bpf/policy-race",
	};

	ASSERT_EQ(0, nr_links());
	EXPECT_EQ(TH_SIGNAL + SIGTERM, policy_attach(&args));
	/* a pin that is removed gives up its link later */
	EXPECT_TRUE(until(10, nr_links() == 0));
	EXPECT_NE(0, access(args.pin, F_OK));
}

/* So do those of an update, and the policy's own stays. */
TEST_F(race, update_taken_back)
{
	const struct policy_args args = { .name = "plain", .object = object("cli_signal") };
	const char *dir = "/sys/fs/bpf/policy-race", *path = "/sys/fs/bpf/policy-race/plain";

	ASSERT_EQ(0, mkdir(dir, 0700));
	ASSERT_EQ(0, bpf_obj_pin(bpf_link__fd(self->running->links.plain), path));
	ASSERT_EQ(1, nr_links());
	EXPECT_EQ(TH_SIGNAL + SIGTERM, policy_update(&args));
	EXPECT_TRUE(until(10, nr_links() == 1));
	EXPECT_EQ(map_id(self->running->maps.plain), linked(self->running->links.plain));
	EXPECT_EQ(0, unlink(path));
	EXPECT_EQ(0, rmdir(dir));
}

/* One that is held, and so many have ended when it looks that nobody knows why it has. */
TEST(forgotten)
{
	const struct policy_args args = { .object = object("cli_plain") };
	const struct taskhold_policy_stats *stats;
	const struct policy_place *place;
	struct policies seen;
	int pipes[2], status, i;
	char said[64];
	pid_t pid;

	ASSERT_EQ(0, pipe(pipes));
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		dup2(pipes[1], STDOUT_FILENO);
		_exit(policy_attach(&args));
	}
	/* it speaks when it is attached */
	ASSERT_GT(read(pipes[0], said, sizeof(said)), 0);
	ASSERT_EQ(0, kill(pid, SIGSTOP));
	ASSERT_EQ(pid, waitpid(pid, &status, WUNTRACED));
	ASSERT_TRUE(WIFSTOPPED(status));
	ASSERT_EQ(TH_OK, policies_read(&seen));
	ASSERT_EQ(TH_OK, policy_find_attached(&seen, "plain", &stats, &place));
	EXPECT_EQ(0, policy_stop_place(place));
	for (i = 0; i < TASKHOLD_MAX_ENDED; i++)
		cli_plain__destroy(ready());
	ASSERT_EQ(0, kill(pid, SIGCONT));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(TH_DETACHED, WEXITSTATUS(status));
	policies_free(&seen);
	close(pipes[0]);
	close(pipes[1]);
}

/* Of a path that cannot be made to its end, what was made of it goes. */
TEST(pin_undo)
{
	struct policy_pin pin = {};
	char path[512];

	snprintf(path, sizeof(path), "/sys/fs/bpf/policy-race/b/%0256d", 0);
	EXPECT_EQ(TH_IO, policy_pin_make(&pin, path));
	EXPECT_NE(0, access("/sys/fs/bpf/policy-race", F_OK));
	policy_pin_free(&pin);

	pin = (struct policy_pin){};
	ASSERT_EQ(0, mkdir("/sys/fs/bpf/policy-race", 0700));
	EXPECT_EQ(TH_IO, policy_pin_make(&pin, path));
	/* it was there before */
	EXPECT_EQ(0, rmdir("/sys/fs/bpf/policy-race"));
	policy_pin_free(&pin);
}

/* How a child ends that has signals wait, when one comes. */
static int ends_by(int signal)
{
	pid_t pid = fork();
	int status, fd;

	if (pid < 0)
		die("fork");
	if (!pid) {
		if (policy_signal_block(&fd))
			_exit(1);
		raise(signal);
		_exit(policy_signal_come(fd));
	}
	if (waitpid(pid, &status, 0) != pid)
		die("wait");
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

TEST(signals)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(signals); i++) {
		signal(signals[i], SIG_DFL);
		EXPECT_EQ(TH_SIGNAL + signals[i], ends_by(signals[i]));
	}
	signal(SIGHUP, SIG_IGN);
	EXPECT_EQ(TH_OK, ends_by(SIGHUP));
	signal(SIGHUP, SIG_DFL);
	/* is seen by who writes */
	EXPECT_EQ(TH_OK, ends_by(SIGPIPE));
}

/* A map is pinned by its name after the load, and only where nobody else has by then. */
TEST(pinned_meanwhile)
{
	const char *root = getenv("TASKHOLD_ROOT"), *path = "/sys/fs/bpf/cli_state";
	struct policy_args args = {};
	struct policy_object o;
	char object[4096];
	int fd;

	snprintf(object, sizeof(object), "%s/out/tests/progs/cli_attach.bpf.o", root ?: ".");
	args.object = object;
	ASSERT_EQ(TH_OK, policy_object_open(&o, &args));
	ASSERT_EQ(TH_OK, policy_object_load_or_say(&o));
	EXPECT_NE(0, access(path, F_OK));

	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "theirs", 4, 4, 1, NULL);
	ASSERT_EQ(0, bpf_obj_pin(fd, path));
	EXPECT_EQ(TH_ENV, policy_object_pin(&o));
	EXPECT_NE(NULL, strstr(th_failed(), "somebody else has pinned a map there just now"))
		TH_LOG("%s", th_failed());
	policy_object_unpin(&o);
	EXPECT_EQ(0, unlink(path));
	close(fd);

	EXPECT_EQ(TH_OK, policy_object_pin(&o));
	EXPECT_EQ(0, access(path, F_OK));
	policy_object_unpin(&o);
	EXPECT_NE(0, access(path, F_OK));
	policy_object_close(&o);
}

TEST(without_link)
{
	struct cli_unlinked *p = cli_unlinked__open_and_load();
	__u32 key = 0;

	ASSERT_NE(NULL, p);
	p->links.unlinked = bpf_map__attach_struct_ops(p->maps.unlinked);
	ASSERT_NE(NULL, p->links.unlinked);
	EXPECT_EQ(0, system("taskhold policy list | grep -q '^unlinked .*itself, without a link'"));
	EXPECT_EQ(0, system("taskhold policy detach unlinked"));
	/* among those that have ended it still is */
	EXPECT_NE(0, system("taskhold policy list | grep -q '^unlinked .*itself'"));
	EXPECT_EQ(0, system("taskhold policy list | grep -q '^unlinked ended '"));
	/* it is on its way out already */
	EXPECT_EQ(-EINPROGRESS, bpf_map_delete_elem(bpf_map__fd(p->maps.unlinked), &key));
	cli_unlinked__destroy(p);
}

/* Somebody else has removed its registration: it is gone all the same. */
TEST(without_link_gone_already)
{
	struct cli_unlinked *p = cli_unlinked__open_and_load();
	const struct taskhold_policy_stats *stats;
	const struct policy_place *found;
	struct taskhold_exit_info info;
	struct policy_place place;
	struct policies seen;
	__u32 key = 0;

	ASSERT_NE(NULL, p);
	p->links.unlinked = bpf_map__attach_struct_ops(p->maps.unlinked);
	ASSERT_NE(NULL, p->links.unlinked);
	ASSERT_EQ(TH_OK, policies_read(&seen));
	ASSERT_EQ(TH_OK, policy_find_attached(&seen, "unlinked", &stats, &found));
	place = *found;
	ASSERT_EQ(0, place.link_id);
	ASSERT_EQ(0, bpf_map_delete_elem(bpf_map__fd(p->maps.unlinked), &key));
	EXPECT_EQ(TH_OK, policy_stop(&seen, &place, stats->id, &info));
	EXPECT_EQ(TASKHOLD_EXIT_UNREG, info.kind);
	EXPECT_EQ(stats->id, info.stats.id);
	policies_free(&seen);
	cli_unlinked__destroy(p);
}

/* The module has ended it, its registration is still there: detach removes that. */
TEST(ended_without_link)
{
	struct cli_unlinked *p = cli_unlinked__open_and_load();
	__u32 key = 0;

	ASSERT_NE(NULL, p);
	p->links.unlinked = bpf_map__attach_struct_ops(p->maps.unlinked);
	ASSERT_NE(NULL, p->links.unlinked);
	ASSERT_EQ(0, system("echo unlinked >/sys/module/taskhold/parameters/detach"));
	EXPECT_EQ(0, system("taskhold policy list | grep -q '^unlinked ended '"));
	EXPECT_EQ(0, system("taskhold policy detach unlinked | "
			    "grep -q '^removed the registration of map '"));
	EXPECT_EQ(-EINPROGRESS, bpf_map_delete_elem(bpf_map__fd(p->maps.unlinked), &key));
	/* once */
	EXPECT_NE(0, system("taskhold policy detach unlinked"));
	cli_unlinked__destroy(p);
}

TEST_HARNESS_MAIN
