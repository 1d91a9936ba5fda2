// SPDX-License-Identifier: GPL-2.0
/*
 * kernel/conn/conn.c, wheel.c and limit.c: how connections end, and what other
 * CPUs may do meanwhile. Another CPU acts before an exchange of the CPU under
 * test, at each of them in turn. Memory is freed when a test ends a grace
 * period, and the address sanitizer finds later accesses.
 */
#include <linux/ip_vs.h>

#include "conn/app.h"
#include "conn/conn.h"
#include "conn/ext.h"
#include "conn/limit.h"
#include "conn/proto.h"
#include "net.h"
#include "service/dest.h"
#include "unit.h"

/* The table: does nothing, unless the real one is linked. */

int __attribute__((weak)) vs_table_init(struct vs_table *t)
{
	return 0;
}

void __attribute__((weak)) vs_table_exit(struct vs_table *t)
{
}

int __attribute__((weak)) vs_table_insert(struct vs_table *t,
					  struct vs_conn *cp, bool allow_dup)
{
	return 0;
}

void __attribute__((weak)) vs_table_remove(struct vs_table *t,
					   struct vs_conn *cp)
{
}

struct vs_conn *__attribute__((weak)) vs_table_next(struct vs_table_iter *it)
{
	return NULL;
}

void __attribute__((weak)) vs_table_maybe_shrink(struct vs_table *t)
{
}

/* The latest connection, which is about to be inserted into the table. */
static struct vs_conn *newest;

void (*unit_insert_race)(void);

int vs_app_bind(struct vs_conn *cp)
{
	void (*race)(void) = unit_insert_race;

	newest = cp;
	unit_insert_race = NULL;
	if (race)
		race();
	return 0;
}

void vs_app_unbind(struct vs_conn *cp)
{
}

void vs_conn_ext_free(struct vs_conn_ext *ext)
{
}

void vs_dest_bind(struct vs_dest *dest, bool template)
{
}

void vs_dest_unbind(struct vs_dest *dest, bool template)
{
}

/* RCU: callbacks wait for unit_grace_ends() while a test runs. */
static struct rcu_head *callbacks;
bool unit_rcu_waits;

void unit_call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head))
{
	if (!unit_rcu_waits) {
		func(head);
		return;
	}
	head->func = func;
	head->next = callbacks;
	callbacks = head;
}

void unit_grace_ends(void)
{
	while (callbacks) {
		struct rcu_head *head = callbacks;

		callbacks = head->next;
		head->func(head);
	}
}

unsigned int unit_cpu, unit_counter_sums;
s64 unit_counter_lag;

static struct vs_net vn;
static const union nf_inet_addr addr;

void unit_conn_init(void)
{
	static bool caches;

	if (!caches)
		CHECK(!vs_conn_init());
	caches = true;
}

static void begin(void)
{
	unit_conn_init();
	memset(&vn, 0, sizeof(vn));
	vn.counts = calloc(1, sizeof(*vn.counts));
	vs_proto_net_init(&vn.proto);
	vn.sysctl.conn_max = 1 << 30;
	CHECK(!vs_conn_net_init(&vn));
	CHECK(!vs_conn_net_start(&vn));
	unit_rcu_waits = true;
	unit_cpu = 0;
	unit_counter_sums = 0;
	unit_counter_lag = 0;
	unit_race = NULL;
}

/* All connections are gone. */
static void end(void)
{
	unsigned int i;

	unit_race = NULL;
	unit_grace_ends();
	unit_rcu_waits = false;
	for (i = 0; i < vn.wheel.n; i++)
		CHECK(!vn.wheel.shard[i]->conns);
	vs_wheel_exit(&vn.wheel);
	vs_table_exit(&vn.table);
	free(vn.counts);
	CHECK(!vn.conns.count);
}

static struct vs_conn *conn_new(u32 st, u32 timeout, struct vs_conn *control)
{
	static u16 vport;
	struct vs_conn_conf conf = {
		.caddr = &addr, .vaddr = &addr, .vport = ++vport, .af = AF_INET,
		.proto = IPPROTO_TCP, .st = st, .timeout = timeout,
		.control = control,
	};
	struct vs_conn *cp = vs_conn_new(&vn, &conf);

	CHECK(!IS_ERR(cp));
	return cp;
}

static struct vs_conn *tmpl_new(u32 seconds)
{
	return conn_new(VS_ST_TEMPLATE, seconds * HZ, NULL);
}

static bool is_dead(const struct vs_conn *cp)
{
	return READ_ONCE(cp->st) & VS_ST_DEAD;
}

/* Time passes, and the works that are queued run. */
static void wait_for(u32 ticks)
{
	unsigned int i;

	jiffies += ticks;
	for (i = 0; i < vn.wheel.n; i++) {
		struct work_struct *work = &vn.wheel.shard[i]->work.work;

		if (!work->pending)
			continue;
		work->pending = false;
		work->func(work);
	}
}

static u64 counted(enum vs_counter what)
{
	return vn.counts->cnt[what];
}

static void idle_ones_expire(void)
{
	struct vs_conn *cp, *used;
	unsigned int i;

	begin();
	/* connections of each CPU */
	for (i = 0; i < UNIT_CPUS; i++) {
		unit_cpu = i;
		cp = conn_new(0, 0, NULL);
		CHECK(vn.wheel.shard[i]->conns == 1);
		CHECK(vn.wheel.shard[i]->work.work.pending);
	}
	used = cp;
	wait_for(2 * HZ);
	CHECK(!counted(VS_EV_CONN_EXPIRED));
	vs_conn_touch(used);
	wait_for(HZ + VS_WHEEL_TICK);
	CHECK(counted(VS_EV_CONN_EXPIRED) == UNIT_CPUS - 1 && !is_dead(used));
	/* the works of empty shards do not run again */
	for (i = 0; i < UNIT_CPUS; i++)
		CHECK(vn.wheel.shard[i]->work.work.pending == (i == used->shard));
	wait_for(3 * HZ);
	CHECK(counted(VS_EV_CONN_EXPIRED) == UNIT_CPUS);
	end();
}

/* When the wheel is freed, no work of it is left. */
static void exit_cancels_works(void)
{
	struct vs_wheel_shard *shards[UNIT_CPUS];
	unsigned int i;

	begin();
	for (i = 0; i < UNIT_CPUS; i++) {
		unit_cpu = i;
		conn_new(0, 0, NULL);
		shards[i] = vn.wheel.shard[i];
	}
	wait_for(4 * HZ);
	for (i = 0; i < UNIT_CPUS; i++) {
		CHECK(!shards[i]->work.work.pending);
		CHECK(!shards[i]->armed);
	}
	end();
}

/* Another CPU acts before exchange number @at of the CPU under test. */
static struct {
	void (*act)(void);
	unsigned int at;
	struct vs_conn *cp;
	struct vs_conn *born;
	bool acted;
} other;

static void other_cpu(void)
{
	if (other.at--)
		return;
	unit_race = NULL;
	if (other.cp && is_dead(other.cp))	/* not found any more */
		return;
	other.acted = true;
	other.act();
}

static void race_with(void (*act)(void), struct vs_conn *cp, unsigned int at)
{
	other.act = act;
	other.cp = cp;
	other.at = at;
	other.born = NULL;
	other.acted = false;
	unit_race = other_cpu;
}

/* Returns whether the other CPU has not had its turn yet: no exchange is left
 * to try. */
static bool race_is_over(void)
{
	bool over = unit_race;

	unit_race = NULL;
	return over;
}

static void packet(void)
{
	vs_conn_touch(other.cp);
}

/* A new connection under a template, or of an app, which reads the time
 * earlier. */
static void connection(void)
{
	vs_conn_touch(other.cp);
	other.born = conn_new(0, 0, other.cp);
}

static void expected(void)
{
	other.born = conn_new(0, 0, other.cp);
}

/*
 * @act on a connection that expires at the same time: if the other CPU has
 * found it alive, it stays alive. Returns the number of runs.
 */
static unsigned int race_expiry(void (*act)(void), u32 st)
{
	unsigned int n = 0, acted = 0;
	bool over;

	do {
		struct vs_conn *cp;

		begin();
		cp = conn_new(st, 3 * HZ, NULL);
		jiffies += 3 * HZ;
		race_with(act, cp, n++);
		wait_for(VS_WHEEL_TICK);
		over = race_is_over();
		acted += other.acted;
		if (is_dead(cp) == other.acted)
			FAIL("exchange %u: used %d, dead %d", n, other.acted,
			     is_dead(cp));
		/* it is in the wheel again, and expires later */
		wait_for(3 * HZ + VS_WHEEL_TICK);
		wait_for(60 * HZ + VS_WHEEL_TICK);
		wait_for(HZ);
		CHECK(is_dead(cp));
		end();
	} while (!over);
	CHECK(acted);
	return n;
}

/* A packet learns that its connection has ended after it was looked up, and
 * never that one has ended which then stays. */
static void late_packet(void)
{
	if (vs_conn_touch(other.born) == is_dead(other.born))
		other.born = NULL;
}

static void late_ones_notice(void)
{
	unsigned int n = 0;
	bool over;

	do {
		struct vs_conn *cp;

		begin();
		cp = conn_new(0, 0, NULL);
		jiffies += 3 * HZ;
		race_with(late_packet, NULL, n++);
		other.born = cp;
		wait_for(VS_WHEEL_TICK);
		over = race_is_over();
		CHECK(other.born);
		vs_conn_kill(cp, VS_EV_CONN_KILLED);
		end();
	} while (!over);
	CHECK(n > 2);
}

static void used_ones_stay(void)
{
	CHECK(race_expiry(packet, 0) > 2);
	CHECK(race_expiry(packet, VS_ST_TEMPLATE) > 2);
	CHECK(race_expiry(connection, VS_ST_TEMPLATE) > 2);
	CHECK(race_expiry(expected, 0) > 2);
}

/* The wheel extends a template by a minute, a new connection restores its
 * timeout. */
static void extension_ends(void)
{
	static const u32 seconds[] = { 2, 300 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(seconds); i++) {
		u32 timeout = seconds[i] * HZ;
		struct vs_conn *tmpl, *cp;

		begin();
		tmpl = tmpl_new(seconds[i]);
		cp = conn_new(0, 0, tmpl);
		cp->timeout = 1000 * HZ;
		wait_for(timeout / 2);
		wait_for(timeout / 2 + VS_WHEEL_TICK);
		CHECK(!is_dead(tmpl) && vs_conn_left(tmpl) == 60 * HZ);
		wait_for(59 * HZ);
		CHECK(!is_dead(tmpl) && vs_conn_left(tmpl) == HZ);
		wait_for(HZ + VS_WHEEL_TICK);
		CHECK(!is_dead(tmpl) && vs_conn_left(tmpl) == 60 * HZ);
		/* a new connection, as soon as can be */
		vs_conn_touch(tmpl);
		CHECK(vs_conn_left(tmpl) == timeout);
		vs_conn_kill(cp, VS_EV_CONN_KILLED);
		wait_for(timeout - HZ);
		CHECK(!is_dead(tmpl));
		wait_for(HZ + VS_WHEEL_TICK);
		CHECK(is_dead(tmpl));
		end();
	}
}

/* A new connection under a template that is being extended. */
static void extension_race(void)
{
	unsigned int n = 0;
	bool over;

	do {
		struct vs_conn *tmpl, *cp;

		begin();
		tmpl = tmpl_new(300);
		cp = conn_new(0, 0, tmpl);
		cp->timeout = 1000 * HZ;
		jiffies += 300 * HZ;
		race_with(connection, tmpl, n++);
		wait_for(VS_WHEEL_TICK);
		over = race_is_over();
		CHECK(!is_dead(tmpl));
		CHECK(vs_conn_left(tmpl) > (other.acted ? 299 : 59) * HZ);
		CHECK(vs_conn_left(tmpl) <= (other.acted ? 300 : 60) * HZ);
		vs_conn_kill(cp, VS_EV_CONN_KILLED);
		if (other.born)
			vs_conn_kill(other.born, VS_EV_CONN_KILLED);
		vs_conn_kill(tmpl, VS_EV_CONN_KILLED);
		end();
	} while (!over);
	CHECK(n > 2);
}

static void become_established(void)
{
	vs_proto_set_state(newest, VS_TCP_S_ESTABLISHED);
}

/* Another CPU finds a connection before it is in the wheel, and shortens its
 * timeout. */
static void early_timeout_counts(void)
{
	unsigned int n = 0;
	bool over;

	do {
		struct vs_conn *cp;

		begin();
		vn.proto.tcp_timeout[VS_TCP_S_ESTABLISHED] = HZ;
		race_with(become_established, NULL, n++);
		cp = conn_new(0, 0, NULL);
		over = race_is_over();
		wait_for(HZ + VS_WHEEL_TICK);
		CHECK(is_dead(cp) == other.acted);
		wait_for(3 * HZ);
		CHECK(is_dead(cp));
		end();
	} while (!over);
	CHECK(n > 1);
}

/* drop_entry meets a data connection whose control connection has died before,
 * and whose template is gone. */
static void drop_of_an_orphan(void)
{
	struct vs_conn *tmpl, *control, *data;

	begin();
	tmpl = tmpl_new(1);
	control = conn_new(0, 0, tmpl);
	data = conn_new(0, 0, control);
	data->timeout = 1000 * HZ;
	CHECK(vs_conn_kill(control, VS_EV_CONN_REUSED));
	unit_grace_ends();
	wait_for(HZ + VS_WHEEL_TICK);
	CHECK(is_dead(tmpl));
	unit_grace_ends();
	vs_conn_drop(data);
	CHECK(counted(VS_EV_CONN_DROPPED) == 1);
	end();
}

/* drop_entry: the control goes with its last connection, and the template
 * unless it is assured. */
static void drop_of_a_family(void)
{
	u32 assured;

	for (assured = 0; assured <= VS_TMPL_ASSURED; assured++) {
		struct vs_conn *tmpl, *control, *data;

		begin();
		tmpl = tmpl_new(100);
		tmpl->st |= assured;
		control = conn_new(0, 0, tmpl);
		data = conn_new(0, 0, control);
		vs_conn_drop(control);
		CHECK(!counted(VS_EV_CONN_DROPPED));
		vs_conn_drop(data);
		CHECK(is_dead(control) && is_dead(tmpl) == !assured);
		vs_conn_kill(tmpl, VS_EV_CONN_KILLED);
		end();
	}
}

/* Returns how many of @n connections are admitted. */
static unsigned int admit(unsigned int n)
{
	unsigned int admitted = 0;

	while (n--) {
		if (!vs_limit_admits(&vn, true))
			continue;
		vn.conns.count++;
		admitted++;
	}
	return admitted;
}

/* The limit is exact however much the counter lags behind, and a refusal does
 * not sum up the CPUs. */
static void limit_is_exact(void)
{
	static const u32 limits[] = { 0, 1, 100, 129, 100000 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		begin();
		vn.sysctl.conn_max = limits[i];
		unit_counter_lag = 32 * UNIT_CPUS;
		CHECK(admit(limits[i] + 1000) == limits[i]);
		CHECK(unit_counter_sums <= 1);
		unit_counter_lag = -32 * UNIT_CPUS;
		CHECK(!admit(100000));
		CHECK(unit_counter_sums <= 1);
		/* what ends makes room in the next jiffy */
		vn.conns.count = limits[i] / 2;
		jiffies++;
		CHECK(admit(200000) == limits[i] - limits[i] / 2);
		/* so does a new limit at once */
		vn.sysctl.conn_max += 7;
		vs_limit_changed(&vn);
		CHECK(admit(100) == 7);
		CHECK(unit_counter_sums <= 3);
		vn.sysctl.conn_max -= 7;
		vs_limit_changed(&vn);
		CHECK(!admit(100));
		vn.conns.count = 0;
		end();
	}
}

/* Connections of a single packet do not use up what a jiffy grants. */
static void limit_of_one_packet(void)
{
	unsigned int i;

	begin();
	vn.sysctl.conn_max = 100;
	vn.conns.count = 99;
	unit_counter_lag = 32 * UNIT_CPUS;
	for (i = 0; i < 1000; i++)
		CHECK(vs_limit_admits(&vn, false));
	CHECK(admit(10) == 1);
	CHECK(!vs_limit_admits(&vn, false));
	vn.conns.count = 0;
	end();
}

const struct unit_test life_tests[] = {
	{ "life_idle_ones_expire", idle_ones_expire },
	{ "life_exit_cancels_works", exit_cancels_works },
	{ "life_used_ones_stay", used_ones_stay },
	{ "life_late_ones_notice", late_ones_notice },
	{ "life_extension_ends", extension_ends },
	{ "life_extension_race", extension_race },
	{ "life_early_timeout_counts", early_timeout_counts },
	{ "life_drop_of_an_orphan", drop_of_an_orphan },
	{ "life_drop_of_a_family", drop_of_a_family },
	{ "life_limit_is_exact", limit_is_exact },
	{ "life_limit_of_one_packet", limit_of_one_packet },
	{}
};
