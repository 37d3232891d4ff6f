/* SPDX-License-Identifier: GPL-2.0-only */
/* What kptr_race.bpf.c and its test say to each other. */
#ifndef _TASKHOLD_TESTS_RACE_H
#define _TASKHOLD_TESTS_RACE_H

enum race_kind { RACE_REC, RACE_TASK, RACE_PID, RACE_FILE };
enum race_map { RACE_ARRAY, RACE_HASH, RACE_HASH_LAZY };

/* An object that others hold as well, and one that nobody else will. */
enum race_role { RACE_OLD, RACE_NEW, RACE_ROLES };

/* Different objects that are put at most. */
#define RACE_NUMBERS	524288

/* Objects that wait until the map's reference is the last one to them. */
#define RACE_WAITING	128

/**
 * struct race_counts - what the programs did
 * @acquired: references, whichever way
 * @got: of these, by kptr_get
 * @released: by a kfunc
 * @put: into the map
 * @taken: out of it, by an exchange
 * @missed: kptr_get found nothing
 * @lacking: there was nothing to put
 * @absent: there was no element to put something into
 * @wrong: what kptr_get found was not what it ought to be
 */
struct race_counts {
	unsigned long acquired;
	unsigned long got;
	unsigned long released;
	unsigned long put;
	unsigned long taken;
	unsigned long missed;
	unsigned long lacking;
	unsigned long absent;
	unsigned long wrong;
};

/* References to a task and to its pid. */
struct race_refs {
	long task;
	long pid;
};

#endif /* _TASKHOLD_TESTS_RACE_H */
