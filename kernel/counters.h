/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_COUNTERS_H
#define VS_COUNTERS_H

#include <linux/types.h>

struct vs_net;

/*
 * What happens to packets and connections, by name; counted per CPU in each
 * namespace. A name is an interface: it is shown by /proc/net/weir_stats and
 * netlink, and never gets another meaning.
 *
 * Why packets are dropped: name, the kernel's own drop reason that comes
 * nearest, text.
 */
#define VS_DROPS(X) \
	X(NO_DEST, no_dest, NETFILTER_DROP, \
	  "no server of the service is available: the client is told") \
	X(DEST_GONE, dest_gone, NETFILTER_DROP, \
	  "the connection's server was removed") \
	X(STRAY, stray, NETFILTER_DROP, \
	  "from a server's port, of no connection (nat_icmp_send)") \
	X(DEFENCE, defence, NETFILTER_DROP, \
	  "new connection refused by net.ipv4.vs.drop_packet") \
	X(CONN_MAX, conn_max, NETFILTER_DROP, \
	  "new connection refused by net.ipv4.vs.conn_max") \
	X(NO_MEMORY, no_memory, NOMEM, \
	  "no memory for a new connection") \
	X(PE_PAYLOAD, pe_payload, NETFILTER_DROP, \
	  "the persistence engine finds nothing in it to go by") \
	X(TRUNCATED, truncated, HDR_TRUNC, \
	  "transport or ICMP header cut short") \
	X(ICMP_FRAG, icmp_frag, NETFILTER_DROP, \
	  "fragment of an ICMP error") \
	X(ICMP_CSUM, icmp_csum, ICMP_CSUM, \
	  "ICMP error with a wrong checksum") \
	X(APP_CSUM, app_csum, TCP_CSUM, \
	  "text for a helper (ip_vs_ftp) with a wrong checksum") \
	X(NO_ROUTE, no_route, IP_OUTNOROUTES, \
	  "no route to the server") \
	X(ROUTE_REFUSED, route_refused, IP_OUTNOROUTES, \
	  "the route to the server may not be taken: a loopback source, or a server that is the director itself") \
	X(LOOPBACK, loopback, NETFILTER_DROP, \
	  "from the network to a server with a loopback address") \
	X(REPLY_ROUTE, reply_route, IP_OUTNOROUTES, \
	  "no route for a reply from its virtual address") \
	X(TTL, ttl, IP_INHDR, \
	  "time to live or hop limit exhausted: the sender is told") \
	X(TOO_BIG, too_big, PKT_TOO_BIG, \
	  "larger than the MTU and not to be fragmented: the sender is told") \
	X(TUNNEL_MTU, tunnel_mtu, PKT_TOO_BIG, \
	  "the way's MTU leaves no room inside the tunnel") \
	X(HEADROOM, headroom, NOMEM, \
	  "headers could not be made writable: shorter than they say, or no memory") \
	X(ENCAP, encap, NOMEM, \
	  "no tunnel header could be put in front") \
	X(CONNTRACK, conntrack, NETFILTER_DROP, \
	  "its conntrack entry belongs to a connection that is over, or clashes with another one's") \
	X(METHOD, method, NETFILTER_DROP, \
	  "the connection has an unknown forwarding method")

/* Why packets that come to a virtual address, or from a server, are left to
 * the local stack: name, text. */
#define VS_PASSES(X) \
	X(NO_SERVICE, no_service, \
	  "no service for the address and port") \
	X(NOT_OPENING, not_opening, \
	  "of no connection, and not what begins one") \
	X(NOT_BALANCED, not_balanced, \
	  "a protocol that is not balanced, or a later fragment") \
	X(FTP_DATA, ftp_data, \
	  "from FTP's data port, or to a port only FTP's range brought here") \
	X(LOCAL_REPLY, local_reply, \
	  "reply of a server on this host over its loopback device") \
	X(ICMP_UNRELATED, icmp_unrelated, \
	  "ICMP error about a packet of no connection")

/* Everything else that is rare enough to count: name, text. */
#define VS_EVENTS(X) \
	X(SCHEDULED, scheduled, \
	  "a scheduler chose a server") \
	X(CONN_NEW, conn_new, \
	  "connections made") \
	X(CONN_ONE_PACKET, conn_one_packet, \
	  "connections made for one packet only") \
	X(CONN_EXPIRED, conn_expired, \
	  "connections and templates whose time was up") \
	X(CONN_REUSED, conn_reused, \
	  "connections ended because the client uses their port again") \
	X(CONN_NODEST, conn_nodest, \
	  "connections ended because their server was removed (expire_nodest_conn)") \
	X(CONN_DROPPED, conn_dropped, \
	  "connections thrown out by net.ipv4.vs.drop_entry") \
	X(CONN_FLUSHED, conn_flushed, \
	  "connections ended with their server or service") \
	X(CONN_KILLED, conn_killed, \
	  "connections ended for another reason") \
	X(TEMPLATE_NEW, template_new, \
	  "persistence templates made") \
	X(TEMPLATE_HIT, template_hit, \
	  "new connections that a template led to their server") \
	X(TEMPLATE_STALE, template_stale, \
	  "templates given up: their server is gone or quiescent") \
	X(DATA_EXPECTED, data_expected, \
	  "connections that a helper (ip_vs_ftp) heard announced") \
	X(DATA_CONFIRMED, data_confirmed, \
	  "announced connections that a client's port came for") \
	X(APP_EDITED, app_edited, \
	  "packets whose text a helper changed") \
	X(BYPASSED, bypassed, \
	  "connections past an empty cache cluster (cache_bypass)") \
	X(ICMP_TO_SERVER, icmp_to_server, \
	  "ICMP errors passed on to a server") \
	X(ICMP_TO_CLIENT, icmp_to_client, \
	  "ICMP errors of a server or its routers passed on to the client") \
	X(ICMP_TUNNEL, icmp_tunnel, \
	  "ICMP errors about a tunnel packet, told to the client") \
	X(UNREACHABLE_SENT, unreachable_sent, \
	  "clients and servers told that nobody serves the port") \
	X(FRAG_TAKEN, frag_taken, \
	  "IPv4 fragments held until the rest comes, or given up") \
	X(FRAG_WHOLE, frag_whole, \
	  "IPv4 packets put together") \
	X(ROUTE_LOOKUP, route_lookup, \
	  "routes to servers looked up anew") \
	X(TABLE_GROWN, table_grown, \
	  "connection table grown") \
	X(TABLE_SHRUNK, table_shrunk, \
	  "connection table shrunk") \
	X(TABLE_STUCK, table_stuck, \
	  "connection table not resized for want of memory")

enum vs_counter {
	VS_COUNTER_NONE,
#define X(id, ...) VS_DROP_##id,
	VS_DROPS(X)
#undef X
#define X(id, ...) VS_PASS_##id,
	VS_PASSES(X)
#undef X
#define X(id, ...) VS_EV_##id,
	VS_EVENTS(X)
#undef X
	VS_COUNTERS
};

/* Per CPU. */
struct vs_counts {
	u64 cnt[VS_COUNTERS];
	int turn;		/* packets until drop_packet drops one */
};

/* "drop_no_route", "pass_no_service", "conn_new". */
const char *vs_counter_name(enum vs_counter c);
const char *vs_counter_text(enum vs_counter c);

/* The sums over all CPUs. */
void vs_counters_sum(const struct vs_net *vn, u64 sum[VS_COUNTERS]);

#endif /* VS_COUNTERS_H */
