/* SPDX-License-Identifier: GPL-2.0-only */
/* Objects that programs allocate. Include after vmlinux.h. */
#ifndef _TASKHOLD_TESTS_OBJECTS_BPF_H
#define _TASKHOLD_TESTS_OBJECTS_BPF_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

extern void *bpf_obj_new_impl(__u64 local_type_id__k, void *meta__ign) __ksym;
extern void bpf_obj_drop_impl(void *p__alloc, void *meta__ign) __ksym;
extern void *bpf_percpu_obj_new_impl(__u64 local_type_id__k, void *meta__ign) __ksym;
extern void bpf_percpu_obj_drop_impl(void *p__alloc, void *meta__ign) __ksym;

#define bpf_obj_new(type)	((type *)bpf_obj_new_impl(bpf_core_type_id_local(type), NULL))
#define bpf_obj_drop(object)	bpf_obj_drop_impl(object, NULL)
#define bpf_percpu_obj_new(type)						\
	((type __percpu_kptr *)bpf_percpu_obj_new_impl(bpf_core_type_id_local(type), NULL))
#define bpf_percpu_obj_drop(object)	bpf_percpu_obj_drop_impl((void *)(object), NULL)

#endif /* _TASKHOLD_TESTS_OBJECTS_BPF_H */
