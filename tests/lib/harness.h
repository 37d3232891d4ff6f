/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kselftest's harness, with one limit of time a file: the one in the file's
 * head, which tests/qemu/suite.sh keeps. The harness's own, 30 s for each test,
 * is what a slow machine needs for some of them. What it says of a failure stands
 * before the failure in the TAP.
 */
#ifndef _TASKHOLD_TESTS_HARNESS_H
#define _TASKHOLD_TESTS_HARNESS_H

#define TH_LOG_STREAM	stdout

#include <kselftest_harness.h>

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 6000	/* more than any file's on the slowest kernel */

#endif /* _TASKHOLD_TESTS_HARNESS_H */
