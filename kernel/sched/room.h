/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_SCHED_ROOM_H
#define VS_SCHED_ROOM_H

#include <linux/types.h>

/**
 * struct vs_cache_room - limit of what the caches of a namespace remember
 * @used:	their addresses, and the destinations of these
 * @max:	no more than that
 *
 * The caches of lblc and lblcr (cache.h) grow with the packets of clients, whose
 * memory is charged to nobody.
 */
struct vs_cache_room {
	atomic_t used;
	int max;
};

#endif /* VS_SCHED_ROOM_H */
