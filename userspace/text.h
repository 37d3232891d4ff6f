/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text that others chose (names, paths, command lines) made fit for output.
 * It may hold any byte: anybody names processes and folders as he likes.
 */
#ifndef _TEXT_H
#define _TEXT_H

#include <stddef.h>

/* Holds the result until it is used again; begins as zeroes. */
struct text_buf {
	char *p;
	size_t room;
};

/*
 * Valid UTF-8, for JSON and CSV: U+FFFD stands for each byte that belongs to no
 * character.  NULL: no memory.
 */
const char *text_utf8(struct text_buf *buf, const char *text, size_t len);

/*
 * What a terminal may be sent: bytes of a character that the locale cannot
 * print, or that would move the cursor or turn the direction of writing,
 * become \xHH.  NULL: no memory.
 */
const char *text_term(struct text_buf *buf, const char *text, size_t len);

void text_free(struct text_buf *buf);

#endif /* _TEXT_H */
