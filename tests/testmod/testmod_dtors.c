// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers destructors as its parameters say, and shows what came of it. It can
 * be held while its init or exit function runs.
 */
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/cfi.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/wait.h>

/* Seconds that anything is held at most. */
#define LIMIT	60

/* A type of this module's. */
struct testmod_dtors_object {
	int number;
};

/* One that never has a destructor. */
struct testmod_dtors_bare {
	int number;
};

static char *pairs = "";
module_param(pairs, charp, 0444);
MODULE_PARM_DESC(pairs, "what to register: TYPE:FUNCTION,...");
static char *again = "";
module_param(again, charp, 0444);
MODULE_PARM_DESC(again, "what to register after that");
static unsigned int repeat = 1;
module_param(repeat, uint, 0444);
MODULE_PARM_DESC(repeat, "how many times the last of pairs is in the table");
static int fail;
module_param(fail, int, 0444);
MODULE_PARM_DESC(fail, "the error that the init function returns in the end");
static bool hold_init, hold_exit;
module_param(hold_init, bool, 0444);
module_param(hold_exit, bool, 0444);

static int result, result_again;
module_param(result, int, 0444);
module_param(result_again, int, 0444);
static bool holding;
module_param(holding, bool, 0444);

static DECLARE_WAIT_QUEUE_HEAD(go_queue);
static bool go;

static int set_go(const char *text, const struct kernel_param *param)
{
	int err = param_set_bool(text, param);

	wake_up(&go_queue);
	return err;
}

static const struct kernel_param_ops go_ops = {
	.set = set_go,
	.get = param_get_bool,
};
module_param_cb(go, &go_ops, &go, 0644);
MODULE_PARM_DESC(go, "ends the holding");

__bpf_kfunc_start_defs();

__bpf_kfunc void testmod_dtors_drop(void *object)
{
}
CFI_NOSEAL(testmod_dtors_drop);

__bpf_kfunc void testmod_dtors_two(void *object, int number)
{
}

__bpf_kfunc void testmod_dtors_none(void)
{
}

__bpf_kfunc void testmod_dtors_number(unsigned long number)
{
}

__bpf_kfunc void *testmod_dtors_returns(void *object)
{
	return object;
}

__bpf_kfunc_end_defs();

/* clang-format off */
BTF_ID_LIST(ids)
BTF_ID(struct, testmod_dtors_object)
BTF_ID(struct, testmod_dtors_bare)
BTF_ID(struct, task_struct)
BTF_ID(struct, pid)
BTF_ID(struct, file)
BTF_ID(struct, mm_struct)
BTF_ID(struct, cgroup)
BTF_ID(struct, tcp_sock)
BTF_ID(struct, nf_conn)
BTF_ID(func, testmod_dtors_drop)
BTF_ID(func, testmod_dtors_two)
BTF_ID(func, testmod_dtors_none)
BTF_ID(func, testmod_dtors_number)
BTF_ID(func, testmod_dtors_returns)
BTF_ID(func, kfree)

/* In the same order, as the parameters call them. */
static const char *const names[] = {
	"object", "bare", "task_struct", "pid", "file", "mm_struct", "cgroup", "tcp_sock",
	"nf_conn", "drop", "two", "none", "number", "returns", "kfree",
};
/* clang-format on */

static int register_pairs(const char *text, unsigned int times)
{
	struct btf_id_dtor_kfunc *table;
	char *copy, *rest, *word, *func;
	int type_id, func_id, err;
	unsigned int nr = 0;

	if (!*text)
		return 0;
	table = kcalloc(1024, sizeof(*table), GFP_KERNEL);
	copy = kstrdup(text, GFP_KERNEL);
	err = table && copy && times && times < 1000 ? 0 : -ENOMEM;
	rest = copy;
	while (!err && (word = strsep(&rest, ","))) {
		func = word;
		strsep(&func, ":");
		type_id = match_string(names, ARRAY_SIZE(names), word);
		func_id = match_string(names, ARRAY_SIZE(names), func ?: "");
		if (type_id < 0 || func_id < 0 || nr == 8) {
			err = -ENOKEY;
			break;
		}
		table[nr].btf_id = ids[type_id];
		table[nr++].kfunc_btf_id = ids[func_id];
	}
	if (!err) {
		for (; times > 1; times--, nr++)
			table[nr] = table[nr - 1];
		err = register_btf_id_dtor_kfuncs(table, nr, THIS_MODULE);
	}
	kfree(copy);
	kfree(table);
	return err;
}

/* Until the test says go; it has seen that this waits. */
static void hold(bool wanted)
{
	if (!wanted)
		return;
	holding = true;
	if (!wait_event_timeout(go_queue, READ_ONCE(go), LIMIT * HZ))
		pr_err("%s: nobody said go\n", KBUILD_MODNAME);
	holding = false;
	go = false;
}

static int __init testmod_dtors_init(void)
{
	/* so that it is in the BTF */
	BTF_TYPE_EMIT(struct testmod_dtors_object);
	BTF_TYPE_EMIT(struct testmod_dtors_bare);

	result = register_pairs(pairs, repeat);
	result_again = register_pairs(again, 1);
	hold(hold_init);
	return fail;
}
module_init(testmod_dtors_init);

static void __exit testmod_dtors_exit(void)
{
	hold(hold_exit);
}
module_exit(testmod_dtors_exit);

MODULE_DESCRIPTION("Destructors of kptrs, for tests");
MODULE_LICENSE("GPL");
