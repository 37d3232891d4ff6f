# SPDX-License-Identifier: GPL-2.0-only
#
# Reads what one test program printed (TAP 13 as kselftest writes it) and
# writes TAP whose plan is right whatever happened: a program that died, that
# printed no plan or fewer results than planned, that ended with a status its
# results do not explain, or that left something behind, gets a "not ok" for it.
#
# variables: name	what the program is called
#	     status	its exit status: 0 passed, 1 failed, 4 skipped
#	     limit	its time limit in seconds, for status 124
#	     findings	a file with one line for each thing found wrong outside

BEGIN {
	print "TAP version 13"
	plan = -1
}

function result(line) {
	count++
	sub(/^not ok[ \t]*[0-9]*/, "", line)
	sub(/^ok[ \t]*[0-9]*/, "", line)
	sub(/^[ \t]*(- )?[ \t]*/, "", line)
	return line
}

function fail(why) {
	count++
	failed++
	printf "not ok %d %s: %s\n", count, name, why
}

/^TAP version/ {
	next
}

/^1\.\.[0-9]+/ {
	if (plan >= 0) {
		second = 1
		next
	}
	plan = $1
	sub(/^1\.\./, "", plan)
	plan += 0
	if (plan == 0) {
		reason = $0
		if (!sub(/^[^#]*#[ \t]*SKIP[ \t]*/, "", reason) || reason == "")
			reason = "no reason given"
	}
	next
}

/^Bail out!/ {
	bail = $0
	next
}

/^ok([ \t]|$)/ {
	line = result($0)
	own++
	if (line ~ /#[ \t]*(SKIP|XFAIL)/)
		skipped++
	printf "ok %d %s\n", count, line
	next
}

/^not ok([ \t]|$)/ {
	line = result($0)
	own++
	failed++
	printf "not ok %d %s\n", count, line
	next
}

# Comments stay; anything else is somebody's chatter and becomes one.
/^#/ {
	print
	next
}
/[^ \t]/ {
	print "# " $0
}

END {
	if (bail != "")
		fail(bail)
	if (status == 124 || status == 137)
		fail("stopped, as it had not ended within " limit " s")
	else if (status > 128)
		fail("killed by signal " (status - 128))
	else if (status != 0 && !failed && !(status == 4 && (skipped || plan == 0)))
		fail("ended with status " status ", which none of its results explains")

	if (plan < 0)
		fail("printed no plan")
	else if (second)
		fail("printed a second plan")
	else if (own + 0 != plan)
		fail("printed " (own + 0) " of the " plan " results it planned")
	else if (plan == 0) {
		count++
		printf "ok %d %s # SKIP %s\n", count, name, reason
	}

	while (findings != "" && (getline line < findings) > 0)
		fail(line)
	print "1.." count
}
