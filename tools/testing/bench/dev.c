// SPDX-License-Identifier: GPL-2.0
/* The two devices: packets are injected directly, transmitted ones are checked. */
#include <linux/etherdevice.h>
#include <linux/netdevice.h>

#include "wb.h"

struct wb_priv {
	struct napi_struct napi;
	enum wb_side side;
};

const u8 wb_gateway_mac[ETH_ALEN] = { 2, 0, 0, 0, 1, 2 };
/* The last byte identifies the server: WB_SERVER_FIRST and up. */
const u8 wb_server_mac[ETH_ALEN] = { 2, 0, 0, 0, 2, WB_SERVER_FIRST };

static struct net_device *bench_devs[WB_SIDES];

static netdev_tx_t bench_dev_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct wb_priv *priv = netdev_priv(dev);

	wb_sink(skb, priv->side);
	napi_consume_skb(skb, in_softirq());
	return NETDEV_TX_OK;
}

static int bench_dev_poll(struct napi_struct *napi, int budget)
{
	return 0;
}

static const struct net_device_ops bench_dev_ops = {
	.ndo_start_xmit		= bench_dev_xmit,
	.ndo_set_mac_address	= eth_mac_addr,
	.ndo_validate_addr	= eth_validate_addr,
};

static void bench_dev_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->netdev_ops = &bench_dev_ops;
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
	return bench_devs[side];
}

struct napi_struct *wb_napi(enum wb_side side)
{
	struct wb_priv *priv = netdev_priv(bench_devs[side]);

	return &priv->napi;
}

static int bench_dev_add(enum wb_side side, const char *name)
{
	struct net_device *dev;
	struct wb_priv *priv;
	int err;

	dev = alloc_netdev(sizeof(*priv), name, NET_NAME_UNKNOWN, bench_dev_setup);
	if (!dev)
		return -ENOMEM;
	priv = netdev_priv(dev);
	priv->side = side;
	netif_napi_add(dev, &priv->napi, bench_dev_poll);
	err = register_netdev(dev);
	if (err) {
		free_netdev(dev);
		return err;
	}
	bench_devs[side] = dev;
	return 0;
}

int wb_dev_init(void)
{
	int err = bench_dev_add(WB_CLIENT, "wbc");

	if (!err)
		err = bench_dev_add(WB_SERVER, "wbs");
	if (err)
		wb_dev_exit();
	return err;
}

void wb_dev_exit(void)
{
	int side;

	for (side = 0; side < WB_SIDES; side++) {
		if (!bench_devs[side])
			continue;
		unregister_netdev(bench_devs[side]);
		free_netdev(bench_devs[side]);
		bench_devs[side] = NULL;
	}
}
