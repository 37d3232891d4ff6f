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

/**
 * struct taskhold_index_bucket - the members whose keys fall on one slot
 * @head: list of them
 * @lock: of the writers
 */
struct taskhold_index_bucket {
	struct hlist_head head;
	raw_spinlock_t lock;
};

/**
 * struct taskhold_index - a hash table of fixed size, read under RCU
 * @buckets: 1 << @bits of them, NULL while there is no table
 * @bits: log2 of the number of buckets
 * @shift: low bits of a key that do not choose the bucket, so that keys which
 *	differ there alone are found in one walk
 *
 * Keys need not be unique; insert_unique refuses a second one.  Writers take
 * the lock of one bucket with interrupts off, so that a probe in softirq
 * context cannot deadlock with the probe in process context that it
 * interrupted.  The lock nests inside taskhold_rec.lock.
 */
struct taskhold_index {
	struct taskhold_index_bucket *buckets;
	unsigned int bits;
	unsigned int shift;
};

int taskhold_index_init(struct taskhold_index *index, unsigned int bits, unsigned int shift);
void taskhold_index_destroy(struct taskhold_index *index);
size_t taskhold_index_bytes(const struct taskhold_index *index);

void taskhold_index_insert(struct taskhold_index *index, struct taskhold_index_node *node,
			   unsigned long key);
bool taskhold_index_insert_unique(struct taskhold_index *index,
				  struct taskhold_index_node *node, unsigned long key);
bool taskhold_index_remove(struct taskhold_index *index, struct taskhold_index_node *node);
struct taskhold_index_node *taskhold_index_remove_key(struct taskhold_index *index,
						      unsigned long key);

/**
 * taskhold_index_slot - number of the bucket that a key falls on
 * @index: where
 * @key: which
 *
 * Context: any.
 *
 * Return: less than 1 << @index->bits.
 */
static inline unsigned int taskhold_index_slot(const struct taskhold_index *index,
					       unsigned long key)
{
	return hash_long(key >> index->shift, index->bits);
}

/**
 * taskhold_index_find - the first member with a key
 * @index: where
 * @key: which
 *
 * Context: any, under rcu_read_lock(), which is also what keeps the
 * member's memory.
 *
 * Return: the member, or NULL.
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

/**
 * taskhold_index_first - head of the chain of the bucket that a key falls on
 * @index: where
 * @key: which
 *
 * Context: any, under rcu_read_lock().
 *
 * Return: the first member there, whatever its key, or NULL.
 */
static inline struct hlist_node *taskhold_index_first(const struct taskhold_index *index,
						      unsigned long key)
{
	struct hlist_head *head = &index->buckets[taskhold_index_slot(index, key)].head;

	return rcu_dereference(hlist_first_rcu(head));
}

/* Every member of the bucket of @key: those with the key, and others. */
#define taskhold_index_for_each_possible(index, node, key)				\
	hlist_for_each_entry_rcu(node,							\
				 &(index)->buckets[taskhold_index_slot(index, key)].head, link)

#endif /* _TASKHOLD_INDEX_H */
