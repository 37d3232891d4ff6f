// SPDX-License-Identifier: GPL-2.0-only
#include "verifier_log.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"

/* Behind the number that an instruction's line, or a line of its registers, begins with. */
static const char *skip_number(const char *line)
{
	const char *p = line;

	while (isdigit((unsigned char)*p))
		p++;
	return p > line && p[0] == ':' && p[1] == ' ' ? p + 2 : NULL;
}

/* "2: (63) *(u32 *)(r1 +224) = r2" */
static bool is_insn(const char *line)
{
	const char *p = skip_number(line);

	return p && p[0] == '(' && isxdigit((unsigned char)p[1]) &&
	       isxdigit((unsigned char)p[2]) && p[3] == ')';
}

/* The way there, and figures at the end: no reasons. */
static bool is_chatter(const char *line)
{
	static const char *const begins[] = {
		"; ", "from ", "processed ", "verification time ", "stack depth ",
		"mark_precise: ", "Live regs before insn:", "Func#", "Validating ",
	};
	const char *p = skip_number(line);
	size_t i;

	/* "1: R1_w=ctx() R10=fp0", "5: frame1: R0=..." */
	if (p && !is_insn(line) && (*p == 'R' || !strncmp(p, "frame", 5)))
		return true;
	/* "func 'exec' arg0 has btf_id 104 type STRUCT 'taskhold_rec'": an argument is read */
	if (!strncmp(line, "func '", 6) && strstr(line, " has btf_id "))
		return true;
	for (i = 0; i < ARRAY_SIZE(begins); i++) {
		if (!strncmp(line, begins[i], strlen(begins[i])))
			return true;
	}
	return !*line;
}

/* "; text @ file:line", as the kernel writes it from the line info of the BTF */
static int take_source(const char *line, struct verifier_log *out)
{
	const char *at = NULL, *p = line;

	if (!line)
		return 0;
	while ((p = strstr(p, " @ ")))
		at = p++;
	free(out->file);
	free(out->source);
	out->file = strdup(at ? at + 3 : "");
	out->source = strndup(line + 2, at ? (size_t)(at - line - 2) : strlen(line + 2));
	return out->file && out->source ? 0 : -ENOMEM;
}

/* Without what the verifier knows of registers after it. */
static int take_insn(const char *line, struct verifier_log *out)
{
	const char *state;
	size_t len;

	if (!line)
		return 0;
	state = strstr(line, " ; ");
	len = state ? (size_t)(state - line) : strlen(line);
	while (len && line[len - 1] == ' ')
		len--;
	free(out->insn);
	out->insn = strndup(line, len);
	return out->insn ? 0 : -ENOMEM;
}

static int add_reason(const char *line, struct verifier_log *out)
{
	size_t have = strlen(out->reason);
	char *more;

	more = realloc(out->reason, have + strlen(line) + 3);
	if (!more)
		return -ENOMEM;
	if (have) {
		strcpy(more + have, "; ");
		have += 2;
	}
	strcpy(more + have, line);
	out->reason = more;
	return 0;
}

int verifier_log_trim(const char *log, struct verifier_log *out)
{
	char *source = NULL, *pending = NULL, *insn = NULL;
	char *text = strdup(log), *line, *save = NULL;
	size_t first = 0, nr = 0, i;
	char **lines;
	int err = -ENOMEM;

	out->file = strdup("");
	out->source = strdup("");
	out->insn = strdup("");
	out->reason = strdup("");
	lines = calloc(strlen(log) / 2 + 1, sizeof(*lines));
	if (!text || !lines || !out->file || !out->source || !out->insn || !out->reason)
		goto out;

	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!strncmp(line, "; ", 2)) {
			pending = line;
		} else if (is_insn(line)) {
			insn = line;
			source = pending;
			first = nr;
		} else if (!is_chatter(line)) {
			lines[nr++] = line;
		}
	}
	/* Nothing after the last instruction: what was said of it stands before it. */
	if (first == nr)
		first = nr ? nr - 1 : 0;
	err = take_source(source, out) ?: take_insn(insn, out);
	for (i = first; !err && i < nr; i++)
		err = add_reason(lines[i], out);
out:
	free(lines);
	free(text);
	return err;
}

void verifier_log_free(struct verifier_log *out)
{
	free(out->file);
	free(out->source);
	free(out->insn);
	free(out->reason);
}
