/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_WATCH_H
#define VS_WATCH_H

#include "types.h"

/*
 * A scheduler that keeps its destinations sorted by load must be notified of
 * every change of a load. It attaches a watcher to each destination; the CPU
 * that changes a load then sets the destination's bit, and the scheduler
 * re-reads the loads of the marked destinations before its next choice. No
 * change is lost:
 *
 *   changing CPU                           scheduler
 *   ------------                           ---------
 *   1. change the load                     1. xchg(words[], 0)
 *   2. set the bit in dests[]              2. xchg(dests[], 0)
 *   3. set the bit in words[]              3. read the load
 *
 * Each step is ordered before the next by a full barrier. A CPU that finds a
 * bit already set leaves it alone: the CPU that set it will complete step 3,
 * and the scheduler reads the load after it has cleared that bit.
 */

/**
 * struct vs_watch_marks - the destinations whose load has changed
 * @dests:	one bit per destination
 * @words:	one bit per word of @dests; set if the word may not be zero
 */
struct vs_watch_marks {
	unsigned long *dests;
	unsigned long *words;
};

/**
 * struct vs_watcher - attached to a destination as vs_dest.watcher
 * @marks:	where to mark the destination
 * @index:	its bit
 *
 * Constant while attached. Freed a grace period after it was detached, together
 * with @marks.
 */
struct vs_watcher {
	const struct vs_watch_marks *marks;
	u32 index;
};

/**
 * vs_watch_mark() - mark a destination whose load has changed
 * @dest:	the destination
 *
 * Out of line: the caller, vs_dest_load_changed(), has seen a watcher.
 * Context: any; a full barrier comes after the change of the load.
 */
void vs_watch_mark(const struct vs_dest *dest);

#endif /* VS_WATCH_H */
