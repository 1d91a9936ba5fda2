// SPDX-License-Identifier: GPL-2.0
/*
 * kernel/path/schedule.c: how a packet is counted whose connection cannot be
 * created. What it calls is replaced: other tests may contain the originals.
 */
#include "conn/conn.h"
#include "conn/defence.h"
#include "net.h"
#include "path/choose.h"
#include "path/persist.h"
#include "path/reject.h"
#include "path/schedule.h"
#include "pe/pe.h"
#include "service/service.h"
#include "unit.h"

struct net_device {
	unsigned int flags;
};

#define RTN_UNICAST		1
#define IPV6_ADDR_UNICAST	1
#define inet_addr_type(net, addr)	RTN_UNICAST
#define ipv6_addr_type(addr)		IPV6_ADDR_UNICAST

/* What the packet meets. */
static struct {
	struct vs_service svc;
	struct vs_dest dest;
	struct vs_conn conn;
	int err;			/* of vs_conn_new() */
	int tmpl_err;			/* of vs_persist_tmpl(), 0: not persistent */
	unsigned int found_at;		/* the look-up that finds @conn, 0: none */
	enum vs_counter why;		/* of the drop */
} meets;

static struct vs_conn *fake_lookup(const struct vs_table *t,
				   const struct vs_tuple *k, enum vs_dir *dir)
{
	*dir = VS_DIR_IN;
	return meets.found_at && !--meets.found_at ? &meets.conn : NULL;
}

static struct vs_conn *fake_conn_new(struct vs_net *vn,
				     const struct vs_conn_conf *conf)
{
	return ERR_PTR(meets.err);
}

static struct vs_conn *fake_tmpl(struct vs_pkt *p, struct vs_service *svc)
{
	return ERR_PTR(meets.tmpl_err);
}

static unsigned int fake_drop(const struct vs_pkt *p, enum vs_counter why)
{
	meets.why = why;
	return NF_DROP;
}

#define vs_table_lookup(t, k, dir)	fake_lookup(t, k, dir)
#define vs_conn_new(vn, conf)		fake_conn_new(vn, conf)
#define vs_persist_tmpl(p, svc)		fake_tmpl(p, svc)
#define vs_persist_tmpl_out(p, dest)	fake_tmpl(p, NULL)
#define vs_drop(p, why)			fake_drop(p, why)
#define vs_pass(p, why)			((void)(why), NF_ACCEPT)
#define vs_service_lookup(...)		(&meets.svc)
#define vs_choose_dest(p, svc)		(&meets.dest)
#define vs_dest_lookup_real(...)	(&meets.dest)
#define vs_defence_drops(vn)		false
#define vs_reject_unreachable(p)	((void)(p))
#define vs_schedule			tested_schedule
#define vs_schedule_out			tested_schedule_out

#include "../../../kernel/path/schedule.c"

static const struct {
	int err, tmpl_err;
	unsigned int found_at;		/* is_local_reply() looks up first */
	enum vs_counter why;
} failures[] = {
	{ .err = -ENOMEM, .why = VS_DROP_NO_MEMORY },
	{ .err = -ENOSPC, .why = VS_DROP_CONN_MAX },
	{ .err = -EEXIST, .found_at = 2 },
	{ .err = -EEXIST, .why = VS_DROP_CONN_RACE },
	{ .tmpl_err = -ENOMEM, .why = VS_DROP_NO_MEMORY },
	{ .tmpl_err = -ENOSPC, .why = VS_DROP_CONN_MAX },
	{ .tmpl_err = -EINVAL, .why = VS_DROP_PE_PAYLOAD },
	{ .tmpl_err = -EEXIST, .why = VS_DROP_CONN_RACE },
};

static void schedule_failures(void)
{
	static struct vs_counts counts;
	static struct vs_net vn = { .counts = &counts };

	for (unsigned int i = 0; i < ARRAY_SIZE(failures); i++) {
		struct sk_buff skb = {};
		struct vs_pkt p = {
			.skb = &skb, .vn = &vn, .af = AF_INET,
			.proto = IPPROTO_UDP, .sport = 1000, .dport = 2000,
		};
		struct vs_conn *cp;

		memset(&meets, 0, sizeof(meets));
		meets.svc.key.port = p.dport;
		if (failures[i].tmpl_err)
			meets.svc.flags = IP_VS_SVC_F_PERSISTENT;
		meets.err = failures[i].err;
		meets.tmpl_err = failures[i].tmpl_err;
		meets.found_at = failures[i].found_at;
		cp = tested_schedule(&p);
		if (meets.why != failures[i].why ||
		    cp != (failures[i].why ? NULL : &meets.conn) ||
		    (!cp && p.verdict != NF_DROP))
			FAIL("case %u: counter %d", i, meets.why);
	}
}

const struct unit_test schedule_tests[] = {
	{ "schedule_failures", schedule_failures },
	{}
};
