// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of records.
 *
 * Records come and go with processes, some hundreds in a grace period.  Each
 * CPU gathers those whose last reference has gone, and one RCU callback at a
 * time frees them: a record that is dead when a grace period begins is freed
 * after it, one that dies meanwhile waits for the next.  What is freed is kept,
 * up to a bound, for the next births on that CPU, which spares the slab
 * allocator and the zeroing of its pages.  After a grace period in which none
 * has died all of that goes back, so that the slab cache has no more than the
 * records that exist, and the callback is not called again until one dies.
 *
 * The last reference may be dropped anywhere.  A BPF program can be attached to
 * whatever is called with a lock held, one of RCU's included, and a map's
 * destructor runs wherever a program deletes an element, in an NMI too.  There
 * call_rcu() may not be called, so it is called from an interrupt, which is raised
 * for the first record alone: while the callback is queued or runs, a record is
 * only added to a list.
 */
#include <linux/irq_work.h>
#include <linux/llist.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "irq.h"
#include "pool.h"
#include "record.h"

/*
 * Freed records that are kept for later: with 1024 no fewer were allocated.  What
 * is used again at once hides its use after free from KASAN.
 */
#define POOL_KEEP	(IS_ENABLED(CONFIG_KASAN) ? 0 : 256)

/*
 * Records that one RCU callback frees at least: of more it frees an eighth, so
 * that detaching a policy, which may drop a million, neither holds up a CPU for
 * long nor takes long.
 */
#define POOL_BATCH	4096

/**
 * struct pool - a CPU's
 * @dead: records without references; added to from anywhere
 * @nr_dead: records that are in @dead, @waiting and @ready
 * @armed: 1 from when the callback is to be queued until it has run
 * @irq: queues the callback
 * @waiting: records that were dead when the callback was queued, the callback's
 * @ready: of those, for which a grace period has passed, what is left to free
 * @rcu: of the callback
 * @lock: of what follows; innermost
 * @kept: memory for the next records
 * @nr_kept: how much
 */
struct pool {
	struct llist_head dead;
	atomic_t nr_dead;
	atomic_t armed;
	struct irq_work irq;
	struct llist_node *waiting;
	struct llist_node *ready;
	struct rcu_head rcu;
	raw_spinlock_t lock;
	struct llist_node *kept;
	unsigned int nr_kept;
};

static DEFINE_PER_CPU(struct pool, pools);
static struct kmem_cache *pool_cache;

static void pool_rcu(struct rcu_head *rcu);

/* RCU's locks are held with interrupts off, so none is held here. */
static void pool_irq(struct irq_work *irq)
{
	struct pool *pool = container_of(irq, struct pool, irq);

	call_rcu(&pool->rcu, pool_rcu);
}

/**
 * taskhold_pool_init - make the cache of records
 *
 * Context: module init.
 *
 * Return: 0 or -ENOMEM.
 */
int taskhold_pool_init(void)
{
	struct pool *pool;
	int cpu;

	for_each_possible_cpu(cpu) {
		pool = &per_cpu(pools, cpu);
		raw_spin_lock_init(&pool->lock);
		init_irq_work(&pool->irq, pool_irq);
	}
	/* Not merged: an own entry in /sys/kernel/slab shows what is left. */
	pool_cache = kmem_cache_create("taskhold_rec", sizeof(struct taskhold_rec), 0,
				       SLAB_NO_MERGE, NULL);
	return pool_cache ? 0 : -ENOMEM;
}

/* Will a callback run, or be queued?  No record loses its last reference meanwhile. */
static bool pools_busy(void)
{
	struct pool *pool;
	int cpu;

	for_each_possible_cpu(cpu) {
		pool = &per_cpu(pools, cpu);
		/* in this order: a callback is armed again for what is dead alone */
		if (!llist_empty(&pool->dead) || atomic_read_acquire(&pool->armed))
			return true;
	}
	return false;
}

/**
 * taskhold_pool_drain - wait until all dead records have been freed
 *
 * When it returns, neither interrupt nor callback has text or memory of this
 * module to use.  An interrupt is raised by who has set pool->armed, once; what
 * takes that back is the callback that the interrupt has queued, and no callback
 * runs before interrupts that were under way when it was queued are over.  So
 * where nothing is armed there is no interrupt to come, nor one that has not
 * returned.
 *
 * Context: may sleep; every record has been given to taskhold_pool_free(), which
 * has returned.
 */
void taskhold_pool_drain(void)
{
	struct pool *pool;
	int cpu;

	do {
		for_each_possible_cpu(cpu) {
			pool = &per_cpu(pools, cpu);
			/* left by a CPU that went offline: nobody has armed for it */
			if (!llist_empty(&pool->dead) && !atomic_xchg(&pool->armed, 1))
				call_rcu(&pool->rcu, pool_rcu);
			/* a callback that is not queued is none that a barrier waits for */
			irq_work_sync(&pool->irq);
		}
		/* each barrier brings a callback that queues itself again one further */
		rcu_barrier();
	} while (pools_busy());
	/* one that has just said that it is done has text of this module to run */
	rcu_barrier();
}

/**
 * taskhold_pool_exit - free the cache of records
 *
 * Context: module exit, after taskhold_pool_drain().
 */
void taskhold_pool_exit(void)
{
	kmem_cache_destroy(pool_cache);
}

/**
 * taskhold_pool_kept - memory that is kept for the next records
 *
 * Context: any.
 *
 * Return: bytes.
 */
u64 taskhold_pool_kept(void)
{
	u64 kept = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		kept += READ_ONCE(per_cpu(pools, cpu).nr_kept);
	return kept * sizeof(struct taskhold_rec);
}

/**
 * taskhold_pool_alloc - memory for a record
 *
 * Context: any but NMI.
 *
 * Return: memory with anything in it, or NULL.
 */
struct taskhold_rec *taskhold_pool_alloc(void)
{
	/* another CPU's is as good, if the caller is moved */
	struct pool *pool = raw_cpu_ptr(&pools);
	struct llist_node *node;
	unsigned long flags;

	raw_spin_lock_irqsave(&pool->lock, flags);
	node = pool->kept;
	if (node) {
		pool->kept = node->next;
		WRITE_ONCE(pool->nr_kept, pool->nr_kept - 1);
	}
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	if (likely(node))
		return llist_entry(node, struct taskhold_rec, dead);
	return kmem_cache_alloc(pool_cache, GFP_ATOMIC | __GFP_NOWARN);
}

/* Free @node and what follows it, up to @end. */
static void free_nodes(struct llist_node *node, const struct llist_node *end)
{
	struct llist_node *next;

	for (; node != end; node = next) {
		next = node->next;
		kmem_cache_free(pool_cache, llist_entry(node, struct taskhold_rec, dead));
	}
}

/*
 * Let go of what ready records refer to, and keep their memory as far as there
 * is room.  Nobody else keeps more meanwhile: this CPU has one callback.
 */
static void free_ready(struct pool *pool)
{
	unsigned int limit = max(POOL_BATCH, atomic_read(&pool->nr_dead) / 8);
	unsigned int room = POOL_KEEP - READ_ONCE(pool->nr_kept), count = 0;
	struct llist_node *first = pool->ready, *node, *last = NULL;
	unsigned long flags;

	for (node = first; node && count < limit; node = node->next) {
		taskhold_record_let_go(llist_entry(node, struct taskhold_rec, dead));
		if (count++ < room)
			last = node;
	}
	pool->ready = node;
	atomic_sub(count, &pool->nr_dead);
	taskhold_record_uncount(count);

	if (last) {
		node = last->next;
		raw_spin_lock_irqsave(&pool->lock, flags);
		last->next = pool->kept;
		pool->kept = first;
		WRITE_ONCE(pool->nr_kept, pool->nr_kept + min(count, room));
		raw_spin_unlock_irqrestore(&pool->lock, flags);
		first = node;
	}
	free_nodes(first, pool->ready);
}

static void give_back(struct pool *pool)
{
	struct llist_node *kept;
	unsigned long flags;

	raw_spin_lock_irqsave(&pool->lock, flags);
	kept = pool->kept;
	pool->kept = NULL;
	WRITE_ONCE(pool->nr_kept, 0);
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	free_nodes(kept, NULL);
}

static void pool_rcu(struct rcu_head *rcu)
{
	struct pool *pool = container_of(rcu, struct pool, rcu);

	if (!pool->ready) {
		pool->ready = pool->waiting;
		pool->waiting = NULL;
	}
	free_ready(pool);
	if (!pool->waiting)
		pool->waiting = llist_del_all(&pool->dead);
	if (pool->ready || pool->waiting) {
		call_rcu(&pool->rcu, pool_rcu);
		return;
	}

	give_back(pool);
	atomic_set_release(&pool->armed, 0);
	/*
	 * Pairs with llist_add() of taskhold_pool_free(): who adds a record finds
	 * the callback not armed, or the record is seen here.
	 */
	smp_mb();
	if (!llist_empty(&pool->dead) && !atomic_xchg(&pool->armed, 1))
		call_rcu(&pool->rcu, pool_rcu);
}

/**
 * taskhold_pool_free - free a record after a grace period
 * @rec: a record without references, in no index
 *
 * Of the last records that die on a CPU before it is offline nobody may be told,
 * until another one dies after it has come back, or the module goes.
 *
 * Context: any.
 */
void taskhold_pool_free(struct taskhold_rec *rec)
{
	struct pool *pool = raw_cpu_ptr(&pools);

	atomic_inc(&pool->nr_dead);
	/* a full barrier, which pairs with that of pool_rcu() */
	llist_add(&rec->dead, &pool->dead);
	if (atomic_read(&pool->armed))
		return;
	preempt_disable();
	if (taskhold_irq_can() && !atomic_xchg(&pool->armed, 1))
		irq_work_queue(&pool->irq);
	preempt_enable();
}
