/* SPDX-License-Identifier: GPL-2.0-only */
/* Sums by what processes have in common. */
#ifndef _GROUP_H
#define _GROUP_H

#include "model.h"

enum group_by {
	GROUP_BY_COMM,
	GROUP_BY_EXE,
	GROUP_BY_USER,
	GROUP_BY_PARENT,
};

struct group {
	bool rest;		/* folded processes, of which no key is known */
	const struct model_task *task;	/* one of it, whose key it is; NULL if rest */
	const struct model_task *parent; /* BY_PARENT: if it is in the recording */
	struct sums sums;
};

/*
 * group_make - sums by comm, exe, user or parent
 *
 * Over all groups they are model->totals: what was folded is a group of its
 * own.  The caller frees *@groups.  Returns their number or -ENOMEM.
 */
long group_make(const struct model *model, enum group_by by,
		struct group **groups);

#endif /* _GROUP_H */
