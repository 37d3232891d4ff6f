// SPDX-License-Identifier: GPL-2.0-only
#include "policy_signal.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "array.h"
#include "error.h"

static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

int policy_signal_block(int *fd)
{
	struct sigaction hangup;
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < ARRAY_SIZE(signals); i++)
		sigaddset(&set, signals[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return th_fail(TH_ENV, "cannot block signals: %s", strerror(errno));
	/* who prints what was made has to see that it cannot, and take it back */
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return th_fail(TH_ENV, "cannot ignore SIGPIPE: %s", strerror(errno));
	/* a shell lets SIGINT be ignored by what it starts with &, and that is read */
	if (!sigaction(SIGHUP, NULL, &hangup) && hangup.sa_handler == SIG_IGN)
		sigdelset(&set, SIGHUP);
	*fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (*fd < 0)
		return th_fail(TH_ENV, "cannot watch for signals: %s", strerror(errno));
	return TH_OK;
}

int policy_signal_come(int fd)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return TH_OK;
	return th_fail(TH_SIGNAL + info.ssi_signo, "ended by signal %u (%s); what was made is taken back",
		       info.ssi_signo, strsignal(info.ssi_signo));
}
