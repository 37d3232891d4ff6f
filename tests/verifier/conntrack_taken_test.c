// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// module: none
// kmsg-allow: nf_conntrack: another module has a destructor for nf_conn, no kfuncs for BPF
// kmsg-allow: module nf_conntrack: struct nf_conn has a destructor already, from another module
// rows: C2
/*
 * Another module that has registered a destructor for conntrack's entries before
 * conntrack is loaded: connections are tracked as ever, and programs cannot have
 * entries, which that destructor would drop. A stock kernel ignores the destructor.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "lib/expect.h"
#include "lib/held_maps.h"
#include "lib/kmsg.h"
#include "lib/testmod.h"
#include "conntrack_kptrs.skel.h"

#include "lib/harness.h"

#define NAME	"testmod_dtors"
#define COUNT	"/proc/sys/net/netfilter/nf_conntrack_count"

static int conntrack_unload(void)
{
	char *modprobe[] = { "modprobe", "-r", "nf_nat", "nf_conntrack", NULL };

	return run(modprobe);
}

/* With all that passes, also where no rule asks for it. */
static int conntrack_load(void)
{
	char *modprobe[] = { "modprobe", "nf_conntrack", "enable_hooks=1", NULL };

	return run(modprobe);
}

FIXTURE(taken)
{
	int kmsg;
	bool patched;
};

FIXTURE_SETUP(taken)
{
	self->patched = expect_kernel_patched();
	/* other tests leave it there */
	ASSERT_EQ(0, conntrack_unload());
	ASSERT_NE(0, access(COUNT, F_OK));
	self->kmsg = kmsg_open();
}

FIXTURE_TEARDOWN(taken)
{
	close(self->kmsg);
	EXPECT_EQ(0, conntrack_unload());
	if (testmod_is_there(NAME))
		EXPECT_EQ(0, testmod_unload_soon(NAME));
}

/* A datagram to this machine itself, to a port that nobody listens on. */
static void send_something(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) ||
	    sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)) != 1)
		die("send a datagram");
	close(fd);
}

/* Can a program have an entry? */
static int load_program(void)
{
	struct conntrack_kptrs *ct = conntrack_kptrs__open();
	int err;

	libbpf_set_print(expect_print);
	expect_libbpf[0] = '\0';
	if (!ct || !expect_pick(ct->obj, "find"))
		die("open conntrack_kptrs.bpf.o");
	held_choose(ct->obj, &ct->rodata->which, HELD_NONE);
	bpf_program__set_log_buf(ct->progs.find, expect_log, sizeof(expect_log));
	err = conntrack_kptrs__load(ct);
	conntrack_kptrs__destroy(ct);
	return err;
}

#define TAKEN	"nf_conntrack: another module has a destructor for nf_conn, no kfuncs for BPF"
#define NOT_ALLOWED "calling kernel function bpf_skb_ct_lookup is not allowed"

TEST_F(taken, by_who_came_first)
{
	ASSERT_EQ(0, testmod_load(NAME, "pairs=nf_conn:drop"));
	EXPECT_EQ(0, testmod_get(NAME, "result"));
	EXPECT_EQ(self->patched ? 0 : -ENOENT, kptr_map_error("nf_conn"));

	ASSERT_EQ(0, conntrack_load());
	EXPECT_EQ(self->patched, kmsg_count_text(self->kmsg, TAKEN));
	send_something();
	EXPECT_LT(0, number_in(COUNT));
	if (self->patched) {
		EXPECT_GT(0, load_program());
		EXPECT_NE(NULL, strstr(expect_log, NOT_ALLOWED));
	} else {
		EXPECT_EQ(0, load_program());
	}
	/* what is there is the other module's */
	EXPECT_EQ(self->patched ? 0 : -ENOENT, kptr_map_error("nf_conn"));
	EXPECT_EQ(0, conntrack_unload());
	EXPECT_EQ(self->patched ? 0 : -ENOENT, kptr_map_error("nf_conn"));
}

TEST_F(taken, and_is_not_any_more)
{
	ASSERT_EQ(0, testmod_load(NAME, "pairs=nf_conn:drop"));
	ASSERT_EQ(0, testmod_unload_soon(NAME));
	ASSERT_EQ(0, conntrack_load());
	EXPECT_EQ(0, kmsg_count_text(self->kmsg, TAKEN));
	EXPECT_EQ(0, load_program());
	EXPECT_EQ(self->patched ? 0 : -ENOENT, kptr_map_error("nf_conn"));
	send_something();
	EXPECT_LT(0, number_in(COUNT));
}

/* And who comes after conntrack does not get it. */
TEST_F(taken, by_conntrack)
{
	ASSERT_EQ(0, conntrack_load());
	ASSERT_EQ(0, testmod_load(NAME, "pairs=nf_conn:drop"));
	EXPECT_EQ(self->patched ? -EEXIST : 0, testmod_get(NAME, "result"));
	EXPECT_EQ(0, load_program());
}

TEST_HARNESS_MAIN
