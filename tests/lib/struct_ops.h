/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct_ops by the system call itself, for a type of any module: its BTF as the
 * kernel has it, maps, programs of two instructions for its members, values.
 */
#ifndef _TASKHOLD_TESTS_STRUCT_OPS_H
#define _TASKHOLD_TESTS_STRUCT_OPS_H

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "lib/guest.h"

#define STRUCT_OPS_VALUE_MAX	4096

/* What a map's value begins with, and the states that a map has, in the kernel's words. */
struct struct_ops_common {
	__u32 refcnt;
	__u32 state;
};

enum struct_ops_state {
	STRUCT_OPS_INIT,	/* no value yet */
	STRUCT_OPS_INUSE,	/* registered by its value, without a link */
	STRUCT_OPS_TOBEFREE,	/* no more so */
	STRUCT_OPS_READY,	/* for links */
};

/**
 * struct struct_ops_type - a struct_ops type of a module
 * @vmlinux: BTF that the module's stands on
 * @own: BTF of the caller's own, which a map has to have besides
 * @btf: the module's, as the kernel has it
 * @btf_fd: file descriptor of that
 * @btf_id: its number
 * @type_id: of the type itself
 * @value_id: of the type of a map's value
 * @value_size: bytes of such a value
 * @data: where the type's own part begins in it
 */
struct struct_ops_type {
	struct btf *vmlinux;
	struct btf *own;
	struct btf *btf;
	int btf_fd;
	__u32 btf_id;
	__u32 type_id;
	__u32 value_id;
	__u32 value_size;
	__u32 data;
};

/* The kernel's number for the BTF of a module, or of vmlinux; an open file for it in @fd. */
static inline __u32 struct_ops_btf_id(const char *module, int *fd)
{
	char name[64];
	__u32 id = 0;

	while (!bpf_btf_get_next_id(id, &id)) {
		struct bpf_btf_info info = {
			.name = (__u64)(unsigned long)name,
			.name_len = sizeof(name),
		};
		__u32 len = sizeof(info);

		*fd = bpf_btf_get_fd_by_id(id);
		if (*fd < 0)
			continue;
		if (!bpf_btf_get_info_by_fd(*fd, &info, &len) && info.kernel_btf &&
		    !strcmp(name, module))
			return id;
		close(*fd);
	}
	die("no BTF of %s", module);
}

static inline void struct_ops_open(struct struct_ops_type *t, const char *module, const char *name)
{
	const struct btf_type *value;
	char value_name[128];
	int id;

	t->vmlinux = btf__load_vmlinux_btf();
	if (!t->vmlinux)
		die("BTF of vmlinux");
	t->own = btf__new_empty();
	if (!t->own || btf__add_int(t->own, "int", 4, BTF_INT_SIGNED) < 0 ||
	    btf__load_into_kernel(t->own))
		die("load BTF");
	t->btf_id = struct_ops_btf_id(module, &t->btf_fd);
	t->btf = btf__load_from_kernel_by_id_split(t->btf_id, t->vmlinux);
	if (!t->btf)
		die("BTF of %s", module);
	snprintf(value_name, sizeof(value_name), "bpf_struct_ops_%s", name);
	id = btf__find_by_name_kind(t->btf, value_name, BTF_KIND_STRUCT);
	if (id < 0)
		die("%s in the BTF of %s", value_name, module);
	t->value_id = id;
	value = btf__type_by_id(t->btf, id);
	t->value_size = value->size;
	t->data = btf_member_bit_offset(value, 1) / 8;
	t->type_id = btf_members(value)[1].type;
	if (t->value_size > STRUCT_OPS_VALUE_MAX)
		die("%s has %u bytes", value_name, t->value_size);
}

static inline void struct_ops_close(struct struct_ops_type *t)
{
	close(t->btf_fd);
	btf__free(t->btf);
	btf__free(t->own);
	btf__free(t->vmlinux);
}

/* The number of a member. */
static inline int struct_ops_member(const struct struct_ops_type *t, const char *name)
{
	const struct btf_type *type = btf__type_by_id(t->btf, t->type_id);
	int i;

	for (i = 0; i < btf_vlen(type); i++) {
		if (!strcmp(btf__name_by_offset(t->btf, btf_members(type)[i].name_off), name))
			return i;
	}
	die("there is no member %s", name);
}

/* Where a member begins in a map's value. */
static inline __u32 struct_ops_offset(const struct struct_ops_type *t, const char *name)
{
	const struct btf_type *type = btf__type_by_id(t->btf, t->type_id);

	return t->data + btf_member_bit_offset(type, struct_ops_member(t, name)) / 8;
}

/* Puts a number into a member that is a function: a program's file descriptor. */
static inline void struct_ops_set(const struct struct_ops_type *t, void *value, const char *name,
				  __u64 number)
{
	memcpy((char *)value + struct_ops_offset(t, name), &number, sizeof(number));
}

static inline __u64 struct_ops_get(const struct struct_ops_type *t, const void *value,
				   const char *name)
{
	__u64 number;

	memcpy(&number, (const char *)value + struct_ops_offset(t, name), sizeof(number));
	return number;
}

/* A map: its file descriptor or a negative error. @flags: BPF_F_LINK or 0 */
static inline int struct_ops_map(const struct struct_ops_type *t, __u32 flags)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .btf_fd = btf__fd(t->own),
		    .map_flags = flags | BPF_F_VTYPE_BTF_OBJ_FD,
		    .value_type_btf_obj_fd = t->btf_fd, .btf_vmlinux_value_type_id = t->value_id);

	return bpf_map_create(BPF_MAP_TYPE_STRUCT_OPS, "raw", 4, t->value_size, 1, &opts);
}

/* A program that returns a number, for a member: its file descriptor or a negative error. */
static inline int struct_ops_prog(const struct struct_ops_type *t, const char *member, int ret)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .attach_btf_id = t->type_id,
		    .attach_btf_obj_fd = t->btf_fd,
		    .expected_attach_type = struct_ops_member(t, member));
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = ret },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return bpf_prog_load(BPF_PROG_TYPE_STRUCT_OPS, "raw", "GPL", insns, 2, &opts);
}

/* Gives a map its value; 0 or a negative error. */
static inline int struct_ops_update(int map, const void *value)
{
	const __u32 zero = 0;

	return bpf_map_update_elem(map, &zero, value, 0);
}

/* The state of a map; what else its value has, where the caller wants it. */
static inline enum struct_ops_state struct_ops_state(int map, void *value)
{
	char own[STRUCT_OPS_VALUE_MAX];
	struct struct_ops_common common;
	const __u32 zero = 0;

	value = value ?: own;
	if (bpf_map_lookup_elem(map, &zero, value))
		die("look up the value of a struct_ops map");
	memcpy(&common, value, sizeof(common));
	return common.state;
}

/* A link: its file descriptor or a negative error. */
static inline int struct_ops_link(int map)
{
	return bpf_link_create(map, 0, BPF_STRUCT_OPS, NULL);
}

/* The file descriptor is closed, and in its place there is none. */
static inline void struct_ops_put(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

#endif /* _TASKHOLD_TESTS_STRUCT_OPS_H */
