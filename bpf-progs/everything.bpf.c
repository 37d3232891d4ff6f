// SPDX-License-Identifier: GPL-2.0-only
/*
 * everything: hold every process of the machine, kernel threads included.
 *
 * What `taskhold record` attaches when it is not told whom to record. Finished
 * processes go into the ring buffer; see recorder.bpf.h. Processes that are
 * older than the recording are held from its start on.
 */
#include "recorder.bpf.h"

RECORDER_POLICY(.name = "everything");
