// SPDX-License-Identifier: GPL-2.0-only
/* Text that others chose made fit for output: see text.h. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "text.h"

static char *room_for(struct text_buf *buf, size_t len)
{
	if (buf->room < len) {
		char *p = realloc(buf->p, len);

		if (!p)
			return NULL;
		buf->p = p;
		buf->room = len;
	}
	return buf->p;
}

/*
 * Length of the character that @s begins with, 0: it is none.  By table 3-7 of
 * the Unicode standard: no overlong form, no surrogate, nothing over U+10FFFF.
 */
static size_t utf8_len(const unsigned char *s, size_t len)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t n, i;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (n > len)
		return 0;
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (s[1] < low || s[1] > high)
		return 0;
	for (i = 2; i < n; i++)
		if (s[i] < 0x80 || s[i] > 0xbf)
			return 0;
	return n;
}

const char *text_utf8(struct text_buf *buf, const char *text, size_t len)
{
	static const char other[] = "\xef\xbf\xbd";
	char *to = room_for(buf, 3 * len + 1);
	size_t i, n;

	if (!to)
		return NULL;
	for (i = 0; i < len; i += n ? n : 1) {
		n = utf8_len((const unsigned char *)text + i, len - i);
		memcpy(to, n ? text + i : other, n ? n : sizeof(other) - 1);
		to += n ? n : sizeof(other) - 1;
	}
	*to = 0;
	return buf->p;
}

static bool printable(wchar_t c)
{
	/* Marks and overrides that turn what follows around. */
	if (c == 0x061c || c == 0x200e || c == 0x200f ||
	    (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
		return false;
	return iswprint((wint_t)c);
}

const char *text_term(struct text_buf *buf, const char *text, size_t len)
{
	char *to = room_for(buf, 4 * len + 1);
	mbstate_t state = {};
	size_t i = 0, n;
	wchar_t c;

	if (!to)
		return NULL;
	while (i < len) {
		n = mbrtowc(&c, text + i, len - i, &state);
		if (n == 0 || n > len - i) {
			memset(&state, 0, sizeof(state));
			c = 0;
			n = 1;
		}
		if (c && printable(c)) {
			memcpy(to, text + i, n);
			to += n;
			i += n;
			continue;
		}
		for (; n; n--)
			to += sprintf(to, "\\x%02x", (unsigned char)text[i++]);
	}
	*to = 0;
	return buf->p;
}

void text_free(struct text_buf *buf)
{
	free(buf->p);
	buf->p = NULL;
	buf->room = 0;
}
