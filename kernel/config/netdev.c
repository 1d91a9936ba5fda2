// SPDX-License-Identifier: GPL-2.0
/*
 * Drops cached routes over network devices that go down or are unregistered.
 */
#include <linux/netdevice.h>

#include "config/config.h"
#include "config/netdev.h"
#include "net.h"
#include "path/route.h"

static void dests_forget_dev(struct list_head *dests, struct net_device *dev)
{
	struct vs_dest *dest;

	list_for_each_entry(dest, dests, list)
		vs_route_forget_dev(dest, dev);
}

static int netdev_event(struct notifier_block *nb, unsigned long event,
			void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct vs_net *vn = vs_net(dev_net(dev));
	struct vs_service *svc;

	if (event != NETDEV_DOWN && event != NETDEV_UNREGISTER)
		return NOTIFY_DONE;

	vs_route_expire_lookups();
	mutex_lock(&vn->config.lock);
	vs_config_for_each_service(svc, vn) {
		dests_forget_dev(&svc->dests, dev);
		dests_forget_dev(&svc->removed, dev);
	}
	list_for_each_entry(svc, &vn->config.deleted, list)
		dests_forget_dev(&svc->removed, dev);
	mutex_unlock(&vn->config.lock);
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
