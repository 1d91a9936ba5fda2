// SPDX-License-Identifier: GPL-2.0
/*
 * kernel/sync/apply.c: entries and connections that come or go at the same time.
 * Another CPU acts before an exchange of the CPU under test, at each of them in
 * turn. The connection table is the real one.
 */
#include <linux/ip_vs.h>

#include "conn/ext.h"
#include "net.h"
#include "pe/pe.h"
#include "service/service.h"
#include "sync/apply.h"
#include "sync/entry.h"
#include "sync/sync.h"
#include "unit.h"

#define CPORT	htons(1000)
#define VPORT	htons(80)
#define DPORT	htons(8080)

static const union nf_inet_addr client = { .ip = htonl(0xc6120001) };
static const union nf_inet_addr vip = { .ip = htonl(0xc6120002) };
static const union nf_inet_addr server = { .ip = htonl(0xc6120003) };

static struct vs_net vn;
static struct vs_service svc;
static struct vs_dest dest;
static bool configured;

void vs_sync_seq_put(struct vs_conn *cp, const struct vs_sync_entry *e)
{
}

u32 vs_sync_time(void)
{
	return jiffies;
}

struct vs_service *vs_service_lookup(struct vs_net *net, u8 af, u8 proto,
				     const union nf_inet_addr *daddr,
				     __be16 dport, u32 mark)
{
	return configured ? &svc : NULL;
}

struct vs_dest *vs_dest_find(struct vs_service *s, u16 af,
			     const union nf_inet_addr *addr, __be16 port)
{
	return addr->ip == server.ip && port == DPORT ? &dest : NULL;
}

static const struct vs_pe engine;

const struct vs_pe *vs_pe_get_loaded(const char *name)
{
	return &engine;
}

void vs_pe_put(const struct vs_pe *pe)
{
}

struct vs_conn_ext *vs_conn_ext_make(const struct vs_pe *pe, const u8 *data,
				     u8 len)
{
	static struct {
		struct vs_conn_ext ext;
		u8 data[255];
	} key;

	key.ext.pe = pe;
	key.ext.len = len;
	memcpy(key.ext.data, data, len);
	return &key.ext;
}

static void begin(void)
{
	memset(&vn, 0, sizeof(vn));
	vn.counts = calloc(1, sizeof(*vn.counts));
	vs_proto_net_init(&vn.proto);
	vn.sysctl.conn_max = 1 << 30;
	vn.sysctl.sync_threshold[0] = 3;
	vn.sysctl.sync_threshold[1] = 50;
	unit_conn_init();
	CHECK(!vs_conn_net_init(&vn));
	CHECK(!vs_conn_net_start(&vn));
	svc = (struct vs_service) { .vn = &vn };
	dest = (struct vs_dest) {
		.key = { .svc = &svc, .addr = server, .port = DPORT,
			 .af = AF_INET },
		.svc = &svc, .flags = VS_DEST_AVAILABLE, .weight = 1,
	};
	configured = true;
	unit_rcu_waits = true;
	unit_race = NULL;
}

static void end(void)
{
	unit_race = NULL;
	vs_conn_flush(&vn, false);
	unit_grace_ends();
	unit_rcu_waits = false;
	CHECK(!vn.conns.count && !vn.sync.room.counter);
	CHECK(!dest.total.counter && !dest.active.counter);
	vs_wheel_exit(&vn.wheel);
	vs_table_exit(&vn.table);
	free(vn.counts);
}

static u64 counted(enum vs_counter what)
{
	return vn.counts->cnt[what];
}

static struct vs_sync_entry entry_of(const union nf_inet_addr *caddr, __be16 cport,
				     const union nf_inet_addr *vaddr, __be16 vport)
{
	return (struct vs_sync_entry) {
		.caddr = *caddr, .vaddr = *vaddr, .daddr = server,
		.cport = cport, .vport = vport, .dport = DPORT,
		.af = AF_INET, .proto = IPPROTO_TCP,
		.state = VS_TCP_S_ESTABLISHED, .timeout = 500,
	};
}

/* A message with @e alone. */
static void receive(const struct vs_sync_entry *e)
{
	struct vs_wire_reader r;
	struct vs_wire_msg m;
	u8 buf[500];

	vs_wire_begin(&m, buf, sizeof(buf), 1, 0);
	CHECK(vs_wire_add(&m, e));
	vs_apply_all(&vn, &r, vs_wire_open(&r, buf, m.len, 0),
		     NULL);
}

static void receive_it(void)
{
	struct vs_sync_entry e = entry_of(&client, CPORT, &vip, VPORT);

	receive(&e);
}

static struct vs_conn *lookup(void)
{
	struct vs_tuple k = {
		.saddr = &client, .daddr = &vip, .sport = CPORT,
		.dport = VPORT, .af = AF_INET, .proto = IPPROTO_TCP,
	};
	enum vs_dir dir;

	return vs_table_lookup(&vn.table, &k, &dir);
}

/* What is received takes room, a template with an engine's key as much as that
 * does, and gives it back; where there is no more, nothing is created. */
static void room_is_limited(void)
{
	struct vs_sync_entry e = entry_of(&client, 0, &vip, VPORT);
	static const u8 key[255], name[] = "sip";
	int full;

	begin();
	receive_it();
	CHECK(vn.sync.room.counter == 1);
	e.flags = IP_VS_CONN_F_TEMPLATE;
	e.state = 0;
	e.pe_data = key;
	e.pe_data_len = sizeof(key);
	e.pe_name = name;
	e.pe_name_len = strlen((const char *)name);
	receive(&e);
	CHECK(vn.sync.room.counter == 1 + VS_SYNC_ROOM_KEY);
	full = ((u64)totalram_pages() << PAGE_SHIFT) / 8 / VS_CONN_SIZE6;
	atomic_add(full, &vn.sync.room);
	e = entry_of(&client, htons(2000), &vip, VPORT);
	receive(&e);
	CHECK(counted(VS_EV_SYNC_LIMIT) == 1 && vn.conns.count == 2);
	atomic_sub(full, &vn.sync.room);
	end();
}

/* Addresses that only entries name set few bits of the filter, those of
 * connections with a destination are always set. */
static void strangers_set_few_bits(void)
{
	unsigned int i, bits = 0;

	begin();
	configured = false;
	for (i = 0; i < 1 << VS_FILTER_BITS; i++) {
		union nf_inet_addr vaddr = { .ip = htonl(0x0a000000 + i) };
		struct vs_sync_entry e = entry_of(&client, CPORT, &vaddr, VPORT);

		receive(&e);
	}
	for (i = 0; i < 1 << VS_FILTER_BITS; i++)
		bits += test_bit(i, vn.filter.vip);
	CHECK(bits == VS_FILTER_STRANGERS);
	CHECK(!vs_filter_has(vn.filter.vip, AF_INET, &vip));
	configured = true;
	receive_it();
	CHECK(vs_filter_has(vn.filter.vip, AF_INET, &vip));
	end();
}

/* A connection is due once in each period, counted from the packet of its last
 * message on, however often the count wraps. */
static void turns_are_regular(void)
{
	static const struct {
		int at, period, due;
	} thresholds[] = {
		{ 3, 50, 50 }, { 0, 1, 1 }, { 0, 7, 7 }, { 32766, 32767, 32767 },
		{ 3, 40000, 32767 }, { 50000, 65535, 32767 },
		{ 100000, 1000000, 32767 }, { 32767, 32768, 32767 },
	};
	unsigned int i, n;

	begin();
	for (i = 0; i < ARRAY_SIZE(thresholds); i++) {
		u32 period, gap = 0;
		struct vs_conn *cp;

		vn.sysctl.sync_threshold[0] = thresholds[i].at;
		vn.sysctl.sync_threshold[1] = thresholds[i].period;
		receive_it();
		cp = lookup();
		period = vs_sync_period(&vn);
		for (n = 0; n < 300000; n++) {
			gap++;
			if (vs_conn_count_on(cp, period) % period !=
			    vs_sync_turn(&vn))
				continue;
			if (gap != thresholds[i].due)
				FAIL("%d of %d: after %u packets",
				     thresholds[i].at, thresholds[i].period, gap);
			gap = 0;
		}
		CHECK(gap < thresholds[i].due);
		vs_conn_kill(cp, VS_EV_CONN_KILLED);
	}
	end();
}

/* An entry whose client is the real server of a NAT connection, and whose virtual
 * address is the client, would take the replies away. */
static void replies_stay(void)
{
	struct vs_sync_entry e = entry_of(&server, DPORT, &client, CPORT);
	struct vs_tuple k = {
		.saddr = &server, .daddr = &client, .sport = DPORT,
		.dport = CPORT, .af = AF_INET, .proto = IPPROTO_TCP,
	};
	enum vs_dir dir;

	begin();
	dest.method = IP_VS_CONN_F_MASQ;
	receive_it();
	CHECK(vs_table_lookup(&vn.table, &k, &dir) == lookup());
	CHECK(dir == VS_DIR_OUT);
	receive(&e);
	CHECK(vs_table_lookup(&vn.table, &k, &dir) == lookup());
	CHECK(counted(VS_EV_SYNC_BAD_TUPLE) == 1 && vn.conns.count == 1);
	end();
}

/* Another CPU acts before exchange number @at of the CPU under test. */
static struct {
	void (*act)(void);
	unsigned int at;
} other;

/* Whether the CPU under test holds a lock for which the other one would wait. */
static bool has_locked(void)
{
	unsigned int i;

	for (i = 0; i < vn.wheel.n; i++)
		if (vn.wheel.shard[i]->lock.held)
			return true;
	return false;
}

static void other_cpu(void)
{
	if (has_locked() || other.at--)
		return;
	unit_race = NULL;
	other.act();
}

static void race_with(void (*act)(void), unsigned int at)
{
	other.act = act;
	other.at = at;
	unit_race = other_cpu;
}

/* Returns whether no exchange is left to try. */
static bool race_is_over(void)
{
	bool over = unit_race;

	unit_race = NULL;
	return over;
}

static void kill_it(void)
{
	struct vs_conn *cp = lookup();

	if (cp)
		vs_conn_kill(cp, VS_EV_CONN_REUSED);
}

static struct vs_conn *unbound;

static void bind_it(void)
{
	if (!(READ_ONCE(unbound->st) & VS_ST_DEAD))
		vs_sync_bind(&vn, unbound);
}

/* Two packets bind a received connection, or a packet and its end: whoever
 * loses goes on with what is alive, if anything is. */
static void bind_race(void)
{
	static void (*const acts[])(void) = { bind_it, kill_it };
	unsigned int i, n;
	bool over;

	for (i = 0; i < ARRAY_SIZE(acts); i++) {
		n = 0;
		do {
			struct vs_conn *cp;

			begin();
			configured = false;
			receive_it();
			unbound = lookup();
			CHECK(unbound && !unbound->dest);
			configured = true;
			race_with(acts[i], n++);
			cp = vs_sync_bind(&vn, unbound);
			over = race_is_over();
			if (acts[i] == bind_it)
				CHECK(cp->dest && cp == lookup());
			else
				CHECK(!lookup() || cp == lookup());
			CHECK(vn.conns.count <= 1);
			end();
		} while (!over);
		CHECK(n > 2);
	}
}

/* The connection ends while an entry updates it: the entry creates it anew,
 * unless it came before the end. */
static void update_race(void)
{
	unsigned int n = 0, created = 0;
	bool over;

	do {
		begin();
		receive_it();
		race_with(kill_it, n++);
		receive_it();
		over = race_is_over();
		created += counted(VS_EV_SYNC_CONN_NEW) == 2;
		CHECK(!counted(VS_EV_SYNC_LIMIT));
		CHECK(!lookup() || vs_conn_state(lookup()) == VS_TCP_S_ESTABLISHED);
		end();
	} while (!over);
	CHECK(created);
}

/* The connection comes while an entry creates it: the entry updates it. */
static void create_race(void)
{
	begin();
	unit_insert_race = receive_it;
	receive_it();
	CHECK(lookup() && vn.conns.count == 1);
	CHECK(counted(VS_EV_SYNC_CONN_NEW) == 1);
	CHECK(counted(VS_EV_SYNC_CONN_UPDATED) == 1);
	CHECK(!counted(VS_EV_SYNC_LIMIT));
	end();
}

const struct unit_test apply_tests[] = {
	{ "apply_room_is_limited", room_is_limited },
	{ "apply_strangers_set_few_bits", strangers_set_few_bits },
	{ "apply_turns_are_regular", turns_are_regular },
	{ "apply_replies_stay", replies_stay },
	{ "apply_bind_race", bind_race },
	{ "apply_update_race", update_race },
	{ "apply_create_race", create_race },
	{}
};
