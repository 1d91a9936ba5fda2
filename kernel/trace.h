/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints for the stages of the packet path: events/weir in tracefs, weir:*
 * in perf. A disabled tracepoint costs a static branch; the fields are read
 * behind it.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM weir

#if !defined(VS_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define VS_TRACE_H

#include <linux/ip_vs.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/tracepoint.h>
#include <net/net_namespace.h>

#include "conn/conn.h"
#include "net.h"
#include "path/pkt.h"
#include "service/dest.h"
#include "service/service.h"

#define VS_TRACE_ADDR	28	/* sizeof(struct sockaddr_in6), as a number for perf */
#define VS_TRACE_WORD	24

/* trace.c */

/* Stores an address and a port as a socket address, for %pISpc. */
void vs_trace_addr(void *to, u8 af, const void *addr, __be16 port);
void vs_trace_server(void *to, const struct vs_dest *dest, __be16 port);
void vs_trace_dev(char to[IFNAMSIZ], const struct sk_buff *skb);
void vs_trace_state_name(char to[VS_TRACE_WORD], const struct vs_conn *cp,
			 u8 state);

TRACE_DEFINE_ENUM(NF_INET_LOCAL_IN);
TRACE_DEFINE_ENUM(NF_INET_FORWARD);
TRACE_DEFINE_ENUM(NF_INET_LOCAL_OUT);
TRACE_DEFINE_ENUM(VS_PARSE_OK);
TRACE_DEFINE_ENUM(VS_PARSE_ICMP);
TRACE_DEFINE_ENUM(VS_PARSE_OTHER);
TRACE_DEFINE_ENUM(VS_PARSE_BAD);
TRACE_DEFINE_ENUM(VS_DIR_IN);
TRACE_DEFINE_ENUM(VS_DIR_OUT);

#define VS_TRACE_FAMILY(family) \
	__print_symbolic(family, { AF_INET, "AF_INET" }, \
				 { AF_INET6, "AF_INET6" })

#define VS_TRACE_HOOK(hook) \
	__print_symbolic(hook, { NF_INET_LOCAL_IN, "LOCAL_IN" }, \
			       { NF_INET_FORWARD, "FORWARD" }, \
			       { NF_INET_LOCAL_OUT, "LOCAL_OUT" })

#define VS_TRACE_METHOD(method) \
	__print_symbolic(method, { IP_VS_CONN_F_MASQ, "nat" }, \
				 { IP_VS_CONN_F_LOCALNODE, "local" }, \
				 { IP_VS_CONN_F_TUNNEL, "tunnel" }, \
				 { IP_VS_CONN_F_DROUTE, "direct" }, \
				 { IP_VS_CONN_F_BYPASS, "bypass" })

#define VS_TRACE_PKT_FIELDS \
		__field(const void *, skbaddr) \
		__field(u32, netns) \
		__field(u8, hook) \
		__field(u8, family) \
		__field(u8, proto) \
		__field(u16, sport) \
		__field(u16, dport) \
		__array(u8, src, VS_TRACE_ADDR) \
		__array(u8, dst, VS_TRACE_ADDR)

#define VS_TRACE_PKT_ASSIGN do { \
		__entry->skbaddr = p->skb; \
		__entry->netns = p->vn->net->ns.inum; \
		__entry->hook = p->hook; \
		__entry->family = p->af; \
		__entry->proto = p->proto; \
		__entry->sport = ntohs(p->sport); \
		__entry->dport = ntohs(p->dport); \
		vs_trace_addr(__entry->src, p->af, &p->saddr, p->sport); \
		vs_trace_addr(__entry->dst, p->af, &p->daddr, p->dport); \
	} while (0)

#define VS_TRACE_PKT_FORMAT \
	"skbaddr=%p netns=%u hook=%s family=%s proto=%u src=%pISpc dst=%pISpc"

#define VS_TRACE_PKT_ARGS \
		  __entry->skbaddr, __entry->netns, \
		  VS_TRACE_HOOK(__entry->hook), \
		  VS_TRACE_FAMILY(__entry->family), __entry->proto, \
		  __entry->src, __entry->dst

/* A packet that is not a bystander was parsed. */
TRACE_EVENT(weir_packet,
	TP_PROTO(const struct vs_pkt *p, int parsed),
	TP_ARGS(p, parsed),
	TP_STRUCT__entry(
		VS_TRACE_PKT_FIELDS
		__field(u8, parsed)
		__field(u8, flags)
		__field(bool, fragment)
		__field(unsigned int, len)
	),
	TP_fast_assign(
		VS_TRACE_PKT_ASSIGN;
		__entry->parsed = parsed;
		__entry->flags = p->tcp;
		__entry->fragment = p->frag;
		__entry->len = p->skb->len;
	),
	TP_printk(VS_TRACE_PKT_FORMAT " len=%u parsed=%s flags=%#x fragment=%d",
		  VS_TRACE_PKT_ARGS, __entry->len,
		  __print_symbolic(__entry->parsed, { VS_PARSE_OK, "ok" },
						    { VS_PARSE_ICMP, "icmp" },
						    { VS_PARSE_OTHER, "other" },
						    { VS_PARSE_BAD, "truncated" }),
		  __entry->flags, __entry->fragment)
);

/* The connection of a packet was looked up; or that of the packet embedded in an
 * ICMP error was found. @dir is ignored without @cp. */
TRACE_EVENT(weir_lookup,
	TP_PROTO(const struct vs_pkt *p, const struct vs_conn *cp,
		 enum vs_dir dir),
	TP_ARGS(p, cp, dir),
	TP_STRUCT__entry(
		VS_TRACE_PKT_FIELDS
		__field(const void *, conn)
		__array(u8, server, VS_TRACE_ADDR)
		__field(u8, found)
		__field(bool, in_error)
	),
	TP_fast_assign(
		VS_TRACE_PKT_ASSIGN;
		__entry->conn = cp;
		__entry->found = cp ? 1 + dir : 0;
		__entry->in_error = p->l3;
		vs_trace_server(__entry->server, cp ? cp->dest : NULL,
				cp ? cp->dport : 0);
	),
	TP_printk(VS_TRACE_PKT_FORMAT " found=%s server=%pISpc conn=%p in_error=%d",
		  VS_TRACE_PKT_ARGS,
		  __print_symbolic(__entry->found, { 0, "miss" },
						   { 1, "request" },
						   { 2, "reply" }),
		  __entry->server, __entry->conn, __entry->in_error)
);

/* A scheduler chose a server; if there is none, the address is 0. */
TRACE_EVENT(weir_schedule,
	TP_PROTO(const struct vs_pkt *p, const struct vs_service *svc,
		 const struct vs_dest *dest),
	TP_ARGS(p, svc, dest),
	TP_STRUCT__entry(
		VS_TRACE_PKT_FIELDS
		__field(u32, fwmark)
		__array(u8, service, VS_TRACE_ADDR)
		__array(u8, server, VS_TRACE_ADDR)
	),
	TP_fast_assign(
		VS_TRACE_PKT_ASSIGN;
		__entry->fwmark = svc->key.fwmark;
		vs_trace_addr(__entry->service, svc->key.af, &svc->key.addr,
			      svc->key.port);
		vs_trace_server(__entry->server, dest, dest ? dest->key.port : 0);
	),
	TP_printk(VS_TRACE_PKT_FORMAT " service=%pISpc fwmark=%u server=%pISpc",
		  VS_TRACE_PKT_ARGS, __entry->service, __entry->fwmark,
		  __entry->server)
);

/* A packet leaves: through the device of its route if @sent, else it continues
 * through the hook that it is in. */
TRACE_EVENT(weir_xmit,
	TP_PROTO(const struct vs_pkt *p, const struct vs_conn *cp, int dir,
		 bool sent),
	TP_ARGS(p, cp, dir, sent),
	TP_STRUCT__entry(
		VS_TRACE_PKT_FIELDS
		__field(const void *, conn)
		__field(u8, dir)
		__field(u8, method)
		__field(unsigned int, len)
		__array(u8, server, VS_TRACE_ADDR)
		__array(char, dev, IFNAMSIZ)
	),
	TP_fast_assign(
		VS_TRACE_PKT_ASSIGN;
		__entry->conn = cp;
		__entry->dir = dir;
		__entry->method = cp->method;
		__entry->len = p->skb->len;
		vs_trace_server(__entry->server, cp->dest, cp->dport);
		vs_trace_dev(__entry->dev, sent ? p->skb : NULL);
	),
	TP_printk(VS_TRACE_PKT_FORMAT " dir=%s method=%s server=%pISpc dev=%s len=%u conn=%p",
		  VS_TRACE_PKT_ARGS,
		  __print_symbolic(__entry->dir, { VS_DIR_IN, "request" },
						 { VS_DIR_OUT, "reply" }),
		  VS_TRACE_METHOD(__entry->method), __entry->server,
		  __entry->dev, __entry->len, __entry->conn)
);

DECLARE_EVENT_CLASS(weir_reason,
	TP_PROTO(const struct vs_pkt *p, int why),
	TP_ARGS(p, why),
	TP_STRUCT__entry(
		VS_TRACE_PKT_FIELDS
		__array(char, reason, VS_TRACE_WORD)
	),
	TP_fast_assign(
		VS_TRACE_PKT_ASSIGN;
		strscpy_pad(__entry->reason, vs_counter_name(why),
			    VS_TRACE_WORD);
	),
	TP_printk(VS_TRACE_PKT_FORMAT " reason=%s",
		  VS_TRACE_PKT_ARGS, __entry->reason)
);

/* A packet was dropped, or left to the local stack; with the counter's name. */
DEFINE_EVENT(weir_reason, weir_drop,
	TP_PROTO(const struct vs_pkt *p, int why),
	TP_ARGS(p, why)
);

DEFINE_EVENT(weir_reason, weir_pass,
	TP_PROTO(const struct vs_pkt *p, int why),
	TP_ARGS(p, why)
);

#define VS_TRACE_CONN_FIELDS \
		__field(const void *, conn) \
		__field(u32, netns) \
		__field(u8, family) \
		__field(u8, proto) \
		__field(u8, method) \
		__field(u16, cport) \
		__field(u16, vport) \
		__array(u8, client, VS_TRACE_ADDR) \
		__array(u8, virtual, VS_TRACE_ADDR) \
		__array(u8, server, VS_TRACE_ADDR)

#define VS_TRACE_CONN_ASSIGN do { \
		__entry->conn = cp; \
		__entry->netns = cp->vn->net->ns.inum; \
		__entry->family = cp->af; \
		__entry->proto = cp->proto; \
		__entry->method = cp->method; \
		__entry->cport = ntohs(cp->cport); \
		__entry->vport = ntohs(cp->vport); \
		vs_trace_addr(__entry->client, cp->af, \
			      vs_conn_addr(cp, VS_CADDR), cp->cport); \
		vs_trace_addr(__entry->virtual, cp->af, \
			      vs_conn_addr(cp, VS_VADDR), cp->vport); \
		vs_trace_server(__entry->server, cp->dest, cp->dport); \
	} while (0)

#define VS_TRACE_CONN_FORMAT \
	"conn=%p netns=%u family=%s proto=%u client=%pISpc virtual=%pISpc server=%pISpc method=%s"

#define VS_TRACE_CONN_ARGS \
		  __entry->conn, __entry->netns, \
		  VS_TRACE_FAMILY(__entry->family), __entry->proto, \
		  __entry->client, __entry->virtual, __entry->server, \
		  VS_TRACE_METHOD(__entry->method)

DECLARE_EVENT_CLASS(weir_conn,
	TP_PROTO(const struct vs_conn *cp, int why),
	TP_ARGS(cp, why),
	TP_STRUCT__entry(
		VS_TRACE_CONN_FIELDS
		__array(char, counter, VS_TRACE_WORD)
	),
	TP_fast_assign(
		VS_TRACE_CONN_ASSIGN;
		strscpy_pad(__entry->counter, vs_counter_name(why),
			    VS_TRACE_WORD);
	),
	TP_printk(VS_TRACE_CONN_FORMAT " counter=%s", VS_TRACE_CONN_ARGS,
		  __entry->counter)
);

/* A connection or template was created, or ends; with the counter's name. */
DEFINE_EVENT(weir_conn, weir_conn_new,
	TP_PROTO(const struct vs_conn *cp, int why),
	TP_ARGS(cp, why)
);

DEFINE_EVENT(weir_conn, weir_conn_end,
	TP_PROTO(const struct vs_conn *cp, int why),
	TP_ARGS(cp, why)
);

/* The protocol state changed; @old and @new are values of vs_conn.st. */
TRACE_EVENT_CONDITION(weir_state,
	TP_PROTO(const struct vs_conn *cp, u32 old, u32 new, u32 timeout),
	TP_ARGS(cp, old, new, timeout),
	TP_CONDITION((old ^ new) & VS_ST_STATE),
	TP_STRUCT__entry(
		VS_TRACE_CONN_FIELDS
		__array(char, from, VS_TRACE_WORD)
		__array(char, to, VS_TRACE_WORD)
		__field(u32, timeout)
	),
	TP_fast_assign(
		VS_TRACE_CONN_ASSIGN;
		vs_trace_state_name(__entry->from, cp, old & VS_ST_STATE);
		vs_trace_state_name(__entry->to, cp, new & VS_ST_STATE);
		__entry->timeout = jiffies_to_msecs(timeout);
	),
	TP_printk(VS_TRACE_CONN_FORMAT " from=%s to=%s timeout=%u ms",
		  VS_TRACE_CONN_ARGS, __entry->from, __entry->to,
		  __entry->timeout)
);

#endif /* VS_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
