// SPDX-License-Identifier: GPL-2.0
/*
 * Drops cached routes over network devices that go down or are unregistered.
 */
#include <linux/netdevice.h>
#include <linux/sched.h>

#include "config/netdev.h"
#include "net.h"
#include "path/route.h"
#include "service/dest.h"

/* Under RTNL: must not wait for the configuration lock. */
static void dests_forget_dev(struct vs_all *all, struct net_device *dev)
{
	struct vs_dest *dest;

	mutex_lock(&all->dests_lock);
	list_for_each_entry(dest, &all->dests, all) {
		vs_route_forget_dev(dest, dev);
		cond_resched();
	}
	mutex_unlock(&all->dests_lock);
}

static int netdev_event(struct notifier_block *nb, unsigned long event,
			void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);

	if (event != NETDEV_DOWN && event != NETDEV_UNREGISTER)
		return NOTIFY_DONE;

	vs_route_expire_lookups();
	dests_forget_dev(&vs_net(dev_net(dev))->all, dev);
	return NOTIFY_DONE;
}

/* Runs after the notifiers of IPv4 and IPv6, which remove the device's routes:
 * a destination's next route lookup cannot return one of them. */
static struct notifier_block netdev_notifier = {
	.notifier_call = netdev_event,
	.priority = -100,
};

int vs_netdev_init(void)
{
	return register_netdevice_notifier(&netdev_notifier);
}

void vs_netdev_exit(void)
{
	unregister_netdevice_notifier(&netdev_notifier);
}
