// SPDX-License-Identifier: GPL-2.0
/*
 * The writers' side of the marks that schedulers attach to destinations; the
 * protocol is described in watch.h.
 */
#include <linux/bitops.h>

#include "service/dest.h"
#include "service/watch.h"

static void set_mark(unsigned long *map, u32 n)
{
	if (test_bit(n, map))
		return;
	set_bit(n, map);
	smp_mb__after_atomic();
}

void vs_watch_mark(const struct vs_dest *dest)
{
	const struct vs_watcher *watcher;

	rcu_read_lock();
	watcher = rcu_dereference(dest->watcher);
	if (watcher) {
		u32 i = watcher->index;

		smp_mb();	/* the load before test_bit() */
		set_mark(watcher->marks->dests, i);
		set_mark(watcher->marks->words, i / BITS_PER_LONG);
	}
	rcu_read_unlock();
}
