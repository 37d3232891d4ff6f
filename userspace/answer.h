/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What answers in JSON are made of.  Names and paths are whatever others chose: in
 * them a byte that is not printable ASCII becomes \ooo.
 */
#ifndef _TASKHOLD_ANSWER_H
#define _TASKHOLD_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include <json-c/json.h>
#include <linux/types.h>

struct holders_obj;

void answer_text(struct json_object *o, const char *key, const char *text);
/* "" is null. */
void answer_text_or_null(struct json_object *o, const char *key, const char *text);
/* To an array. */
void answer_add_text(struct json_object *a, const char *text);
void answer_number(struct json_object *o, const char *key, __u64 n);
void answer_signed(struct json_object *o, const char *key, __s64 n);
/* 0 is null: no id of BPF's is 0. */
void answer_id(struct json_object *o, const char *key, __u32 id);
void answer_bool(struct json_object *o, const char *key, bool value);

/* processes[] (pid, comm) and pins[] of who keeps an object of BPF. */
void answer_keepers(struct json_object *o, const struct holders_obj *sum);

/* Writes it to stdout, on one line or for people, and frees it; 0 or -ENOMEM. */
int answer_line(struct json_object *root);
int answer_print(struct json_object *root);

/*
 * {"error": {"message", "status"}} of th_failed(), where nothing has been written yet:
 * who reads it always finds JSON.  Returns @status.
 */
int answer_error(int status);

#endif /* _TASKHOLD_ANSWER_H */
