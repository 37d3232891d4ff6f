// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// module: none
// kernel: patched
// rows: B7
/*
 * A pointer to user space in task local storage: from the start of a system call
 * to its end it is the caller's own, and can be read as such.
 */
#include <arpa/inet.h>
#include <sys/socket.h>

#include "lib/guest.h"
#include "lib/type_tags.h"
#include "kptr_user_run.skel.h"

#include "lib/harness.h"

TEST(from_start_to_end)
{
	struct sockaddr_in addr = {};
	struct kptr_user_run *run;
	socklen_t len = sizeof(addr);
	int fd;

	if (!kernel_ought_to_have_type_tag("user"))
		SKIP(return, "the kernel's compiler has written no type tags");

	run = kptr_user_run__open_and_load();
	ASSERT_NE(NULL, run);
	run->bss->pid = gettid();
	ASSERT_EQ(0, kptr_user_run__attach(run));
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, getsockname(fd, (struct sockaddr *)&addr, &len));
	EXPECT_EQ((__u64)(unsigned long)&addr, run->bss->stored);
	EXPECT_EQ(run->bss->stored, run->bss->loaded);
	EXPECT_EQ(0, run->data->ret);
	EXPECT_EQ(AF_INET, run->bss->family);

	/* NULL was put there at the end, so there is nothing now */
	run->bss->loaded = 0;
	EXPECT_EQ(-1, getsockname(fd, NULL, NULL));
	EXPECT_EQ(0, run->bss->stored);
	EXPECT_EQ(0, run->bss->loaded);
	close(fd);
	kptr_user_run__destroy(run);
}

TEST_HARNESS_MAIN
