/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_PKT_H
#define VS_PKT_H

#include <linux/sctp.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>

#include "counters.h"
#include "types.h"

/* struct vs_pkt.tcp: the flags that drive the state machine. */
#define VS_TCP_FIN	0x01
#define VS_TCP_SYN	0x02
#define VS_TCP_RST	0x04
#define VS_TCP_ACK	0x10

/**
 * struct vs_pkt - what is known of the packet in hand
 * @skb:	the packet; skb->data is the outermost network header
 * @vn:		the namespace's state
 * @saddr:	source address as on the wire, zero padded to 16 bytes
 * @daddr:	destination address, likewise
 * @sport:	source port, network order; 0 without a transport header
 * @dport:	destination port
 * @l3:		offset of the network header described here, from skb->data;
 *		not 0 only for a packet embedded in an ICMP error
 * @l4:		offset of the transport header from skb->data, at least the
 *		IP header's end where vs_pkt_parse() says OK or ICMP
 * @af:		AF_INET or AF_INET6
 * @proto:	transport protocol, 0 when there is no sound IP header
 * @hook:	NF_INET_LOCAL_IN, NF_INET_FORWARD or NF_INET_LOCAL_OUT
 * @tcp:	VS_TCP_* flags, 0 for other protocols
 * @chunk:	type of the first SCTP chunk (SCTP_CID_*), or the ABORT after it
 * @frag:	the packet is a fragment
 * @later_frag:	a fragment without transport header
 * @cut:	the transport header ends after the ports, or SCTP has no chunk
 * @verdict:	what a stage that ends the packet's way decided (NF_*)
 *
 * Filled by vs_pkt_parse(), each header field read once. Holds values and
 * offsets, never pointers into the packet, so that it stays true when
 * skb->data moves.
 */
struct vs_pkt {
	struct sk_buff *skb;
	struct vs_net *vn;
	union nf_inet_addr saddr;
	union nf_inet_addr daddr;
	__be16 sport;
	__be16 dport;
	unsigned int l3;
	unsigned int l4;
	u8 af;
	u8 proto;
	u8 hook;
	u8 tcp;
	u8 chunk;
	bool frag;
	bool later_frag;
	bool cut;
	unsigned int verdict;
};

enum vs_parse {
	VS_PARSE_OK,		/* TCP, UDP or SCTP with ports, AH or ESP */
	VS_PARSE_ICMP,		/* ICMP or ICMPv6; addresses and @l4 are set */
	VS_PARSE_OTHER,		/* not for us: leave it to the stack */
	VS_PARSE_BAD,		/* one of these, cut short before the ports' end */
};

/* Reads addresses, protocol, fragment state and the offset of the transport
 * header at skb->data + @l3. Needs p->skb, ->vn, ->af and ->hook. Does not
 * modify the packet. */
enum vs_parse vs_pkt_parse(struct vs_pkt *p, unsigned int l3);

/* The protocol by which @p's connection is known: IPsec has no ports and goes
 * where its key exchange (ISAKMP, UDP port 500 at both ends) went. */
static inline u8 vs_pkt_conn_proto(const struct vs_pkt *p)
{
	return p->proto == IPPROTO_ESP || p->proto == IPPROTO_AH ?
	       IPPROTO_UDP : p->proto;
}

/* Whether a client's packet asks for a new connection. */
static inline bool vs_pkt_opens(const struct vs_pkt *p)
{
	return p->tcp & VS_TCP_SYN ||
	       (p->proto == IPPROTO_SCTP && p->chunk == SCTP_CID_INIT);
}

/* Whether the sender gives its connection up. */
static inline bool vs_pkt_aborts(const struct vs_pkt *p)
{
	return p->tcp & VS_TCP_RST ||
	       (p->proto == IPPROTO_SCTP && p->chunk == SCTP_CID_ABORT);
}

/* Makes the packet's first @len bytes linear and writable; any pointer into
 * the packet is void afterwards. */
static inline bool vs_pkt_writable(const struct vs_pkt *p, unsigned int len)
{
	if (likely(len <= skb_headlen(p->skb) && !skb_cloned(p->skb)))
		return true;
	return !skb_ensure_writable(p->skb, len);
}

/* The transport header, again after anything that may have moved it. The
 * caller knows that the bytes it uses are linear. */
static inline void *vs_pkt_l4(const struct vs_pkt *p)
{
	return p->skb->data + p->l4;
}

/* Counts the drop and returns the verdict for it: NF_DROP with the reason. The
 * packet lives until the hook returns. */
unsigned int vs_drop(const struct vs_pkt *p, enum vs_counter why);

/* Likewise, but the packet is gone, and a process that sends it hears of it by
 * ICMP, if at all: no error of its system call, as with the kernel's ip_vs once
 * a server was chosen. NF_STOLEN. */
unsigned int vs_drop_silent(const struct vs_pkt *p, enum vs_counter why);

/* Counts a packet that is left to the local stack: NF_ACCEPT. */
unsigned int vs_pass(const struct vs_pkt *p, enum vs_counter why);

unsigned int vs_drop_verdict(struct sk_buff *skb, unsigned int verdict);

/* What a hook returns for @verdict: @skb goes with the reason. */
static inline unsigned int vs_verdict(struct sk_buff *skb, unsigned int verdict)
{
	return likely(verdict & NF_VERDICT_MASK) ? verdict :
						   vs_drop_verdict(skb, verdict);
}

#endif /* VS_PKT_H */
