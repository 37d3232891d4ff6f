// SPDX-License-Identifier: GPL-2.0-only
/*
 * A plugin of QEMU that counts every instruction of the guest between two
 * marks, by the block of code it is in and by the region it was called from.
 * No sample is taken, so what runs with interrupts off counts like the rest,
 * and nothing is added to the guest.
 *
 * A mark is a nop that has a number in it (bench/spawn.c). At MARK_BEGIN the
 * plugin reads REGIONS: "ADDRESS NAME PARENT" a line, a function of the guest's
 * kernel whose instructions, with those of what it calls, are counted under
 * NAME where it is called in the region PARENT, "-" being anywhere. At MARK_END
 * it writes OUT.0, OUT.1 and so on: "NAME BLOCK_ADDRESS INSTRUCTIONS" a line,
 * with NAME "-" outside of all regions and "user" for code outside the kernel.
 *
 * A region ends where the code goes on that called it: the return address is
 * the end of the last block that ended in a call. That is exact for what does
 * not sleep. An interrupt that comes in a region counts for it.
 *
 * usage: qemu-system-x86_64 -plugin plugin.so,out=OUT,regions=REGIONS
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu.h"

/* QEMU refuses a plugin of another version than it knows; the build sets it. */
EXPORT int qemu_plugin_version = PLUGIN_VERSION;

#define MARK_BEGIN 0x54480001
#define MARK_END   0x54480002

#define MAX_INSN	16
#define MAX_REGIONS	64
#define MAX_DEPTH	16
#define HASH_BITS	16
#define KERNEL_FROM	0xffff800000000000ULL

enum {
	REGION_NONE,
	REGION_USER,
	REGION_FIRST,
};

struct block {
	struct block *next;
	__u64 addr;
	__u64 end;		/* where a call that ends the block returns to */
	__u32 insns;
	bool calls;		/* ends in a call */
	__u32 epoch;		/* of @counts and @begins */
	bool begins;		/* a region */
	__u64 counts[MAX_REGIONS];
};

static struct block *blocks[1 << HASH_BITS];
static char names[MAX_REGIONS][64] = { "-", "user" };
static __u64 addrs[MAX_REGIONS];
static __u32 parents[MAX_REGIONS];
static __u32 nr_regions = REGION_FIRST;
static const char *out, *regions;
static int api;
static bool counting;
static __u32 epoch, dumps;

static struct {
	__u64 back;
	__u32 region;
} stack[MAX_DEPTH];
static __u32 depth;
static __u64 last_return;

static void die(const char *what, const char *name)
{
	fprintf(stderr, "profile plugin: %s %s\n", what, name);
	exit(1);
}

static __u32 region_named(const char *name)
{
	__u32 i;

	for (i = 0; i < nr_regions; i++) {
		if (!strcmp(names[i], name))
			return i;
	}
	die("no region", name);
	return REGION_NONE;
}

static void begin(void)
{
	char line[256], parent[64];
	FILE *f = fopen(regions, "re");

	if (!f)
		die("cannot read", regions);
	nr_regions = REGION_FIRST;
	while (fgets(line, sizeof(line), f)) {
		if (nr_regions == MAX_REGIONS)
			die("too many regions in", regions);
		if (sscanf(line, "%llx %63s %63s", &addrs[nr_regions], names[nr_regions],
			   parent) != 3)
			die("no address, name and parent in a line of", regions);
		parents[nr_regions] = region_named(parent);
		nr_regions++;
	}
	fclose(f);
	epoch++;
	depth = 0;
	counting = true;
}

static void end(void)
{
	char name[4096];
	__u32 i, j;
	FILE *f;

	counting = false;
	snprintf(name, sizeof(name), "%s.%u", out, dumps++);
	f = fopen(name, "we");
	if (!f)
		die("cannot write", name);
	for (i = 0; i < 1 << HASH_BITS; i++) {
		const struct block *b;

		for (b = blocks[i]; b; b = b->next) {
			for (j = 0; j < nr_regions && b->epoch == epoch; j++) {
				if (b->counts[j])
					fprintf(f, "%s %llx %llu\n", names[j],
						b->addr, b->counts[j] * b->insns);
			}
		}
	}
	if (fclose(f))
		die("cannot write", name);
}

static void on_mark(unsigned int cpu, void *data)
{
	(void)cpu;
	if ((unsigned long)data == MARK_BEGIN)
		begin();
	else if (counting)
		end();
}

/* The region that begins at @addr in @current, or @current. */
static __u32 region_at(__u64 addr, __u32 current)
{
	__u32 i;

	for (i = REGION_FIRST; i < nr_regions; i++) {
		if (addrs[i] == addr && (parents[i] == REGION_NONE || parents[i] == current))
			return i;
	}
	return current;
}

static void on_block(unsigned int cpu, void *data)
{
	struct block *b = data;
	__u32 region, inner;

	(void)cpu;
	if (!counting)
		return;
	if (b->epoch != epoch) {
		__u32 i;

		b->epoch = epoch;
		b->begins = false;
		memset(b->counts, 0, sizeof(b->counts));
		for (i = REGION_FIRST; i < nr_regions; i++)
			b->begins = b->begins || addrs[i] == b->addr;
	}

	if (b->addr < KERNEL_FROM) {
		depth = 0;
		b->counts[REGION_USER]++;
		return;
	}
	if (depth && stack[depth - 1].back == b->addr)
		depth--;
	region = depth ? stack[depth - 1].region : REGION_NONE;
	inner = b->begins ? region_at(b->addr, region) : region;
	if (inner != region && depth < MAX_DEPTH) {
		stack[depth].back = last_return;
		stack[depth].region = inner;
		depth++;
		region = inner;
	}
	b->counts[region]++;
	if (b->calls)
		last_return = b->end;
}

static size_t insn_bytes(const struct qemu_plugin_insn *insn, __u8 *bytes)
{
	size_t size = qemu_plugin_insn_size(insn);
	const void *data;

	if (size > MAX_INSN)
		size = MAX_INSN;
	data = qemu_plugin_insn_data(insn, bytes, size);
	if (api < 3)
		memcpy(bytes, data, size);
	return size;
}

static bool is_call(const __u8 *bytes, size_t size)
{
	size_t i = 0;

	/* prefixes: segments, operand size, repetition, REX */
	while (i < size && (bytes[i] == 0x2e || bytes[i] == 0x3e || bytes[i] == 0x66 ||
			    bytes[i] == 0xf2 || bytes[i] == 0xf3 || (bytes[i] & 0xf0) == 0x40))
		i++;
	if (i + 4 < size && bytes[i] == 0xe8) {
		__s32 distance;

		/* a retpoline's, over its trap: it drops the return address */
		memcpy(&distance, bytes + i + 1, sizeof(distance));
		return distance < 0 || distance >= 64;
	}
	return i + 1 < size && bytes[i] == 0xff && (bytes[i + 1] >> 3 & 7) == 2;
}

static struct block *block_find(__u64 addr, __u32 insns, bool *is_new)
{
	struct block **head = &blocks[(addr ^ addr >> HASH_BITS) & ((1 << HASH_BITS) - 1)], *b;

	*is_new = false;
	for (b = *head; b; b = b->next) {
		if (b->addr == addr && b->insns == insns)
			return b;
	}
	b = calloc(1, sizeof(*b));
	if (!b)
		die("no memory for a block of", "code");
	b->addr = addr;
	b->insns = insns;
	b->next = *head;
	*head = b;
	*is_new = true;
	return b;
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t i, size = 0, n = qemu_plugin_tb_n_insns(tb);
	struct qemu_plugin_insn *insn = NULL;
	__u8 bytes[MAX_INSN];
	struct block *b;
	bool is_new;

	(void)id;
	b = block_find(qemu_plugin_tb_vaddr(tb), n, &is_new);
	for (i = 0; i < n; i++) {
		__u32 mark;

		insn = qemu_plugin_tb_get_insn(tb, i);
		size = insn_bytes(insn, bytes);
		/* nopl mark(%rax) */
		if (size != 7 || bytes[0] != 0x0f || bytes[1] != 0x1f || bytes[2] != 0x80)
			continue;
		memcpy(&mark, bytes + 3, sizeof(mark));
		if (mark == MARK_BEGIN || mark == MARK_END)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mark, 0,
							       (void *)(unsigned long)mark);
	}
	if (insn) {
		b->calls = is_call(bytes, size);
		b->end = qemu_plugin_insn_vaddr(insn) + qemu_plugin_insn_size(insn);
	}
	qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, 0, b);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc,
			       char **argv)
{
	int i;

	api = info->version.cur;
	for (i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			out = strdup(argv[i] + 4);
		else if (!strncmp(argv[i], "regions=", 8))
			regions = strdup(argv[i] + 8);
	}
	if (!out || !regions)
		die("needs", "out= and regions=");
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	return 0;
}
