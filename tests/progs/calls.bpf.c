// SPDX-License-Identifier: GPL-2.0-only
/* For tests/struct_ops/calls_test.c: implements testmod_calls_ops. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct testmod_calls_data {
	int number;
} __attribute__((preserve_access_index));

/* As the module has it, without members that are of no use here. */
struct testmod_calls_ops {
	int (*either)(struct testmod_calls_data *data, int plus);
	void (*nothing)(struct testmod_calls_data *data);
	__u8 taken;
};

int nulls;
int number;

SEC("struct_ops/either")
int BPF_PROG(either, struct testmod_calls_data *data, int plus)
{
	if (!data) {
		nulls++;
		return -1000 - plus;
	}
	return data->number + plus;
}

SEC("struct_ops/nothing")
void BPF_PROG(nothing, struct testmod_calls_data *data)
{
	number = data->number;
}

SEC(".struct_ops.link")
struct testmod_calls_ops ops = {
	.either = (void *)either,
	.nothing = (void *)nothing,
	.taken = 77,
};

char LICENSE[] SEC("license") = "GPL";
