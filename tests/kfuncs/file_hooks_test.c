// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// kernel: patched
/*
 * An LSM hook may be given no file, one that is not open yet, or the one that
 * overlayfs has behind its own: a reference is had to none of these, and to a file
 * that is open.
 */
#include <sys/mount.h>

#include "lib/reader.h"
#include "progs/file_hooks.h"
#include "file_hooks.skel.h"

#include "lib/harness.h"

#define DIR	"/tmp/taskhold-file-hooks"

FIXTURE(hooks)
{
	struct file_hooks *m;
};

FIXTURE_SETUP(hooks)
{
	struct stat st;

	ASSERT_EQ(0, mkdir(DIR, 0700));
	ASSERT_EQ(0, mount("tmpfs", DIR, "tmpfs", 0, NULL));
	ASSERT_EQ(0, mkdir(DIR "/lower", 0700));
	ASSERT_EQ(0, mkdir(DIR "/upper", 0700));
	ASSERT_EQ(0, mkdir(DIR "/work", 0700));
	ASSERT_EQ(0, mkdir(DIR "/merged", 0700));
	close(open(DIR "/lower/file", O_CREAT | O_CLOEXEC, 0600));
	write_file(DIR "/lower/file", "text");
	ASSERT_EQ(0, stat(DIR "/lower/file", &st));

	self->m = file_hooks__open_and_load();
	ASSERT_NE(NULL, self->m);
	self->m->bss->inode = st.st_ino;
	ASSERT_EQ(0, file_hooks__attach(self->m));
	self->m->bss->tid = syscall(SYS_gettid);
}

FIXTURE_TEARDOWN(hooks)
{
	file_hooks__destroy(self->m);
	umount(DIR "/merged");	/* where it has been mounted */
	EXPECT_EQ(0, umount(DIR));
	EXPECT_EQ(0, rmdir(DIR));
	EXPECT_TRUE(until(10, module_refs() == 0));
}

static struct hook_calls calls(FIXTURE_DATA(hooks) *self, enum hook hook)
{
	struct hook_calls c = self->m->bss->calls[hook];

	memset(&self->m->bss->calls[hook], 0, sizeof(c));
	return c;
}

#define EXPECT_CALLS(hook, nr_seen, nr_had)					\
do {										\
	struct hook_calls c = calls(self, hook);				\
										\
	EXPECT_EQ(nr_seen, c.seen);						\
	EXPECT_EQ(nr_had, c.had);						\
} while (0)

TEST_F(hooks, no_file)
{
	void *mem;
	int fd;

	calls(self, HOOK_MMAP);
	mem = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	EXPECT_NE(MAP_FAILED, mem);
	EXPECT_CALLS(HOOK_MMAP, 1, 0);
	munmap(mem, 4096);

	fd = open(DIR "/lower/file", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	mem = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	EXPECT_NE(MAP_FAILED, mem);
	EXPECT_CALLS(HOOK_MMAP, 1, 1);
	munmap(mem, 4096);
	close(fd);
}

TEST_F(hooks, not_before_it_is_open)
{
	int fd = open(DIR "/lower/file", O_RDONLY | O_CLOEXEC);

	ASSERT_LE(0, fd);
	EXPECT_CALLS(HOOK_OPEN, 1, 0);
	EXPECT_CALLS(HOOK_POST_OPEN, 1, 1);
	close(fd);
}

TEST_F(hooks, not_behind_one_of_overlayfs)
{
	char text[8];
	int fd;

	ASSERT_EQ(0, mount("overlay", DIR "/merged", "overlay", 0,
			   "lowerdir=" DIR "/lower,upperdir=" DIR "/upper,workdir=" DIR "/work"));
	calls(self, HOOK_BACKING_ALLOC);
	fd = open(DIR "/merged/file", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_CALLS(HOOK_BACKING_ALLOC, 1, 0);

	calls(self, HOOK_READ);
	calls(self, HOOK_READ_BACKING);
	EXPECT_EQ(4, read(fd, text, sizeof(text)));
	EXPECT_CALLS(HOOK_READ, 1, 1);
	EXPECT_CALLS(HOOK_READ_BACKING, 1, 0);
	close(fd);
}

TEST_HARNESS_MAIN
