// SPDX-License-Identifier: GPL-2.0
/*
 * kernel/path/persist.c: a template that another CPU, or a sync peer, makes
 * between the look-up and the insertion of this CPU's. What it calls is
 * replaced.
 */
#include "conn/conn.h"
#include "conn/ext.h"
#include "net.h"
#include "path/choose.h"
#include "path/persist.h"
#include "service/service.h"
#include "sync/sync.h"
#include "unit.h"

/* Of the tested CPU, and of the template that comes meanwhile. */
static struct vs_dest mine, other;
static struct vs_conn theirs;
static bool come;

static struct vs_conn *fake_lookup_tmpl(struct vs_table *t,
					const struct vs_tuple *k)
{
	return come ? &theirs : NULL;
}

static struct vs_conn *fake_conn_new(struct vs_net *vn,
				     const struct vs_conn_conf *conf)
{
	come = true;
	return ERR_PTR(-EEXIST);
}

#define vs_table_lookup_tmpl(t, k)	fake_lookup_tmpl(t, k)
#define vs_conn_new(vn, conf)		fake_conn_new(vn, conf)
#define vs_conn_ext_new(pe, p)		ERR_PTR(-EINVAL)
#define vs_choose_dest(p, svc)		(&mine)
#define vs_sync_bind(vn, tmpl)		(tmpl)
#define vs_persist_tmpl			tested_persist_tmpl
#define vs_persist_tmpl_out		tested_persist_tmpl_out
#define ipv6_addr_prefix(to, from, len)	((void)(to))

#include "../../../kernel/path/persist.c"

static const struct {
	struct vs_dest *dest;		/* of the template that has come */
	bool removed;			/* that destination is */
	bool drained;
	bool is_used, is_used_out;
} races[] = {
	{ .dest = &mine, .is_used = true, .is_used_out = true },
	{ .dest = &other, .is_used = true },
	{ .dest = NULL },
	{ .dest = &other, .removed = true },
	{ .dest = &other, .drained = true },
};

static void races_of_templates(void)
{
	static struct vs_counts counts;
	static struct vs_net vn = { .counts = &counts };
	struct vs_service svc = { .vn = &vn, .key = { .af = AF_INET } };
	struct vs_pkt p = {
		.vn = &vn, .af = AF_INET, .proto = IPPROTO_UDP,
	};
	unsigned int i;

	vn.sysctl.expire_quiescent_template = 1;
	for (i = 0; i < ARRAY_SIZE(races); i++) {
		struct vs_conn *got;

		mine = (struct vs_dest) {
			.svc = &svc, .flags = VS_DEST_AVAILABLE, .weight = 1,
		};
		other = mine;
		if (races[i].removed)
			other.flags = 0;
		if (races[i].drained)
			other.weight = 0;
		theirs = (struct vs_conn) { .dest = races[i].dest };
		come = false;
		got = tested_persist_tmpl(&p, &svc);
		if (got != (races[i].is_used ? &theirs : ERR_PTR(-EEXIST)))
			FAIL("case %u: %ld", i, PTR_ERR(got));
		come = false;
		got = tested_persist_tmpl_out(&p, &mine);
		if (got != (races[i].is_used_out ? &theirs : ERR_PTR(-EEXIST)))
			FAIL("case %u, from the server: %ld", i, PTR_ERR(got));
	}
}

const struct unit_test persist_tests[] = {
	{ "persist_races_of_templates", races_of_templates },
	{}
};
