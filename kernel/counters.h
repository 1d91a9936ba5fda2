/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_COUNTERS_H
#define VS_COUNTERS_H

#include <linux/types.h>

struct vs_net;

/*
 * Named events, counted per CPU and namespace. A name is ABI: it is shown by
 * /proc/net/weir_stats and netlink, and keeps its meaning.
 *
 * Dropped packets: id, name, the closest SKB_DROP_REASON_*, text.
 */
#define VS_DROPS(X) \
	X(NO_DEST, no_dest, NETFILTER_DROP, \
	  "the service has no usable server: the client gets an ICMP error") \
	X(DEST_GONE, dest_gone, NETFILTER_DROP, \
	  "the connection's server was removed") \
	X(STRAY, stray, NETFILTER_DROP, \
	  "from a server's service port, without a connection (nat_icmp_send)") \
	X(DEFENCE, defence, NETFILTER_DROP, \
	  "new connection dropped by net.ipv4.vs.drop_packet") \
	X(CONN_MAX, conn_max, NETFILTER_DROP, \
	  "new connection over the limit net.ipv4.vs.conn_max") \
	X(NO_MEMORY, no_memory, NOMEM, \
	  "no memory for a new connection") \
	X(CONN_RACE, conn_race, NETFILTER_DROP, \
	  "the same connection was created elsewhere at the same time, and has ended") \
	X(PE_PAYLOAD, pe_payload, NETFILTER_DROP, \
	  "the persistence engine found no key in the payload") \
	X(TRUNCATED, truncated, HDR_TRUNC, \
	  "truncated transport or ICMP header") \
	X(ICMP_FRAG, icmp_frag, NETFILTER_DROP, \
	  "fragment of an ICMP error") \
	X(ICMP_CSUM, icmp_csum, ICMP_CSUM, \
	  "ICMP error with a wrong checksum") \
	X(APP_CSUM, app_csum, TCP_CSUM, \
	  "payload for an app (ip_vs_ftp) with a wrong checksum") \
	X(APP_ORDER, app_order, NETFILTER_DROP, \
	  "follows a missing segment that an app waits for to complete an address") \
	X(NO_ROUTE, no_route, IP_OUTNOROUTES, \
	  "no route to the server") \
	X(ROUTE_REFUSED, route_refused, IP_OUTNOROUTES, \
	  "route to the server not allowed: loopback source address, or the server is the director itself") \
	X(LOOPBACK, loopback, NETFILTER_DROP, \
	  "received from the network for a server with a loopback address") \
	X(REPLY_ROUTE, reply_route, IP_OUTNOROUTES, \
	  "no route for a reply from the virtual address") \
	X(TTL, ttl, IP_INHDR, \
	  "TTL or hop limit exceeded: the sender gets an ICMP error") \
	X(TOO_BIG, too_big, PKT_TOO_BIG, \
	  "exceeds the MTU and must not be fragmented: the sender gets an ICMP error") \
	X(TUNNEL_MTU, tunnel_mtu, PKT_TOO_BIG, \
	  "the MTU of the route leaves no room inside the tunnel") \
	X(HEADROOM, headroom, NOMEM, \
	  "headers could not be made writable: truncated, or out of memory") \
	X(ENCAP, encap, NOMEM, \
	  "tunnel header could not be added") \
	X(CONNTRACK, conntrack, NETFILTER_DROP, \
	  "conntrack entry belongs to a finished connection, or clashes with another entry") \
	X(METHOD, method, NETFILTER_DROP, \
	  "the connection has an unknown forwarding method")

/* Packets to a virtual address or from a server that are left to the local stack:
 * id, name, text. */
#define VS_PASSES(X) \
	X(NO_SERVICE, no_service, \
	  "no service for the address and port") \
	X(NOT_OPENING, not_opening, \
	  "without a connection, and does not open one") \
	X(NOT_BALANCED, not_balanced, \
	  "protocol that is not balanced, or a non-first fragment") \
	X(FTP_DATA, ftp_data, \
	  "from the FTP data port, or to another port of a persistent FTP service without a server") \
	X(LOCAL_REPLY, local_reply, \
	  "reply of a server on this host over loopback") \
	X(ICMP_UNRELATED, icmp_unrelated, \
	  "ICMP error about a packet without a connection")

/* Other events, none of them on the usual path of an established connection:
 * id, name, text. */
#define VS_EVENTS(X) \
	X(SCHEDULED, scheduled, \
	  "a scheduler chose a server") \
	X(CONN_NEW, conn_new, \
	  "connections created") \
	X(CONN_ONE_PACKET, conn_one_packet, \
	  "connections created for a single packet") \
	X(CONN_EXPIRED, conn_expired, \
	  "connections and templates that timed out") \
	X(CONN_REUSED, conn_reused, \
	  "connections ended because the client reused its port") \
	X(CONN_NODEST, conn_nodest, \
	  "connections ended because their server was removed (expire_nodest_conn)") \
	X(CONN_DROPPED, conn_dropped, \
	  "connections dropped by net.ipv4.vs.drop_entry") \
	X(CONN_FLUSHED, conn_flushed, \
	  "connections ended with their server or service") \
	X(CONN_KILLED, conn_killed, \
	  "connections ended for another reason") \
	X(TEMPLATE_NEW, template_new, \
	  "persistence templates created") \
	X(TEMPLATE_HIT, template_hit, \
	  "new connections assigned to a server by a template") \
	X(TEMPLATE_STALE, template_stale, \
	  "templates retired: their server is gone or quiescent") \
	X(DATA_EXPECTED, data_announced, \
	  "connections that an app (ip_vs_ftp) expects") \
	X(DATA_CONFIRMED, data_claimed, \
	  "connections expected from any port whose client port is now known") \
	X(APP_EDITED, app_edited, \
	  "packets with a payload that an app edited") \
	X(BYPASSED, bypassed, \
	  "connections that bypass a service without a usable server (cache_bypass)") \
	X(ICMP_TO_SERVER, icmp_to_server, \
	  "ICMP errors forwarded to a server") \
	X(ICMP_TO_CLIENT, icmp_to_client, \
	  "ICMP errors of a server or its routers forwarded to the client") \
	X(ICMP_TUNNEL, icmp_tunnel, \
	  "ICMP errors about a tunnel packet, relayed to the client") \
	X(UNREACHABLE_SENT, unreachable_sent, \
	  "ICMP port unreachable errors sent to clients and servers") \
	X(FRAG_TAKEN, frag_taken, \
	  "IPv4 fragments queued for reassembly, or dropped by it") \
	X(FRAG_WHOLE, frag_whole, \
	  "IPv4 packets reassembled") \
	X(ROUTE_LOOKUP, route_lookup, \
	  "route lookups for servers") \
	X(TABLE_GROWN, table_grown, \
	  "connection table grown") \
	X(TABLE_SHRUNK, table_shrunk, \
	  "connection table shrunk") \
	X(TABLE_STUCK, table_stuck, \
	  "connection table not resized: out of memory") \
	X(SYNC_SENT, sync_sent, \
	  "sync messages sent") \
	X(SYNC_UNSENT, sync_unsent, \
	  "sync messages not sent: queue full, no memory, or an error of the socket") \
	X(SYNC_CONN_SENT, sync_conn_sent, \
	  "connections and templates put into sync messages") \
	X(SYNC_RECEIVED, sync_received, \
	  "sync messages received") \
	X(SYNC_CONN_NEW, sync_conn_new, \
	  "connections and templates created by sync messages") \
	X(SYNC_CONN_UPDATED, sync_conn_updated, \
	  "connections and templates updated by sync messages") \
	X(SYNC_CONN_BOUND, sync_conn_bound, \
	  "received connections bound when their server became known") \
	X(SYNC_CONN_STALE, sync_conn_stale, \
	  "sync entries that are late: the connection was replaced or has changed") \
	X(SYNC_CONN_REMOVED, sync_conn_removed, \
	  "received connections that the peer has removed") \
	X(SYNC_TAKEN_OVER, sync_taken_over, \
	  "received connections whose packets arrive here now") \
	X(SYNC_RESENT, sync_resent, \
	  "sync messages sent again to a peer that has missed them") \
	X(SYNC_LOST, sync_lost, \
	  "sync messages of peers that are lost for good") \
	X(SYNC_FORGED, sync_forged, \
	  "sync messages that are not authentic") \
	X(SYNC_BAD_KEY, sync_bad_key, \
	  "sync messages encrypted by an unknown key") \
	X(SYNC_REPLAYED, sync_replayed, \
	  "sync messages received before, too old, or sent by this director") \
	X(SYNC_STRANGER, sync_stranger, \
	  "sync messages of an address that is not a peer's, or of another session") \
	X(SYNC_BAD_STATUS, sync_bad_status, \
	  "sync messages with a malformed status") \
	X(SYNC_OTHER_ID, sync_other_id, \
	  "sync messages with another sync id") \
	X(SYNC_BAD_SIZE, sync_bad_size, \
	  "sync messages whose size is wrong") \
	X(SYNC_BAD_TRUNCATED, sync_bad_truncated, \
	  "sync messages with a truncated entry or option") \
	X(SYNC_BAD_TYPE, sync_bad_type, \
	  "sync messages with an unknown type of entry") \
	X(SYNC_BAD_OPTION, sync_bad_option, \
	  "sync messages with an invalid option") \
	X(SYNC_BAD_UNKNOWN, sync_bad_unknown, \
	  "sync entries with an unknown mandatory option") \
	X(SYNC_BAD_PROTO, sync_bad_proto, \
	  "sync entries with an unknown protocol, family or state") \
	X(SYNC_BAD_FLAGS, sync_bad_flags, \
	  "sync entries with invalid flags, forwarding method or ports") \
	X(SYNC_BAD_TUPLE, sync_bad_tuple, \
	  "sync entries with the addresses and ports of replies in a NAT connection") \
	X(SYNC_BAD_PE, sync_bad_pe, \
	  "sync entries with an unknown persistence engine") \
	X(SYNC_LIMIT, sync_limit, \
	  "sync entries without memory, or above conn_max or the share of received connections")

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

/* A namespace's counters, per CPU. */
struct vs_counts {
	u64 cnt[VS_COUNTERS];
	int turn;		/* packets until drop_packet drops one */
};

/* The name ("drop_no_route", "pass_no_service", "conn_new") and text of @c. */
const char *vs_counter_name(enum vs_counter c);
const char *vs_counter_text(enum vs_counter c);

/* Sums the counters over all CPUs. Not a snapshot: counting continues. */
void vs_counters_sum(const struct vs_net *vn, u64 sum[VS_COUNTERS]);

#endif /* VS_COUNTERS_H */
