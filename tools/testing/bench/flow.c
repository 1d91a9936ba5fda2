// SPDX-License-Identifier: GPL-2.0
/* Flows: each number maps to a client's address and port. */
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "wb.h"

#define NO_SERVER 0xff

static u32 *order;
static u8 *server_of;
static u32 max_flows;

int wb_flows_init(u32 max)
{
	if (!max || max > 1 << 26)
		return -EINVAL;
	order = vmalloc(array_size(max, sizeof(*order)));
	server_of = vmalloc(max);
	if (!order || !server_of) {
		wb_flows_exit();
		return -ENOMEM;
	}
	max_flows = max;
	memset(server_of, NO_SERVER, max);
	wb_flows_order(max, true);
	return 0;
}

void wb_flows_exit(void)
{
	vfree(order);
	vfree(server_of);
	order = NULL;
	server_of = NULL;
}

u32 wb_flows_max(void)
{
	return max_flows;
}

/* Deterministic, so that all implementations see the same order. */
void wb_flows_order(u32 flows, bool shuffle)
{
	u64 seed = 0x9e3779b97f4a7c15ULL;
	u32 i, j;

	for (i = 0; i < flows; i++)
		order[i] = i;
	for (i = flows - 1; shuffle && i > 0; i--) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		j = (u64)(u32)(seed >> 32) * (i + 1) >> 32;
		swap(order[i], order[j]);
	}
}

u32 wb_flow_at(u32 i)
{
	return order[i];
}

int wb_flow_server(u32 flow)
{
	return server_of[flow] == NO_SERVER ? -1 : server_of[flow];
}

void wb_flow_set_server(u32 flow, int server)
{
	server_of[flow] = server;
}

void wb_flow_forget(u32 first, u32 flows)
{
	memset(server_of + first, NO_SERVER, flows);
}

/* Sixteen flows per client. */
void wb_client(u8 family, u32 flow, struct in6_addr *addr, __be16 *port)
{
	u32 host = (flow >> 4) + 1;

	memset(addr, 0, sizeof(*addr));
	if (family == AF_INET) {
		addr->s6_addr32[0] = htonl(0x0a000000 + host);
	} else {
		addr->s6_addr32[0] = htonl(0xfd100000);
		addr->s6_addr32[3] = htonl(host);
	}
	*port = htons(1024 + (flow & 15) * 4001);
}

void wb_server(u8 family, int server, struct in6_addr *addr)
{
	u32 host = WB_SERVER_FIRST + server;

	memset(addr, 0, sizeof(*addr));
	if (family == AF_INET) {
		addr->s6_addr32[0] = htonl(0xc6336400 + host);
	} else {
		/* fd20::10 ... fd20::13 */
		addr->s6_addr32[0] = htonl(0xfd200000);
		addr->s6_addr32[3] = htonl(0x10 + server);
	}
}

void wb_vip(u8 family, struct in6_addr *addr)
{
	memset(addr, 0, sizeof(*addr));
	if (family == AF_INET) {
		addr->s6_addr32[0] = htonl(0xcb007101);
	} else {
		addr->s6_addr32[0] = htonl(0xfd300000);
		addr->s6_addr32[3] = htonl(1);
	}
}
