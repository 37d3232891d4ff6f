/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TASKHOLD_INDEX_H
#define _TASKHOLD_INDEX_H

#include <linux/hash.h>
#include <linux/rculist.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/**
 * struct taskhold_index_node - membership of an object in an index
 * @link: in the bucket; RCU readers walk it
 * @key: what the object is found by; constant while it is a member
 */
struct taskhold_index_node {
	struct hlist_node link;
	unsigned long key;
};

struct taskhold_index_bucket {
	struct hlist_head head;
	raw_spinlock_t lock;
};

/**
 * struct taskhold_index - a hash table of fixed size, read under RCU
 * @buckets: 1 << @bits of them, NULL while there is no table
 * @bits: log2 of the number of buckets
 *
 * Keys need not be unique; insert_unique refuses a second one.  Writers take
 * the lock of one bucket with interrupts off, so that a probe in softirq
 * context cannot deadlock with the probe in process context that it
 * interrupted.  The lock nests inside taskhold_rec.lock.
 */
struct taskhold_index {
	struct taskhold_index_bucket *buckets;
	unsigned int bits;
};

int taskhold_index_init(struct taskhold_index *index, unsigned int bits);
void taskhold_index_destroy(struct taskhold_index *index);
size_t taskhold_index_bytes(const struct taskhold_index *index);

void taskhold_index_insert(struct taskhold_index *index, struct taskhold_index_node *node,
			   unsigned long key);
bool taskhold_index_insert_unique(struct taskhold_index *index,
				  struct taskhold_index_node *node, unsigned long key);
bool taskhold_index_remove(struct taskhold_index *index, struct taskhold_index_node *node);
struct taskhold_index_node *taskhold_index_remove_key(struct taskhold_index *index,
						      unsigned long key);

static inline unsigned int taskhold_index_slot(const struct taskhold_index *index,
					       unsigned long key)
{
	return hash_long(key, index->bits);
}

/*
 * First member with @key, or NULL.  Caller holds rcu_read_lock(), which is
 * also what keeps the member's memory.
 */
static inline struct taskhold_index_node *
taskhold_index_find(const struct taskhold_index *index, unsigned long key)
{
	struct taskhold_index_node *node;

	hlist_for_each_entry_rcu(node, &index->buckets[taskhold_index_slot(index, key)].head,
				 link) {
		if (node->key == key)
			return node;
	}
	return NULL;
}

/* Every member that may have @key, for indexes with keys that are not unique. */
#define taskhold_index_for_each_possible(index, node, key)				\
	hlist_for_each_entry_rcu(node,							\
		&(index)->buckets[taskhold_index_slot(index, key)].head, link)

#endif /* _TASKHOLD_INDEX_H */
