// SPDX-License-Identifier: GPL-2.0-only
/*
 * everything: hold every process of the machine, kernel threads included.
 *
 * What `taskhold record` attaches when it is not told whom to record. Finished
 * processes go into the ring buffer; see recorder.bpf.h. Processes that are
 * older than the recording are held from its start on.
 *
 *	bpftool struct_ops register everything.bpf.o /sys/fs/bpf/policies
 *	taskhold policy attach everything.bpf.o --pin /sys/fs/bpf/everything
 *
 * Attached so, by others than `record`, it keeps the finished processes, 65,536 with
 * those that run, of which the oldest are folded first: for programs that walk
 * records. `taskhold status` counts them.
 */
#include "recorder.bpf.h"

RECORDER_POLICY(.name = "everything");
