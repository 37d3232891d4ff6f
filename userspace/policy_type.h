/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct taskhold_ops as the loaded module has it, and the value of its struct_ops
 * maps: { bpf_struct_ops_common_value, padding, struct taskhold_ops }.
 *
 * Where things lie is asked of the module's BTF, as the kernel does.
 */
#ifndef _TASKHOLD_POLICY_TYPE_H
#define _TASKHOLD_POLICY_TYPE_H

#include <stdbool.h>
#include <stddef.h>

#include <bpf/btf.h>
#include <linux/types.h>

#define POLICY_TYPE_NAME	"taskhold_ops"

struct bpf_map;

/* enum bpf_struct_ops_state of the kernel */
enum policy_state {
	POLICY_STATE_INIT,
	POLICY_STATE_INUSE,	/* attached without a link */
	POLICY_STATE_TOBEFREE,
	POLICY_STATE_READY,	/* for links, of which there may be none */
};

struct policy_type {
	struct btf *vmlinux, *module;
	__u32 btf_id;			/* of the module's BTF in the kernel */
	__u32 value_size;
	__u32 data;			/* offset of struct taskhold_ops in the value */
	const struct btf_type *ops;
};

/* Returns TH_OK, or an exit code after it has said what failed. */
int policy_type_read(struct policy_type *type);
void policy_type_free(struct policy_type *type);

/* The length of a type's name without ___FLAVOUR, by which libbpf tells versions apart. */
size_t policy_type_essential(const char *name);

/* The member of a struct, or NULL. */
const struct btf_member *policy_type_member(const struct btf *btf, const struct btf_type *t,
					    const char *name);

/* Is it a pointer, which in struct taskhold_ops is one to a function? */
bool policy_type_is_func(const struct btf *btf, const struct btf_member *member);

/*
 * Sets the value of a map that was loaded, as bpf_map__attach_struct_ops() does
 * before it makes a link; libbpf has no call for it alone.  @btf is that of the map's
 * object file.  0 or a negative errno.
 */
int policy_type_set_value(const struct policy_type *type, const struct btf *btf,
			  const struct bpf_map *map);

#endif /* _TASKHOLD_POLICY_TYPE_H */
