// SPDX-License-Identifier: GPL-2.0
/* The two devices: packets are injected by hand, what is transmitted is judged. */
#include <linux/etherdevice.h>
#include <linux/netdevice.h>

#include "wb.h"

struct wb_priv {
	struct napi_struct napi;
	enum wb_side side;
};

const u8 wb_gateway_mac[ETH_ALEN] = { 2, 0, 0, 0, 1, 2 };
/* the last byte is the server's: 10 and following */
const u8 wb_server_mac[ETH_ALEN] = { 2, 0, 0, 0, 2, WB_SERVER_FIRST };

static struct net_device *devs[WB_SIDES];

static netdev_tx_t wb_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct wb_priv *priv = netdev_priv(dev);

	wb_sink(skb, priv->side);
	napi_consume_skb(skb, in_softirq());
	return NETDEV_TX_OK;
}

static int wb_poll(struct napi_struct *napi, int budget)
{
	return 0;
}

static const struct net_device_ops wb_ops = {
	.ndo_start_xmit		= wb_xmit,
	.ndo_set_mac_address	= eth_mac_addr,
	.ndo_validate_addr	= eth_validate_addr,
};

static void wb_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->netdev_ops = &wb_ops;
	dev->priv_flags |= IFF_NO_QUEUE;
#ifdef NETIF_F_LLTX
	dev->features |= NETIF_F_LLTX;
#else
	dev->lltx = true;
#endif
	eth_hw_addr_random(dev);
}

struct net_device *wb_dev(enum wb_side side)
{
	return devs[side];
}

struct napi_struct *wb_napi(enum wb_side side)
{
	struct wb_priv *priv = netdev_priv(devs[side]);

	return &priv->napi;
}

static int wb_dev_add(enum wb_side side, const char *name)
{
	struct net_device *dev;
	struct wb_priv *priv;
	int err;

	dev = alloc_netdev(sizeof(*priv), name, NET_NAME_UNKNOWN, wb_setup);
	if (!dev)
		return -ENOMEM;
	priv = netdev_priv(dev);
	priv->side = side;
	netif_napi_add(dev, &priv->napi, wb_poll);
	err = register_netdev(dev);
	if (err) {
		free_netdev(dev);
		return err;
	}
	devs[side] = dev;
	return 0;
}

int wb_dev_init(void)
{
	int err = wb_dev_add(WB_CLIENT, "wbc");

	if (!err)
		err = wb_dev_add(WB_SERVER, "wbs");
	if (err)
		wb_dev_exit();
	return err;
}

void wb_dev_exit(void)
{
	int side;

	for (side = 0; side < WB_SIDES; side++) {
		if (!devs[side])
			continue;
		unregister_netdev(devs[side]);
		free_netdev(devs[side]);
		devs[side] = NULL;
	}
}
