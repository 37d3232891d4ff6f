// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm.h>
#include <linux/slab.h>

#include "index.h"

/**
 * taskhold_index_init - make an empty index
 * @index: what to set up
 * @bits: log2 of the number of buckets, 1 to 20
 * @shift: low bits of a key that do not choose the bucket
 *
 * Context: may sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int taskhold_index_init(struct taskhold_index *index, unsigned int bits, unsigned int shift)
{
	struct taskhold_index_bucket *buckets;
	unsigned int i;

	buckets = kvcalloc(1U << bits, sizeof(*buckets), GFP_KERNEL);
	if (!buckets)
		return -ENOMEM;

	for (i = 0; i < 1U << bits; i++)
		raw_spin_lock_init(&buckets[i].lock);

	index->buckets = buckets;
	index->bits = bits;
	index->shift = shift;
	return 0;
}

/**
 * taskhold_index_destroy - free the table of an empty index
 * @index: an index that no reader can reach any more
 *
 * Context: may sleep.
 */
void taskhold_index_destroy(struct taskhold_index *index)
{
	unsigned int i;

	/* a member that is left is a reference of ours that was lost */
	for (i = 0; index->buckets && i < 1U << index->bits; i++)
		WARN_ON_ONCE(!hlist_empty(&index->buckets[i].head));
	kvfree(index->buckets);
	index->buckets = NULL;
	index->bits = 0;
}

/**
 * taskhold_index_bytes - memory of the table itself
 * @index: an index
 *
 * Context: any.
 *
 * Return: bytes.
 */
size_t taskhold_index_bytes(const struct taskhold_index *index)
{
	return index->buckets ? sizeof(*index->buckets) << index->bits : 0;
}

static struct taskhold_index_bucket *bucket_of(struct taskhold_index *index, unsigned long key)
{
	return &index->buckets[taskhold_index_slot(index, key)];
}

/**
 * taskhold_index_insert - add a member
 * @index: where
 * @node: the member
 * @key: what it is found by; need not be unique
 *
 * Context: any but NMI.
 */
void taskhold_index_insert(struct taskhold_index *index, struct taskhold_index_node *node,
			   unsigned long key)
{
	struct taskhold_index_bucket *bucket = bucket_of(index, key);
	unsigned long flags;

	node->key = key;
	raw_spin_lock_irqsave(&bucket->lock, flags);
	hlist_add_head_rcu(&node->link, &bucket->head);
	raw_spin_unlock_irqrestore(&bucket->lock, flags);
}

/**
 * taskhold_index_insert_unique - add a member unless its key is taken
 * @index: where
 * @node: the member
 * @key: what it is found by
 *
 * Context: any but NMI.
 *
 * Return: true if it is a member now.
 */
bool taskhold_index_insert_unique(struct taskhold_index *index,
				  struct taskhold_index_node *node, unsigned long key)
{
	struct taskhold_index_bucket *bucket = bucket_of(index, key);
	struct taskhold_index_node *other;
	unsigned long flags;
	bool taken = false;

	node->key = key;
	raw_spin_lock_irqsave(&bucket->lock, flags);
	hlist_for_each_entry(other, &bucket->head, link) {
		if (other->key == key) {
			taken = true;
			break;
		}
	}
	if (!taken)
		hlist_add_head_rcu(&node->link, &bucket->head);
	raw_spin_unlock_irqrestore(&bucket->lock, flags);

	return !taken;
}

/**
 * taskhold_index_remove - take a member out
 * @index: where
 * @node: an object that was inserted once, and whose memory the caller keeps
 *
 * Of several callers that remove the same member, one is told that it did.
 * RCU readers may still see it until a grace period has passed.
 *
 * Context: any but NMI.
 *
 * Return: true if this call removed it.
 */
bool taskhold_index_remove(struct taskhold_index *index, struct taskhold_index_node *node)
{
	struct taskhold_index_bucket *bucket = bucket_of(index, node->key);
	unsigned long flags;
	bool removed;

	raw_spin_lock_irqsave(&bucket->lock, flags);
	/* hlist_del_init_rcu() leaves ->next to readers and clears ->pprev */
	removed = !hlist_unhashed(&node->link);
	hlist_del_init_rcu(&node->link);
	raw_spin_unlock_irqrestore(&bucket->lock, flags);

	return removed;
}

/**
 * taskhold_index_remove_key - take out the member with a key
 * @index: where, an index with unique keys
 * @key: which
 *
 * Context: any but NMI.
 *
 * Return: the member, which the caller now owns, or NULL.
 */
struct taskhold_index_node *taskhold_index_remove_key(struct taskhold_index *index,
						      unsigned long key)
{
	struct taskhold_index_bucket *bucket = bucket_of(index, key);
	struct taskhold_index_node *node, *found = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&bucket->lock, flags);
	hlist_for_each_entry(node, &bucket->head, link) {
		if (node->key == key) {
			hlist_del_init_rcu(&node->link);
			found = node;
			break;
		}
	}
	raw_spin_unlock_irqrestore(&bucket->lock, flags);

	return found;
}
