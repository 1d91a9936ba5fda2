/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_PKT_H
#define VS_PKT_H

#include <linux/sctp.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include "counters.h"
#include "types.h"

/* vs_pkt.tcp: the flags that drive the TCP state machine. */
#define VS_TCP_FIN	0x01
#define VS_TCP_SYN	0x02
#define VS_TCP_RST	0x04
#define VS_TCP_ACK	0x10
#define VS_TCP_FLAGS	(VS_TCP_FIN | VS_TCP_SYN | VS_TCP_RST | VS_TCP_ACK)

/**
 * struct vs_pkt - facts about the packet that is being processed
 * @skb:	the packet; skb->data is at the outermost network header
 * @vn:		state of the namespace
 * @saddr:	source address, network order, zero-padded to 16 bytes
 * @daddr:	destination address, likewise
 * @sport:	source port, network order; 0 without a transport header
 * @dport:	destination port, likewise
 * @l3:		offset of the network header that is described, from skb->data;
 *		non-zero only for a packet embedded in an ICMP error
 * @l4:		offset of the transport header, from skb->data; not before the
 *		end of the IP header if vs_pkt_parse() returned OK or ICMP
 * @af:		AF_INET or AF_INET6
 * @proto:	transport protocol; 0 without a valid IP header
 * @hook:	NF_INET_LOCAL_IN, NF_INET_FORWARD or NF_INET_LOCAL_OUT
 * @tcp:	VS_TCP_* flags, 0 for other protocols
 * @chunk:	type of the SCTP chunk that matters (SCTP_CID_*), usually the
 *		first
 * @frag:	the packet is a fragment
 * @nonfirst_frag: a fragment other than the first: without transport header
 * @truncated:	the transport header is incomplete: only the ports are there, or
 *		SCTP has no chunk
 * @verdict:	verdict (NF_*) of the stage that finished with the packet
 *
 * Filled by vs_pkt_parse(), which reads each header field once. Holds values
 * and offsets, never pointers into the packet: it stays valid when skb->data
 * moves.
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
	bool nonfirst_frag;
	bool truncated;
	unsigned int verdict;
};

enum vs_parse {
	VS_PARSE_OK,		/* TCP, UDP or SCTP with ports; AH or ESP */
	VS_PARSE_ICMP,		/* ICMP or ICMPv6; addresses and @l4 are set */
	VS_PARSE_OTHER,		/* not balanced: leave it to the stack */
	VS_PARSE_BAD,		/* TCP, UDP or SCTP without complete ports */
};

/**
 * vs_pkt_parse - parse the headers of a packet
 * @p: packet with @skb, @vn, @af and @hook set; the other fields are filled in
 * @l3: offset of the network header from skb->data
 *
 * Does not modify the skb. Context: any.
 * Return: what the packet is, see enum vs_parse.
 */
enum vs_parse vs_pkt_parse(struct vs_pkt *p, unsigned int l3);

/* Length of the fixed transport header of a protocol with ports, 0 for another
 * protocol. */
static inline unsigned int vs_pkt_l4_len(u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return sizeof(struct tcphdr);
	case IPPROTO_UDP:
		return sizeof(struct udphdr);
	case IPPROTO_SCTP:
		return sizeof(struct sctphdr);
	default:
		return 0;
	}
}

/* The protocol under which @p's connection is hashed. IPsec has no ports: it
 * follows the connection of its key exchange (ISAKMP, UDP port 500 to 500). */
static inline u8 vs_pkt_conn_proto(const struct vs_pkt *p)
{
	return p->proto == IPPROTO_ESP || p->proto == IPPROTO_AH ?
	       IPPROTO_UDP : p->proto;
}

/* Whether the packet opens a connection: SYN or INIT. */
static inline bool vs_pkt_opens(const struct vs_pkt *p)
{
	return p->tcp & VS_TCP_SYN ||
	       (p->proto == IPPROTO_SCTP && p->chunk == SCTP_CID_INIT);
}

/* Whether the packet is the first segment of a TCP connection. */
static inline bool vs_pkt_is_syn(const struct vs_pkt *p)
{
	return (p->tcp & VS_TCP_FLAGS) == VS_TCP_SYN;
}

/* Whether the sender aborts its connection: RST or ABORT. */
static inline bool vs_pkt_aborts(const struct vs_pkt *p)
{
	return p->tcp & VS_TCP_RST ||
	       (p->proto == IPPROTO_SCTP && p->chunk == SCTP_CID_ABORT);
}

/* Makes the packet's first @len bytes linear and writable. Invalidates all
 * pointers into the packet. */
static inline bool vs_pkt_writable(const struct vs_pkt *p, unsigned int len)
{
	if (likely(len <= skb_headlen(p->skb) && !skb_cloned(p->skb)))
		return true;
	return !skb_ensure_writable(p->skb, len);
}

/* The transport header. To be called again after anything that may have moved
 * skb->data. The bytes that the caller accesses must be linear. */
static inline void *vs_pkt_l4(const struct vs_pkt *p)
{
	return p->skb->data + p->l4;
}

/* counters.c: final verdicts, counted and traced. Any context but hard
 * interrupts. */

/* Counts a drop. Returns NF_DROP with the reason in the verdict; the skb lives
 * until the hook returns vs_verdict(). */
unsigned int vs_drop(const struct vs_pkt *p, enum vs_counter why);

/* Counts a drop and frees the skb: NF_STOLEN. The system call of a local sender
 * does not fail; as with the kernel's ip_vs, once a server was chosen an ICMP
 * error is all that the sender may get. */
unsigned int vs_drop_silent(const struct vs_pkt *p, enum vs_counter why);

/* Counts a packet that is left to the local stack: NF_ACCEPT. */
unsigned int vs_pass(const struct vs_pkt *p, enum vs_counter why);

/* Frees the skb of a vs_drop() with its drop reason. */
unsigned int vs_drop_verdict(struct sk_buff *skb, unsigned int verdict);

/* The verdict that a hook returns to netfilter. */
static inline unsigned int vs_verdict(struct sk_buff *skb, unsigned int verdict)
{
	return likely(verdict & NF_VERDICT_MASK) ? verdict :
						   vs_drop_verdict(skb, verdict);
}

#endif /* VS_PKT_H */
