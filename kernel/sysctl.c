// SPDX-License-Identifier: GPL-2.0
/*
 * net.ipv4.vs.*: names, defaults and ranges as the kernel's ip_vs has them. A
 * switch takes any number, 0 is off.
 */
#include <linux/slab.h>
#include <linux/sysctl.h>

#include "compat/sysctl.h"
#include "net.h"
#include "sysctl.h"

#define CONN_MAX	(1 << 30)

struct knob {
	const char *name;
	u16 offset;		/* in struct vs_sysctl */
	int def;
	bool privileged;	/* read only where root is not the host's */
};

#define KNOB(field, value, ...) {				\
	.name = #field,						\
	.offset = offsetof(struct vs_sysctl, field),		\
	.def = (value),						\
	__VA_ARGS__						\
}

static const struct knob knobs[] = {
	KNOB(conn_max, CONN_MAX),
	KNOB(conntrack, 0),
	KNOB(snat_reroute, 1),
	KNOB(expire_nodest_conn, 0),
	KNOB(expire_quiescent_template, 0),
	KNOB(sloppy_tcp, 0),
	KNOB(pmtu_disc, 1),
	KNOB(conn_reuse_mode, 1),
	KNOB(run_estimation, 1, .privileged = true),
};

/* A namespace's table, and what it may have as conn_max. */
struct table {
	int conn_limit;
	struct ctl_table ctl[ARRAY_SIZE(knobs) + 1];
};

/* A namespace whose root is not the host's gets no more connections than the
 * host allowed itself when the namespace was made. */
static int conn_limit(const struct vs_net *vn)
{
	if (vn->net->user_ns == &init_user_ns)
		return CONN_MAX;
	return READ_ONCE(vs_net(&init_net)->sysctl.conn_max);
}

static void fill(struct table *t, struct vs_net *vn)
{
	bool host = vn->net->user_ns == &init_user_ns;

	t->conn_limit = conn_limit(vn);
	for (int i = 0; i < ARRAY_SIZE(knobs); i++) {
		const struct knob *k = &knobs[i];
		int *value = (void *)&vn->sysctl + k->offset;

		*value = k->def;
		t->ctl[i] = (struct ctl_table) {
			.procname = k->name,
			.data = value,
			.maxlen = sizeof(*value),
			.mode = k->privileged && !host ? 0444 : 0644,
			.proc_handler = proc_dointvec,
		};
		if (value != &vn->sysctl.conn_max)
			continue;
		*value = t->conn_limit;
		t->ctl[i].proc_handler = proc_dointvec_minmax;
		t->ctl[i].extra1 = SYSCTL_ZERO;
		t->ctl[i].extra2 = &t->conn_limit;
	}
}

int vs_sysctl_net_init(struct vs_net *vn)
{
	struct table *t = kzalloc(sizeof(*t), GFP_KERNEL_ACCOUNT);

	if (!t)
		return -ENOMEM;
	fill(t, vn);
	vn->sysctl_header = register_net_sysctl_sz(vn->net, "net/ipv4/vs",
						   t->ctl, ARRAY_SIZE(knobs));
	if (!vn->sysctl_header) {
		kfree(t);
		return -ENOMEM;
	}
	vn->sysctl_table = t->ctl;
	return 0;
}

void vs_sysctl_net_exit(struct vs_net *vn)
{
	unregister_net_sysctl_table(vn->sysctl_header);
	kfree(container_of(vn->sysctl_table, struct table, ctl[0]));
}
