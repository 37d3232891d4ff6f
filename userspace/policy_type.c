// SPDX-License-Identifier: GPL-2.0-only
#include "policy_type.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "error.h"
#include "module.h"

#define VALUE_NAME	"bpf_struct_ops_" POLICY_TYPE_NAME

static int find_btf_id(__u32 *id)
{
	char name[64];
	struct bpf_btf_info info;
	__u32 len;
	int fd, err;

	for (*id = 0;;) {
		err = bpf_btf_get_next_id(*id, id);
		if (err)
			return err;
		fd = bpf_btf_get_fd_by_id(*id);
		if (fd == -ENOENT)
			continue;
		if (fd < 0)
			return fd;
		memset(&info, 0, sizeof(info));
		name[0] = 0;
		info.name = (uintptr_t)name;
		info.name_len = sizeof(name);
		len = sizeof(info);
		err = bpf_btf_get_info_by_fd(fd, &info, &len);
		close(fd);
		if (!err && info.kernel_btf && !strcmp(name, MODULE_NAME))
			return 0;
	}
}

int policy_type_read(struct policy_type *type)
{
	const struct btf_member *data;
	const struct btf_type *value;
	int err;

	memset(type, 0, sizeof(*type));
	type->vmlinux = btf__load_vmlinux_btf();
	if (!type->vmlinux)
		return th_fail(TH_ENV, "the kernel's BTF cannot be read: %s", strerror(errno));
	type->module = btf__load_module_btf(MODULE_NAME, type->vmlinux);
	if (!type->module) {
		err = -errno;
		goto fail;
	}
	err = find_btf_id(&type->btf_id);
	if (err)
		goto fail;
	err = btf__find_by_name_kind(type->module, VALUE_NAME, BTF_KIND_STRUCT);
	if (err < 0)
		goto fail;
	value = btf__type_by_id(type->module, err);
	data = policy_type_member(type->module, value, "data");
	err = data ? btf__resolve_type(type->module, data->type) : -ENOENT;
	if (err < 0)
		goto fail;
	type->ops = btf__type_by_id(type->module, err);
	type->data = data->offset / 8;
	type->value_size = value->size;
	return TH_OK;
fail:
	policy_type_free(type);
	return th_fail(TH_ENV, "struct " POLICY_TYPE_NAME " is not found in the module's BTF: %s",
		       strerror(-err));
}

void policy_type_free(struct policy_type *type)
{
	btf__free(type->module);
	btf__free(type->vmlinux);
	type->module = NULL;
	type->vmlinux = NULL;
}

size_t policy_type_essential(const char *name)
{
	size_t len = strlen(name), i;

	/* as libbpf: the last ___ that has something on both sides of it */
	for (i = len; i-- > 1;) {
		if (!strncmp(name + i, "___", 3) && name[i - 1] != '_' && i + 3 < len &&
		    name[i + 3] != '_')
			return i;
	}
	return len;
}

const struct btf_member *policy_type_member(const struct btf *btf, const struct btf_type *t,
					    const char *name)
{
	const struct btf_member *member = btf_members(t);
	int i;

	for (i = 0; i < btf_vlen(t); i++, member++) {
		if (!strcmp(btf__name_by_offset(btf, member->name_off), name))
			return member;
	}
	return NULL;
}

bool policy_type_is_func(const struct btf *btf, const struct btf_member *member)
{
	int id = btf__resolve_type(btf, member->type);

	return id > 0 && btf_is_ptr(btf__type_by_id(btf, id));
}

int policy_type_set_value(const struct policy_type *type, const struct btf *btf,
			  const struct bpf_map *map)
{
	const struct btf_type *t = btf__type_by_id(btf, bpf_map__btf_value_type_id(map));
	const struct btf_member *from = btf_members(t), *to;
	const char *local = bpf_map__initial_value(map, NULL);
	struct bpf_program *prog;
	char *value, *at;
	__u32 key = 0;
	int i, err;

	value = calloc(1, type->value_size);
	if (!value)
		return -ENOMEM;
	for (i = 0; i < btf_vlen(t); i++, from++) {
		to = policy_type_member(type->module, type->ops,
					btf__name_by_offset(btf, from->name_off));
		/* libbpf has loaded it: what the kernel lacks is zero, the rest is alike */
		if (!to)
			continue;
		at = value + type->data + to->offset / 8;
		if (!policy_type_is_func(btf, from)) {
			memcpy(at, local + from->offset / 8, btf__resolve_size(btf, from->type));
			continue;
		}
		memcpy(&prog, local + from->offset / 8, sizeof(prog));
		if (prog)
			*(unsigned long *)at = bpf_program__fd(prog);
	}
	err = bpf_map_update_elem(bpf_map__fd(map), &key, value, 0);
	free(value);
	return err;
}
