// SPDX-License-Identifier: GPL-2.0
/*
 * kernel/sched/tree.c while other threads change loads: a choice must take into
 * account every change that was complete before it.
 */
#include <pthread.h>

#include "sched/sched.h"
#include "service/dest.h"
#include "unit.h"

#define DESTS	150
#define ROUNDS	3000
#define CHANGES	40
#define THREADS	2

static struct vs_dest dests[DESTS];
static pthread_barrier_t begin, end;
static bool stop;

/*
 * Changes loads between two barriers, of few destinations so that the threads
 * contend for the same destinations and the same words of marks.
 */
static void *changer(void *arg)
{
	unsigned int seed = (uintptr_t)arg;
	unsigned int i;

	for (;;) {
		pthread_barrier_wait(&begin);
		if (READ_ONCE(stop))
			return NULL;
		for (i = 0; i < CHANGES; i++) {
			struct vs_dest *d = &dests[rand_r(&seed) % DESTS];

			if (rand_r(&seed) % 2)
				atomic_inc(&d->total);
			else
				atomic_dec(&d->total);
			vs_dest_load_changed(d);
		}
		pthread_barrier_wait(&end);
	}
}

static struct vs_dest *least(void)
{
	struct vs_dest *best = &dests[0];
	unsigned int i;

	for (i = 1; i < DESTS; i++)
		if (dests[i].total.counter < best->total.counter)
			best = &dests[i];
	return best;
}

static void no_change_is_lost(void)
{
	pthread_t thread[THREADS];
	struct list_head list;
	struct vs_snap_conf conf = { .dests = &list, .n = DESTS };
	struct vs_snap *snap;
	unsigned int i, n;
	u32 wrong = 0;

	INIT_LIST_HEAD(&list);
	memset(dests, 0, sizeof(dests));
	for (i = DESTS; i--; ) {
		dests[i].weight = 1;
		dests[i].total.counter = 1000000;
		list_add(&dests[i].list, &list);
	}
	conf.sched = vs_sched_by_name("wlc");
	snap = vs_snap_build(&conf, NULL);
	CHECK(snap);
	vs_snap_publish(snap);

	stop = false;
	pthread_barrier_init(&begin, NULL, THREADS + 1);
	pthread_barrier_init(&end, NULL, THREADS + 1);
	for (i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, changer,
			       (void *)(uintptr_t)rnd(0));
	for (n = 0; n < ROUNDS; n++) {
		pthread_barrier_wait(&begin);
		for (i = 0; i < CHANGES; i++)	/* any choice is right */
			vs_sched_pick(snap, NULL);
		pthread_barrier_wait(&end);
		wrong += vs_sched_pick(snap, NULL) != least();
	}
	WRITE_ONCE(stop, true);
	pthread_barrier_wait(&begin);
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	pthread_barrier_destroy(&begin);
	pthread_barrier_destroy(&end);
	vs_snap_retire(snap);
	if (wrong)
		FAIL("%u of %u choices missed a change", wrong, ROUNDS);
}

const struct unit_test race_tests[] = {
	{ "race_no_change_is_lost", no_change_is_lost },
	{}
};
