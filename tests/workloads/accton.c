// SPDX-License-Identifier: GPL-2.0-only
/*
 * Turns BSD process accounting on or off, in a guest. Debian's package acct has a
 * program for that too, and whoever installs it has the whole machine accounted from
 * then on.
 *
 * usage: accton FILE|off
 *
 * FILE is there already, and each process that ends is appended to it, first this one.
 * The last record is that of the one which turns it off: acct(2), acct(5).
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: accton FILE|off\n");
		return 2;
	}
	if (acct(strcmp(argv[1], "off") ? argv[1] : NULL)) {
		fprintf(stderr, "accton: %s: %m\n", argv[1]);
		return 1;
	}
	return 0;
}
