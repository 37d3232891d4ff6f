# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What commands print as JSON, by expressions of Python; sourced by tests/lib/*.sh, which
# call json_start when they have made $work. In the guest an interpreter takes as long to
# start as a command that loads BPF programs, so there is one, which json_end ends.

# shellcheck disable=SC2154 # $work is made by who sources this
json_start() {
	mkfifo "$work/question" "$work/answer"
	python3 "$TASKHOLD_ROOT/tests/lib/evaluate.py" <"$work/question" >"$work/answer" &
	json_evaluator=$!
	exec {json_question}>"$work/question" {json_answer}<"$work/answer"
}

# json_end: who was started with the question's end of the pipe may run on, so it is killed.
json_end() {
	kill "$json_evaluator" 2>/dev/null || echo "the evaluator has ended already"
	wait "$json_evaluator" || return 0
}

# evaluate EXPRESSION: of Python, over some lines, in which r is what stdin has as JSON. No
# two at once, but for one in the command that writes to the other's stdin.
evaluate() {
	local asker=$BASHPID text answered state said

	# whole, before it is asked about
	text=$(</dev/stdin)
	# in a shell of its own, which goes on where nobody reads
	if ! { (trap '' PIPE; printf '%s\0' "$asker" "$text" "$1" >&"$json_question") 2>/dev/null &&
	       IFS= read -r -d "" -u "$json_answer" answered &&
	       IFS= read -r -d "" -u "$json_answer" state &&
	       IFS= read -r -d "" -u "$json_answer" said; }; then
		echo "nobody evaluates '$1' any more" >&2
		return 1
	fi
	[[ $answered == "$asker" ]] || {
		echo "the answer to '$1' is another's: two have asked at once, or one has not waited for its answer" >&2
		return 1
	}
	if [[ $state != ok ]]; then
		printf '%s\n' "$said" >&2
		return 1
	fi
	printf '%s\n' "$said"
}

# is_true EXPRESSION FILE: of the JSON in it, which is shown where it is not
is_true() {
	[[ $(evaluate "$1" <"$2") == True ]] || {
		printf 'does not hold: %s\n' "$1"
		cat "$2"
		return 1
	}
}

# holds EXPRESSION COMMAND...: what the command prints is JSON, of which that is true.
holds() {
	local expression=$1
	shift

	"$@" >"$work/said" 2>"$work/err" || { cat "$work/said" "$work/err"; return 1; }
	is_true "$expression" "$work/said" || { cat "$work/err"; return 1; }
}
