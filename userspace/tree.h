/* SPDX-License-Identifier: GPL-2.0-only */
/* The tree of cgroups, and the kernel's own numbers as their witness. */
#ifndef _TREE_H
#define _TREE_H

#include "model.h"

/*
 * tree_sum - from the sums of each cgroup to those of it and all below it
 *
 * Sorts model->cgroups by path, finds who is below whom, what the kernel
 * charged to each, and how far the recording is from that: all of struct
 * model_cgroup that model_load() has not filled in, and model->residual_*.
 * Returns 0 or -ENOMEM.
 */
int tree_sum(struct model *model);

#endif /* _TREE_H */
