// SPDX-License-Identifier: GPL-2.0-only
// rows: S3
/*
 * A policy is detached while its link is open: who waits at the link is told by
 * EPOLLHUP, and policies that are attached meanwhile see every process.
 */
#include <sys/epoll.h>

#include "lib/policy.h"

#include "lib/harness.h"

FIXTURE(detached)
{
	struct reader *r;
	struct policy *p;		/* is detached */
	struct policy *beside[2];	/* are not */
	int link;
	int seen;			/* processes, so far */
};

FIXTURE_SETUP(detached)
{
	self->r = reader_open();
	self->beside[0] = policy_open("before");
	self->p = policy_open("detached");
	self->beside[1] = policy_open("after");
	policy_load(self->beside[0]);
	policy_load(self->p);
	policy_load(self->beside[1]);
	policy_attach(self->beside[0], self->r);
	policy_attach(self->p, self->r);
	policy_attach(self->beside[1], self->r);
	self->link = bpf_link__fd(self->p->links.ops);
	self->seen = 0;
}

FIXTURE_TEARDOWN(detached)
{
	policy__destroy(self->beside[0]);
	policy__destroy(self->p);
	policy__destroy(self->beside[1]);
	reader__destroy(self->r);
}

/* A process comes and goes, and each of the others sees it once. */
#define NEXT_PROCESS()								\
({										\
	pid_t pid_ = fork();							\
										\
	if (pid_ == 0)								\
		_exit(0);							\
	reap(pid_);								\
	self->seen++;								\
	reader_finish(self->r, 0);						\
	EXPECT_EQ(1, policy_calls(self->beside[0], POLICY_ADMIT, pid_));	\
	EXPECT_EQ(1, policy_calls(self->beside[1], POLICY_ADMIT, pid_));	\
	EXPECT_EQ(1, policy_calls(self->beside[0], POLICY_FINISH, pid_));	\
	EXPECT_EQ(1, policy_calls(self->beside[1], POLICY_FINISH, pid_));	\
	pid_;									\
})

/* What epoll says of a file within some milliseconds. */
static __u32 events_of(int fd, int ms)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(EPOLL_CLOEXEC), n;

	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		die("epoll of a link");
	n = epoll_wait(epoll, &event, 1, ms);
	close(epoll);
	return n == 1 ? event.events : 0;
}

TEST_F(detached, by_user_space)
{
	pid_t pid = NEXT_PROCESS();

	EXPECT_EQ(1, policy_calls(self->p, POLICY_FINISH, pid));
	EXPECT_EQ(0, events_of(self->link, 0));
	ASSERT_EQ(0, bpf_link_detach(self->link));
	EXPECT_EQ(EPOLLHUP, events_of(self->link, 0));
	EXPECT_EQ(1, policy_calls(self->p, POLICY_DETACH, 0));
	EXPECT_EQ(2, reader_stats(self->r)->policies);

	pid = NEXT_PROCESS();
	EXPECT_EQ(0, policy_calls(self->p, POLICY_ADMIT, pid));
	EXPECT_EQ(0, policy_calls(self->p, POLICY_FINISH, pid));
}

/* Who waits is woken: an event is no older than the detach. */
static pid_t wait_at(int link, int ready)
{
	struct epoll_event event = { .events = EPOLLIN };
	pid_t pid = fork();
	int epoll;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, link, &event) || epoll_wait(epoll, &event, 1, 0) ||
	    write(ready, "", 1) != 1 || epoll_wait(epoll, &event, 1, 30000) != 1)
		_exit(1);
	_exit(event.events == EPOLLHUP ? 0 : 2);
}

TEST_F(detached, while_somebody_waits)
{
	struct gate ready;
	pid_t pid;

	gate_make(&ready);
	pid = wait_at(self->link, ready.fd[1]);
	gate_wait_here(&ready);
	ASSERT_EQ(0, bpf_link_detach(self->link));
	EXPECT_EQ(0, reap(pid));
	gate_close(&ready);
}

/* The module lets go of it: the same, and the link is no more than user space's. */
TEST_F(detached, by_the_module)
{
	struct bpf_link_info info = {};
	__u32 len = sizeof(info);
	struct gate ready;
	pid_t pid;

	gate_make(&ready);
	pid = wait_at(self->link, ready.fd[1]);
	gate_wait_here(&ready);
	write_file(MODULE_DIR "/parameters/detach", "detached");
	EXPECT_EQ(0, reap(pid));
	gate_close(&ready);
	EXPECT_EQ(EPOLLHUP, events_of(self->link, 0));
	EXPECT_EQ(1, policy_calls(self->p, POLICY_DETACH, 0));
	EXPECT_EQ(2, reader_stats(self->r)->policies);

	pid = NEXT_PROCESS();
	EXPECT_EQ(0, policy_calls(self->p, POLICY_ADMIT, pid));
	ASSERT_EQ(0, bpf_link_get_info_by_fd(self->link, &info, &len));
	EXPECT_EQ(0, info.struct_ops.map_id);
	EXPECT_EQ(0, bpf_link_detach(self->link));
	EXPECT_EQ(1, policy_calls(self->p, POLICY_DETACH, 0));
}

/* A link that is closed has nobody to tell; one that is updated goes on. */
TEST_F(detached, not_by_an_update)
{
	struct policy *new = policy_open("detached");

	policy_load(new);
	ASSERT_EQ(0, bpf_link__update_map(self->p->links.ops, new->maps.ops));
	EXPECT_EQ(0, events_of(self->link, 0));
	EXPECT_EQ(1, policy_calls(new, POLICY_FINISH, NEXT_PROCESS()));
	ASSERT_EQ(0, bpf_link_detach(self->link));
	EXPECT_EQ(EPOLLHUP, events_of(self->link, 0));
	EXPECT_EQ(1, policy_calls(new, POLICY_DETACH, 0));
	EXPECT_EQ(0, policy_calls(self->p, POLICY_DETACH, 0));
	policy__destroy(new);
}

TEST_HARNESS_MAIN
