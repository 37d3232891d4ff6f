// SPDX-License-Identifier: GPL-2.0-only
#include "module.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <linux/capability.h>
#include <openssl/evp.h>

#include <taskhold/types.h>

#include "error.h"

#define SYS_MODULE	"/sys/module/" MODULE_NAME
#define SYS_BTF		"/sys/kernel/btf/"

/* BPF objects are freed after grace periods: that long it waits for one. */
#define FREED_STEP_MS	10

static bool exists(const char *root, const char *path)
{
	char full[PATH_MAX];

	snprintf(full, sizeof(full), "%s%s", root, path);
	return !access(full, F_OK);
}

/* First line of a small file without its end, "" where it cannot be read. */
static void read_line(const char *root, const char *path, char *out, size_t size)
{
	char full[PATH_MAX];
	FILE *f;

	out[0] = 0;
	snprintf(full, sizeof(full), "%s%s", root, path);
	f = fopen(full, "re");
	if (!f)
		return;
	if (!fgets(out, size, f))
		out[0] = 0;
	out[strcspn(out, "\n")] = 0;
	fclose(f);
}

static long read_long(const char *root, const char *path)
{
	char text[32], *end;
	long value;

	read_line(root, path, text, sizeof(text));
	errno = 0;
	value = strtol(text, &end, 10);
	if (errno || end == text || *end || value < 0)
		return -1;
	return value;
}

/* Is the module in the list that modprobe goes by? */
static bool in_modules_dep(const char *root, const char *release)
{
	static const char file[] = "/" MODULE_NAME ".ko";
	char path[PATH_MAX], *line = NULL, *hit;
	bool found = false;
	size_t size = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/lib/modules/%s/modules.dep", root, release);
	f = fopen(path, "re");
	if (!f)
		return false;
	while (!found && getline(&line, &size, f) > 0) {
		line[strcspn(line, ":")] = 0;
		hit = strstr(line, file);
		/* May be compressed: .ko, .ko.xz, .ko.zst, ... */
		found = hit && (!hit[sizeof(file) - 1] || hit[sizeof(file) - 1] == '.');
	}
	free(line);
	fclose(f);
	return found;
}

void module_read_installed(struct module_state *st, const char *root)
{
	st->installed = in_modules_dep(root, st->release);
}

void module_read(struct module_state *st, const char *root)
{
	struct utsname uts;

	if (!uname(&uts))
		snprintf(st->release, sizeof(st->release), "%s", uts.release);
	st->vmlinux_btf = exists(root, SYS_BTF "vmlinux");
	st->loaded = exists(root, SYS_MODULE);
	st->installed = false;
	if (!st->loaded)
		module_read_installed(st, root);
	st->btf = exists(root, SYS_BTF MODULE_NAME);
	read_line(root, SYS_MODULE "/initstate", st->initstate, sizeof(st->initstate));
	read_line(root, SYS_MODULE "/version", st->version, sizeof(st->version));
	read_line(root, SYS_MODULE "/srcversion", st->srcversion, sizeof(st->srcversion));
	st->abi = read_long(root, SYS_MODULE "/parameters/abi");
	st->refcnt = read_long(root, SYS_MODULE "/refcnt");
	read_line(root, SYS_MODULE "/parameters/base_btf", st->base_sha256,
		  sizeof(st->base_sha256));
}

void module_wait_refcnt(struct module_state *st, long refcnt, int ms)
{
	int waited;

	for (waited = 0; waited < ms; waited += FREED_STEP_MS) {
		st->refcnt = read_long("", SYS_MODULE "/refcnt");
		if (st->refcnt <= refcnt)
			break;
		poll(NULL, 0, FREED_STEP_MS);
	}
}

/* The effective set, by number; the limit of what the kernel knows is no error. */
static bool has_cap(const struct __user_cap_data_struct *data, int cap)
{
	return data[CAP_TO_INDEX(cap)].effective & CAP_TO_MASK(cap);
}

enum module_access module_access(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
	__u32 id;

	if (syscall(SYS_capget, &header, data))
		return MODULE_ACCESS_REFUSED;
	if (!has_cap(data, CAP_SYS_ADMIN))
		return has_cap(data, CAP_BPF) && has_cap(data, CAP_PERFMON) ?
			MODULE_ACCESS_BPF_ONLY : MODULE_ACCESS_NO_CAP;
	/*
	 * The capability may be one over a user namespace only.  This is the
	 * call that libbpf will need to find the module's BTF, so it decides.
	 */
	if (!bpf_btf_get_next_id(0, &id) || errno == ENOENT)
		return MODULE_ACCESS_OK;
	return errno == ENOSYS || errno == EINVAL ? MODULE_ACCESS_NO_BPF :
						    MODULE_ACCESS_REFUSED;
}

int module_sha256(const char *path, char hex[MODULE_SHA256_LEN])
{
	unsigned char digest[EVP_MAX_MD_SIZE], buf[64 << 10];
	unsigned int len = 0, i;
	EVP_MD_CTX *ctx;
	int fd, ret = 0;
	ssize_t n = 0;

	hex[0] = 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ctx = EVP_MD_CTX_new();
	if (!ctx || !EVP_DigestInit_ex(ctx, EVP_sha256(), NULL))
		ret = -ENOMEM;
	while (!ret && (n = read(fd, buf, sizeof(buf))) > 0) {
		if (!EVP_DigestUpdate(ctx, buf, n))
			ret = -EINVAL;
	}
	if (!ret && n < 0)
		ret = -errno;
	if (!ret && (!EVP_DigestFinal_ex(ctx, digest, &len) || len * 2 + 1 != MODULE_SHA256_LEN))
		ret = -EINVAL;
	for (i = 0; !ret && i < len; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	EVP_MD_CTX_free(ctx);
	close(fd);
	return ret;
}

enum module_base module_base(const struct module_state *st)
{
	if (!st->base_sha256[0] || !st->vmlinux_sha256[0])
		return MODULE_BASE_UNKNOWN;
	return strcmp(st->base_sha256, st->vmlinux_sha256) ? MODULE_BASE_OTHER : MODULE_BASE_SAME;
}

static int check_access(enum module_access access)
{
	switch (access) {
	case MODULE_ACCESS_OK:
		return TH_OK;
	case MODULE_ACCESS_NO_CAP:
		return th_fail(TH_ENV, "no permission to load BPF programs: this needs CAP_SYS_ADMIN; run it as root or with sudo");
	case MODULE_ACCESS_BPF_ONLY:
		return th_fail(TH_ENV, "CAP_BPF and CAP_PERFMON are not enough: the kernel lets only CAP_SYS_ADMIN look up a module's BTF; run it as root or with sudo");
	case MODULE_ACCESS_NO_BPF:
		return th_fail(TH_ENV, "this kernel has no BPF system call, or one that is too old: taskhold needs Linux 6.12 or newer with CONFIG_BPF_SYSCALL");
	case MODULE_ACCESS_REFUSED:
		break;
	}
	return th_fail(TH_ENV, "the kernel refuses BPF although CAP_SYS_ADMIN is there: inside a container or user namespace, run it on the host itself; else a security module forbids it (see dmesg)");
}

/* In front of commands that only root can run. */
static const char *sudo(void)
{
	return geteuid() || getenv("SUDO_UID") ? "sudo " : "";
}

static int check_loaded(const struct module_state *st)
{
	if (!st->loaded && st->installed)
		return th_fail(TH_ENV, "the kernel module taskhold is not loaded: %smodprobe taskhold",
			       sudo());
	if (!st->loaded)
		return th_fail(TH_ENV, "the kernel module taskhold is neither loaded nor installed for kernel %s: '%smake dkms-install' in taskhold's sources builds and installs it, '%sdkms status taskhold' shows for which kernels that has been done",
			       st->release, sudo(), sudo());
	if (!strcmp(st->initstate, "going"))
		return th_fail(TH_ENV, "the kernel module taskhold is just being unloaded: %smodprobe taskhold loads it again",
			       sudo());
	if (!strcmp(st->initstate, "coming"))
		return th_fail(TH_ENV, "the kernel module taskhold is just being loaded: run this again when modprobe has returned");
	if (!st->btf)
		return th_fail(TH_ENV, "the kernel module taskhold has no BTF (no %s): it was built for another kernel than %s, or without pahole; remove it with '%smodprobe -r taskhold' and build it anew with '%smake dkms-install' in taskhold's sources",
			       SYS_BTF MODULE_NAME, st->release, sudo(), sudo());
	return TH_OK;
}

static int check_abi(const struct module_state *st)
{
	const char *version = st->version[0] ? st->version : "of unknown version";

	if (st->abi == TASKHOLD_ABI)
		return TH_OK;
	if (st->abi < 0)
		return th_fail(TH_ENV, "the loaded module taskhold %s does not say its ABI (%s), this is taskhold %s with ABI %d: another module of that name, or a damaged one; '%smodprobe -r taskhold', then '%smodprobe taskhold'",
			       version, SYS_MODULE "/parameters/abi", TASKHOLD_VERSION,
			       TASKHOLD_ABI, sudo(), sudo());
	if (st->abi < TASKHOLD_ABI)
		return th_fail(TH_ENV, "the loaded module taskhold %s (ABI %ld) is older than this taskhold %s (ABI %d): '%smodprobe -r taskhold', then '%smodprobe taskhold'; where that loads the same one again, '%smake dkms-install' in taskhold's sources first",
			       version, st->abi, TASKHOLD_VERSION, TASKHOLD_ABI, sudo(), sudo(),
			       sudo());
	return th_fail(TH_ENV, "this taskhold %s (ABI %d) is older than the loaded module taskhold %s (ABI %ld): upgrade the command to the module's version",
		       TASKHOLD_VERSION, TASKHOLD_ABI, version, st->abi);
}

int module_check_loaded(const struct module_state *st)
{
	int ret = check_loaded(st);

	return ret ? ret : check_abi(st);
}

int module_check(const struct module_state *st)
{
	int ret;

	ret = check_access(st->access);
	if (ret)
		return ret;
	if (!st->vmlinux_btf)
		return th_fail(TH_ENV, "kernel %s has no BTF (no %s): boot one built with CONFIG_DEBUG_INFO_BTF, as every kernel of Debian is",
			       st->release, SYS_BTF "vmlinux");
	return module_check_loaded(st);
}

int module_require(void)
{
	struct module_state st = {};

	st.access = module_access();
	module_read(&st, "");
	return module_check(&st);
}
