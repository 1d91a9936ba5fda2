// SPDX-License-Identifier: GPL-2.0
/*
 * Weir: a replacement for the kernel's ip_vs. Setup and teardown of the module
 * and of its namespaces. Packets enter through path/hook.c.
 */
#include <linux/init.h>
#include <net/net_namespace.h>

#include "api/genl.h"
#include "api/procfs.h"
#include "api/sockopt.h"
#include "api/sysctl.h"
#include "config/config.h"
#include "config/netdev.h"
#include "conn/defence.h"
#include "net.h"
#include "sync/sync.h"

struct workqueue_struct *vs_wq;
unsigned int vs_net_id __read_mostly;

static int __net_init weir_net_init(struct net *net)
{
	struct vs_net *vn = vs_net(net);
	int err;

	vn->net = net;
	vs_proto_net_init(&vn->proto);
	vn->counts = alloc_percpu_gfp(struct vs_counts, GFP_KERNEL_ACCOUNT);
	if (!vn->counts)
		return -ENOMEM;
	err = vs_conn_net_init(vn);
	if (err)
		goto err_counts;
	err = vs_config_net_init(vn);
	if (err)
		goto err_conn;
	vs_est_net_init(vn);
	vs_defence_net_init(vn);
	vs_notrack_net_init(vn);
	vs_sync_net_init(vn);
	err = vs_sysctl_net_init(vn);
	if (err)
		goto err_config;
	err = vs_procfs_net_init(vn);
	if (err)
		goto err_sysctl;
	return 0;

err_sysctl:
	vs_sysctl_net_exit(vn);
err_config:
	vs_notrack_net_exit(vn);
	vs_defence_net_exit(vn);
	vs_est_net_exit(vn);
	vs_config_net_exit(vn);
err_conn:
	vs_conn_net_exit(vn);
err_counts:
	free_percpu(vn->counts);
	return err;
}

/* Stops the sync daemons, whose sockets hold references to network devices: these
 * are waited for before weir_net_exit(). Unregisters the hooks; packets that
 * are in them leave before that, too: an RCU grace period passes between the
 * two. */
static void __net_exit weir_net_pre_exit(struct net *net)
{
	struct vs_net *vn = vs_net(net);

	WRITE_ONCE(vn->exiting, true);
	vs_sync_net_exit(vn);
	vs_config_net_flush(vn);
}

static void __net_exit weir_net_exit(struct net *net)
{
	struct vs_net *vn = vs_net(net);
	bool used = rcu_access_pointer(vn->table.cur);

	vs_procfs_net_exit(vn);
	vs_sysctl_net_exit(vn);
	vs_notrack_net_exit(vn);
	vs_defence_net_exit(vn);
	vs_est_net_exit(vn);
	vs_conn_net_exit(vn);
	vs_config_net_exit(vn);
	/* RCU callbacks release routes, which belong to @net */
	if (used)
		rcu_barrier();
	free_percpu(vn->counts);
}

static struct pernet_operations weir_net_ops = {
	.init = weir_net_init,
	.pre_exit = weir_net_pre_exit,
	.exit = weir_net_exit,
	.id = &vs_net_id,
	.size = sizeof(struct vs_net),
};

static int __init weir_init(void)
{
	int err = -ENOMEM;

	vs_wq = alloc_workqueue("ip_vs", WQ_UNBOUND, 0);
	if (!vs_wq)
		return err;
	err = vs_conn_init();
	if (err)
		goto err_wq;
	err = register_pernet_subsys(&weir_net_ops);
	if (err) {
		pr_err("cannot set up namespaces (%d): is the kernel's ip_vs in use?\n",
		       err);
		goto err_conn;
	}
	err = vs_netdev_init();
	if (err)
		goto err_net;
	err = vs_genl_init();
	if (err) {
		pr_err("netlink family IPVS is taken (%d): is the kernel's ip_vs built in?\n",
		       err);
		goto err_netdev;
	}
	err = vs_genl_weir_init();
	if (err) {
		pr_err("cannot register the netlink family weir (%d)\n", err);
		goto err_genl;
	}
	err = vs_sockopt_init();
	if (err) {
		pr_err("socket options are taken (%d): is the kernel's ip_vs built in?\n",
		       err);
		goto err_genl_weir;
	}
	pr_info("Weir in place of the kernel's ip_vs\n");
	return 0;

err_genl_weir:
	vs_genl_weir_exit();
err_genl:
	vs_genl_exit();
err_netdev:
	vs_netdev_exit();
err_net:
	unregister_pernet_subsys(&weir_net_ops);
err_conn:
	vs_conn_exit();
err_wq:
	destroy_workqueue(vs_wq);
	return err;
}

static void __exit weir_exit(void)
{
	vs_sockopt_exit();
	vs_genl_weir_exit();
	vs_genl_exit();
	vs_netdev_exit();
	unregister_pernet_subsys(&weir_net_ops);
	vs_conn_exit();
	destroy_workqueue(vs_wq);
}

module_init(weir_init);
module_exit(weir_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Weir: IP virtual server");
MODULE_VERSION("1.2.1");
