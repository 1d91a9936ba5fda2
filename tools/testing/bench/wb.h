/* SPDX-License-Identifier: GPL-2.0 */
/*
 * weir_bench: the cost of a packet on its path through this kernel.
 *
 *   clients 10.0.0.0/8, fd10::/64                       servers .10 ... .13
 *        |                                                    |
 *   gateway .2 --- wbc 192.0.2.1/24     wbs 198.51.100.1/24 --+
 *                      fd01::1/64           fd20::1/64
 *                          director: VIP 203.0.113.1, fd30::1 on lo
 *
 * Packets are received on one of the two devices and must be transmitted on
 * the other one. bench_up() in lib.sh configures the addresses.
 */
#ifndef WB_H
#define WB_H

#include <linux/in6.h>
#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/types.h>

#define WB_MAGIC	0x57656972
#define WB_SERVERS	4
#define WB_SERVER_FIRST	10
#define WB_VPORT	80
#define WB_RPORT	8080
#define WB_TTL		64
#define WB_BATCH_MAX	256

enum wb_side { WB_CLIENT, WB_SERVER, WB_SIDES };

enum wb_method { WB_PLAIN, WB_DR, WB_NAT, WB_TUN };

/* An injected packet: its sender, its destination and its TCP flags. */
struct wb_type {
	const char *name;
	enum wb_side from;
	bool to_vip;
	bool deliver;		/* false: build and free only */
	u8 tcp_flags;
};

#define WB_FIN 0x01
#define WB_SYN 0x02
#define WB_RST 0x04
#define WB_ACK 0x10

struct wb_job {
	const struct wb_type *type;
	enum wb_method method;
	u8 family;		/* AF_INET, AF_INET6 */
	u8 proto;		/* IPPROTO_TCP, IPPROTO_UDP */
	bool shuffle;
	bool full;		/* verify TTL and checksums of transmitted packets */
	u32 first, flows;	/* flows first ... first + flows - 1 */
	u32 start;		/* position in the order of flows */
	u32 packets;
	u32 batch;		/* packets built and timed together */
	u32 list;		/* packets per call of the stack */
	u32 payload;
};

struct wb_result {
	u64 sent, good, bad, other;
	u64 build_ns, receive_ns;
	u32 p50, p10;		/* picoseconds per packet, over batches */
	char why[80];		/* first error */
};

/* The last bytes of every packet. */
struct wb_trailer {
	__be32 magic;
	__be32 flow;
} __packed;

struct wb_tuple {
	struct in6_addr saddr, daddr;	/* IPv4: s6_addr32[0], rest 0 */
	__be16 sport, dport;
};

/* main.c */
extern struct wb_job wb_job;
extern struct wb_result wb_result;
int wb_run(void);

/* proc.c */
int wb_proc_init(void);
void wb_proc_exit(void);

/* flow.c */
int wb_flows_init(u32 max);
void wb_flows_exit(void);
u32 wb_flows_max(void);
void wb_flows_order(u32 flows, bool shuffle);
u32 wb_flow_at(u32 i);
int wb_flow_server(u32 flow);
void wb_flow_set_server(u32 flow, int server);
void wb_flow_forget(u32 first, u32 flows);
void wb_client(u8 family, u32 flow, struct in6_addr *addr, __be16 *port);
void wb_server(u8 family, int server, struct in6_addr *addr);
void wb_vip(u8 family, struct in6_addr *addr);

/* build.c */
struct sk_buff *wb_build(const struct wb_job *job, u32 flow);
void wb_sent_tuple(const struct wb_job *job, u32 flow, struct wb_tuple *t);

/* sink.c */
void wb_sink(struct sk_buff *skb, enum wb_side side);

/* dev.c */
extern const u8 wb_gateway_mac[ETH_ALEN];
extern const u8 wb_server_mac[ETH_ALEN];
int wb_dev_init(void);
void wb_dev_exit(void);
struct net_device *wb_dev(enum wb_side side);
struct napi_struct *wb_napi(enum wb_side side);

#endif
