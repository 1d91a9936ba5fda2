// SPDX-License-Identifier: GPL-2.0
/*
 * kernel/conn/table.c: costs in reads of shared memory (unit_reads), walks while
 * the table is resized, and look-ups while other threads change it.
 */
#include <pthread.h>

#include "conn/ext.h"
#include "net.h"
#include "unit.h"

#define CONNS		20000
#define CHAIN_READS	200	/* more than a look-up or a removal in a short chain takes */

static struct vs_net vn;
static struct vs_dest *const some_dest = (struct vs_dest *)&vn;
static struct vs_conn conns[CONNS];

static void begin(void)
{
	static struct vs_counts counts;

	memset(&vn, 0, sizeof(vn));
	memset(conns, 0, sizeof(conns));
	vn.counts = &counts;
	CHECK(!vs_table_init(&vn.table));
}

static void resize(int shift)
{
	u32 size;

	vs_table_set_shift(&vn.table, shift);
	/* it grows in steps */
	do {
		size = vs_table_size(&vn.table);
		vn.table.resize.func(&vn.table.resize);
	} while (vs_table_size(&vn.table) != size);
}

static void set_addr(struct vs_conn *cp, int which, u32 addr)
{
	if (cp->af == AF_INET6)
		cp->a6[which].s6_addr32[3] = addr;
	else
		cp->a4[which] = addr;
}

/* Number @n of many connections of one client port to as many virtual addresses
 * and @reals real servers: those of a server are twins. */
static struct vs_conn *conn_set(u32 n, u8 af, u32 reals)
{
	struct vs_conn *cp = &conns[n];

	*cp = (struct vs_conn) {
		.af = af, .proto = IPPROTO_UDP, .method = IP_VS_CONN_F_MASQ,
		.cport = 1000, .vport = 53, .dport = 53, .dest = some_dest,
	};
	set_addr(cp, VS_CADDR, 1);
	set_addr(cp, VS_VADDR, n);
	set_addr(cp, VS_DADDR, ~(n % reals));
	return cp;
}

static struct vs_conn *find(const struct vs_conn *cp, enum vs_dir dir)
{
	bool in = dir == VS_DIR_IN;
	struct vs_tuple k = {
		.saddr = vs_conn_addr(cp, in ? VS_CADDR : VS_DADDR),
		.daddr = vs_conn_addr(cp, in ? VS_VADDR : VS_CADDR),
		.sport = in ? cp->cport : cp->dport,
		.dport = in ? cp->vport : cp->cport,
		.af = cp->af, .proto = cp->proto,
	};

	return vs_table_lookup(&vn.table, &k, &dir);
}

static void kill_conn(struct vs_conn *cp)
{
	WRITE_ONCE(cp->st, cp->st | VS_ST_DEAD);
	vs_table_remove(&vn.table, cp);
}

static void shuffle(u32 *order, u32 n)
{
	u32 i, j, tmp;

	for (i = 0; i < n; i++)
		order[i] = i;
	for (i = n; i-- > 1; ) {
		j = rnd(i + 1);
		tmp = order[i];
		order[i] = order[j];
		order[j] = tmp;
	}
}

static unsigned long most, since;

static void cost_begin(void)
{
	since = unit_reads;
}

static void cost_end(void)
{
	most = max(most, unit_reads - since);
}

/* The table may run others every this many buckets. */
static void cost_pause(void)
{
	cost_end();
	cost_begin();
}

static void twins_cost(u8 af, int order)
{
	static u32 nth[CONNS];
	u32 i;

	begin();
	most = 0;
	for (i = 0; i < CONNS; i++) {
		struct vs_conn *cp = conn_set(i, af, 2);

		cost_begin();
		CHECK(!vs_table_insert(&vn.table, cp, false));
		CHECK(find(cp, VS_DIR_IN) == cp);
		CHECK(find(cp, VS_DIR_OUT) == cp);
		cost_end();
	}
	if (most > CHAIN_READS)
		FAIL("%lu reads for an insertion", most);
	if (vn.table.nodes.count != CONNS + 2)
		FAIL("%lld links", (long long)vn.table.nodes.count);

	most = 0;
	unit_resched = cost_pause;
	resize(2);
	resize(-2);
	unit_resched = NULL;
	if (most > 64 * CHAIN_READS)
		FAIL("%lu reads of a resize without a pause", most);

	shuffle(nth, CONNS);
	most = 0;
	for (i = 0; i < CONNS; i++) {
		u32 n = order == 0 ? i : order == 1 ? CONNS - 1 - i : nth[i];

		cost_begin();
		kill_conn(&conns[n]);
		cost_end();
	}
	if (most > CHAIN_READS)
		FAIL("%lu reads for a removal", most);
	CHECK(!vn.table.nodes.count);
	vs_table_exit(&vn.table);
}

static void twins_cost_nothing(void)
{
	for (int order = 0; order < 3; order++) {
		twins_cost(AF_INET, order);
		twins_cost(AF_INET6, order);
	}
}

/* Compares reply look-ups with a model: the newest connection answers. */
static void newest_answers(void)
{
	static u32 age[CONNS];
	const u32 n = 40, reals = 3;
	u32 i, step, now = 0;

	begin();
	memset(age, 0, sizeof(age));
	for (step = 0; step < 200000; step++) {
		struct vs_conn *best = NULL, *cp;
		u32 it = rnd(n);

		if (step % 1000 == 0)
			resize(rnd(2) ? -12 : 2);
		if (!age[it]) {
			cp = conn_set(it, AF_INET, reals);
			age[it] = ++now;
			CHECK(!vs_table_insert(&vn.table, cp, false));
		} else {
			age[it] = 0;
			conns[it].st |= VS_ST_DEAD;
		}
		for (i = it % reals; i < n; i += reals)
			if (age[i] && (!best || age[i] > age[best - conns]))
				best = &conns[i];
		cp = find(&conns[it], VS_DIR_OUT);
		if (cp != best)
			FAIL("step %u: connection %td answers instead of %td",
			     step, cp ? cp - conns : -1,
			     best ? best - conns : -1);
		if (!age[it]) {
			vs_table_remove(&vn.table, &conns[it]);
			CHECK(find(&conns[it], VS_DIR_OUT) == best);
		}
	}
	vs_table_exit(&vn.table);
}

/* Connections with the same client-side tuple, which servers have opened: the
 * newest is found, also after a resize. */
static void duplicates_keep_their_order(void)
{
	struct vs_conn *cp = NULL;
	u32 i;

	begin();
	for (i = 0; i < 10; i++) {
		cp = conn_set(i, AF_INET, 10);
		cp->a4[VS_VADDR] = 1;
		CHECK(!vs_table_insert(&vn.table, cp, true));
		CHECK(find(cp, VS_DIR_IN) == cp);
	}
	CHECK(vs_table_insert(&vn.table, cp, false) == -EEXIST);
	resize(-10);
	CHECK(find(cp, VS_DIR_IN) == cp);
	resize(2);
	CHECK(find(cp, VS_DIR_IN) == cp);
	while (i--) {
		CHECK(find(cp, VS_DIR_IN) == &conns[i]);
		kill_conn(&conns[i]);
	}
	CHECK(!find(cp, VS_DIR_IN));
	vs_table_exit(&vn.table);
}

static struct vs_conn_ext *engine_key(const void *data, u8 len)
{
	struct vs_conn_ext *ext = calloc(1, sizeof(*ext) + len);

	ext->pe = (const struct vs_pe *)&vn;
	ext->len = len;
	memcpy(ext->data, data, len);
	return ext;
}

/* Templates of many clients: with the same key of the engine, and with a key
 * that equals the tuple as it is hashed. */
static void templates_cost_nothing(void)
{
	for (int same = 0; same < 2; same++) {
		begin();
		most = 0;
		for (u32 i = 0; i < CONNS; i++) {
			struct vs_conn *cp = conn_set(i, AF_INET, 1);
			u32 words[] = { i, 7, 0, IPPROTO_UDP };
			union nf_inet_addr net = { .ip = i }, vip = { .ip = 7 };
			struct vs_tuple k = {
				.saddr = &net, .daddr = &vip, .af = AF_INET,
				.proto = IPPROTO_UDP,
			};

			if (same)
				cp->ext = engine_key("one@call", 8);
			else
				cp->ext = engine_key(words, sizeof(words));
			k.ext = cp->ext;
			cp->st = VS_ST_TEMPLATE;
			cp->a4[VS_CADDR] = i;
			cp->a4[VS_VADDR] = 7;
			cp->cport = cp->vport = 0;
			cost_begin();
			CHECK(!vs_table_lookup_tmpl(&vn.table, &k));
			CHECK(!vs_table_insert(&vn.table, cp, false));
			CHECK(vs_table_insert(&vn.table, cp, false) == -EEXIST);
			CHECK(vs_table_lookup_tmpl(&vn.table, &k) == cp);
			cost_end();
			if (i % 1000 == 0)
				resize(0);
		}
		if (most > 2 * CHAIN_READS)
			FAIL("%lu reads for a template", most);
		for (u32 i = 0; i < CONNS; i++) {
			kill_conn(&conns[i]);
			free(conns[i].ext);
		}
		vs_table_exit(&vn.table);
	}
}

/* A walk, continued by walk_on() */
static struct vs_table_iter it;
static u8 seen[CONNS];

static void walk_begin(void)
{
	it = (struct vs_table_iter) { .t = &vn.table, .end = VS_TABLE_SPAN };
	memset(seen, 0, sizeof(seen));
	most = 0;
}

static void walk_on(void)
{
	struct vs_conn *cp;

	cost_begin();
	while ((cp = vs_table_next(&it)))
		seen[cp - conns]++;
	cost_end();
}

static void walk_check(u32 n, u8 times)
{
	while (!it.done)
		walk_on();
	if (most > VS_TABLE_STEPS * 4 + CHAIN_READS)
		FAIL("%lu reads without a pause", most);
	for (u32 i = 0; i < n; i++)
		if (!seen[i] || seen[i] > times)
			FAIL("connection %u was returned %u times", i, seen[i]);
}

static u32 pace;

/* Between the steps of a resize: sometimes a step of the walk, so that it runs
 * ahead of the resize, along with it or behind. */
static void walk_maybe(void)
{
	if (!rnd(pace))
		walk_on();
}

static void walk_during(int from, int to)
{
	resize(from);
	for (pace = 1; pace < 6; pace++) {
		walk_begin();
		unit_resched = walk_maybe;
		resize(to);
		unit_resched = NULL;
		walk_check(CONNS / 2, 1);
		resize(from);
	}
}

static void walk_visits_all(void)
{
	u32 i;

	begin();
	walk_begin();
	walk_check(0, 0);
	resize(-14);		/* many empty buckets */
	for (i = 0; i < CONNS / 2; i++)
		CHECK(!vs_table_insert(&vn.table, conn_set(i, AF_INET, 2),
				       false));
	walk_begin();
	walk_check(CONNS / 2, 1);
	walk_during(3, -4);	/* 2^12 buckets and 2^18 */
	walk_during(-4, 3);
	walk_during(-1, -4);
	walk_during(-4, -1);
	resize(8);
	walk_begin();
	walk_check(CONNS / 2, 1);
	vs_table_exit(&vn.table);
}

/* The walk of a flush: kills what it gets. */
static void walk_kills_all(void)
{
	struct vs_conn *cp;
	u32 i, n = 0;

	begin();
	for (i = 0; i < CONNS; i++)
		CHECK(!vs_table_insert(&vn.table, conn_set(i, AF_INET, 2),
				       false));
	walk_begin();
	do {
		while ((cp = vs_table_next(&it))) {
			kill_conn(cp);
			n++;
		}
		if (!rnd(8))
			resize((int)rnd(6) - 3);
	} while (!it.done);
	CHECK(n == CONNS);
	CHECK(!vn.table.nodes.count);
	vs_table_exit(&vn.table);
}

static struct vs_conn *next_after_pauses(void)
{
	struct vs_conn *cp;

	do
		cp = vs_table_next(&it);
	while (!cp && !it.done);
	return cp;
}

/* A reader of /proc: continues anywhere, from a position that it has saved. */
static void walk_is_resumed(void)
{
	struct vs_table_iter before;
	struct vs_conn *cp;

	begin();
	for (u32 i = 0; i < CONNS; i++)
		CHECK(!vs_table_insert(&vn.table, conn_set(i, AF_INET, 2),
				       false));
	walk_begin();
	do {
		before = it;
		cp = next_after_pauses();
		if (!rnd(3)) {
			it = before;
			it.at = NULL;
			CHECK(next_after_pauses() == cp);
		}
		if (cp)
			seen[cp - conns]++;
	} while (cp);
	walk_check(CONNS, 1);
	vs_table_exit(&vn.table);
}

/* Threads: two look connections up, one walks, one resizes the table, and the
 * main thread inserts and removes twins. */
#define READERS		3	/* the last one walks */
#define STABLE		64
#define CHURN		64
#define REALS		4
#define ROUNDS		60

static u32 epoch[READERS];	/* odd: in a read-side critical section */
static u32 missed;
static bool stop;

static void wait_for_readers(void)
{
	for (int i = 0; i < READERS; i++) {
		u32 e = __atomic_load_n(&epoch[i], __ATOMIC_SEQ_CST);

		while (e % 2 && __atomic_load_n(&epoch[i], __ATOMIC_SEQ_CST) == e)
			sched_yield();
	}
}

static void *reader(void *arg)
{
	u32 *mine = arg, n = 0;
	struct vs_conn *cp;

	while (!READ_ONCE(stop)) {
		__atomic_add_fetch(mine, 1, __ATOMIC_SEQ_CST);
		n = (n + 1) % STABLE;
		cp = find(&conns[n], VS_DIR_OUT);
		if (find(&conns[n], VS_DIR_IN) != &conns[n] || !cp ||
		    cp->a4[VS_DADDR] != conns[n].a4[VS_DADDR])
			__atomic_add_fetch(&missed, 1, __ATOMIC_SEQ_CST);
		__atomic_add_fetch(mine, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

/* Returns how many of the stable connections a walk has missed. */
static u32 walk_once(u32 *mine)
{
	struct vs_table_iter it = { .t = &vn.table, .end = VS_TABLE_SPAN };
	bool found[STABLE] = {};
	struct vs_conn *cp;
	u32 i, n = STABLE;

	do {
		__atomic_add_fetch(mine, 1, __ATOMIC_SEQ_CST);
		while ((cp = vs_table_next(&it)))
			if (cp < conns + STABLE)
				found[cp - conns] = true;
		__atomic_add_fetch(mine, 1, __ATOMIC_SEQ_CST);
	} while (!it.done);
	for (i = 0; i < STABLE; i++)
		n -= found[i];
	return n;
}

static void *walker(void *arg)
{
	while (!READ_ONCE(stop))
		__atomic_add_fetch(&missed, walk_once(arg), __ATOMIC_SEQ_CST);
	return NULL;
}

static void *resizer(void *arg)
{
	unsigned int seed = 1;

	while (!READ_ONCE(stop)) {
		resize((int)(rand_r(&seed) % 8) - 9);
		sched_yield();
	}
	return NULL;
}

static void churn(u32 first)
{
	static u32 order[CHURN];
	u32 i;

	for (i = 0; i < CHURN; i++)
		CHECK(!vs_table_insert(&vn.table,
				       conn_set(first + i, AF_INET, REALS),
				       false));
	shuffle(order, CHURN);
	for (i = 0; i < CHURN; i++) {
		WRITE_ONCE(conns[first + order[i]].st, VS_ST_DEAD);
		/* sometimes several are dead at once */
		if (i % 3)
			vs_table_remove(&vn.table, &conns[first + order[i]]);
	}
	for (i = 0; i < CHURN; i += 3)
		vs_table_remove(&vn.table, &conns[first + order[i]]);
}

static void readers_miss_nothing(void)
{
	pthread_t threads[READERS + 1];
	u32 i;

	begin();
	for (i = 0; i < STABLE; i++)
		CHECK(!vs_table_insert(&vn.table, conn_set(i, AF_INET, REALS),
				       false));
	unit_grace_period = wait_for_readers;
	stop = false;
	missed = 0;
	for (i = 0; i < READERS; i++)
		pthread_create(&threads[i], NULL,
			       i < READERS - 1 ? reader : walker, &epoch[i]);
	pthread_create(&threads[i], NULL, resizer, NULL);
	for (i = 0; i < ROUNDS; i++) {
		churn(STABLE);
		synchronize_rcu();	/* the objects are used again */
	}
	WRITE_ONCE(stop, true);
	for (i = 0; i <= READERS; i++)
		pthread_join(threads[i], NULL);
	unit_grace_period = NULL;
	vs_table_exit(&vn.table);
	if (missed)
		FAIL("%u connections missed", missed);
}

const struct unit_test table_tests[] = {
	{ "table_twins_cost_nothing", twins_cost_nothing },
	{ "table_newest_answers", newest_answers },
	{ "table_duplicates_keep_their_order", duplicates_keep_their_order },
	{ "table_templates_cost_nothing", templates_cost_nothing },
	{ "table_walk_visits_all", walk_visits_all },
	{ "table_walk_kills_all", walk_kills_all },
	{ "table_walk_is_resumed", walk_is_resumed },
	{ "table_readers_miss_nothing", readers_miss_nothing },
	{}
};
