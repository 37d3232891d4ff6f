// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// module: none
// rows: G4
/*
 * Types of a program whose objects own one another: the kernel frees them one
 * inside the other, so a chain has a bound, and a ring is refused.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "lib/harness.h"

#define DEPTH 8		/* types one below the other that own something */

static char log_text[1 << 16];

/*
 * A chain: @owners types with a kptr to the next one, the last of which has none;
 * or to @back_to, which makes a ring of it. 0 or a negative error of loading it.
 */
static int load_chain(int owners, int back_to)
{
	LIBBPF_OPTS(bpf_btf_load_opts, opts, .log_buf = log_text, .log_size = sizeof(log_text),
		    .log_level = 1);
	/* each type takes three numbers: itself, its tag and a pointer to that */
	enum { INT = 1, FIRST = 2 };
	struct btf *btf = btf__new_empty();
	const void *raw;
	char name[32];
	__u32 size;
	int i, fd;

	if (!btf || btf__add_int(btf, "u64", 8, 0) != INT)
		return -ENOMEM;
	for (i = 0; i <= owners; i++) {
		int id = FIRST + 3 * i;
		int next = i < owners ? id + 3 : FIRST + 3 * back_to;
		bool owns = i < owners || back_to >= 0;

		snprintf(name, sizeof(name), "taskhold_chain_%d", i);
		if (btf__add_struct(btf, name, 16) != id ||
		    btf__add_field(btf, "value", INT, 0, 0) ||
		    btf__add_field(btf, "next", owns ? id + 2 : INT, 64, 0) ||
		    btf__add_type_tag(btf, "kptr", owns ? next : id) != id + 1 ||
		    btf__add_ptr(btf, id + 1) != id + 2)
			return -ENOMEM;
	}
	raw = btf__raw_data(btf, &size);
	log_text[0] = '\0';
	fd = raw ? bpf_btf_load(raw, size, &opts) : -ENOMEM;
	btf__free(btf);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* The last of the chain owns nothing, so it does not count. */
TEST(as_deep_as_it_goes)
{
	int owners;

	for (owners = 0; owners <= DEPTH; owners++) {
		EXPECT_EQ(0, load_chain(owners, -1)) {
			TH_LOG("%d owners: %s", owners, log_text);
		}
	}
}

TEST(deeper)
{
	int owners;

	for (owners = DEPTH + 1; owners < DEPTH + 4; owners++)
		EXPECT_EQ(-ELOOP, load_chain(owners, -1));
}

TEST(owner_of_itself)
{
	EXPECT_EQ(-ELOOP, load_chain(0, 0));
}

TEST(ring)
{
	EXPECT_EQ(-ELOOP, load_chain(1, 0));
	EXPECT_EQ(-ELOOP, load_chain(3, 2));
	EXPECT_EQ(-ELOOP, load_chain(DEPTH - 1, 0));
}

TEST_HARNESS_MAIN
