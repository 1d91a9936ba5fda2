/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_SCHED_TREE_H
#define VS_SCHED_TREE_H

#include "sched/load.h"

/**
 * vs_tree_new() - make a tree that finds the least loaded of many targets
 * @snap:	snapshot with the targets; at least one
 * @rule:	definition of load
 *
 * Return: the tree, not attached, or NULL.
 */
struct vs_tree *vs_tree_new(struct vs_snap *snap, enum vs_load_rule rule);

/**
 * vs_tree_attach() - watch the loads of the destinations
 * @tree:	the tree; ready for vs_tree_pick() afterwards
 *
 * Replaces the watchers of the tree that is attached, if any.
 */
void vs_tree_attach(struct vs_tree *tree);

/**
 * vs_tree_detach() - stop watching
 * @tree:	the tree; nothing happens if it is not attached
 */
void vs_tree_detach(struct vs_tree *tree);

/**
 * vs_tree_free() - free a tree
 * @tree:	never attached, or detached a grace period ago; may be NULL
 */
void vs_tree_free(struct vs_tree *tree);

/**
 * vs_tree_pick() - the usable target with the least load / weight
 * @tree:	the tree, attached
 *
 * Context: RCU read side, BHs disabled; takes vs_snap.lock.
 * Return: the destination or NULL.
 */
struct vs_dest *vs_tree_pick(struct vs_tree *tree);

#endif /* VS_SCHED_TREE_H */
