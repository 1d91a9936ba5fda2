// SPDX-License-Identifier: GPL-2.0
/*
 * Header parser: fills struct vs_pkt. Each header field is read once, within
 * bounds.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/tcp.h>

#include "compat/sctp.h"
#include "path/pkt.h"

#define ISAKMP_PORT	cpu_to_be16(500)

/* No valid network header: clear the addresses, which the caller may print. */
static enum vs_parse reject_l3(struct vs_pkt *p)
{
	memset(&p->saddr, 0, sizeof(p->saddr));
	memset(&p->daddr, 0, sizeof(p->daddr));
	return VS_PARSE_OTHER;
}

static enum vs_parse parse_l3_v4(struct vs_pkt *p)
{
	struct iphdr buf;
	const struct iphdr *iph;
	u16 frag_off;

	iph = skb_header_pointer(p->skb, p->l3, sizeof(buf), &buf);
	if (!iph || iph->version != 4 || iph->ihl < 5)
		return reject_l3(p);
	vs_addr_set(AF_INET, &p->saddr, &iph->saddr);
	vs_addr_set(AF_INET, &p->daddr, &iph->daddr);
	p->proto = iph->protocol;
	p->l4 = p->l3 + iph->ihl * 4;
	frag_off = ntohs(iph->frag_off);
	p->frag = frag_off & (IP_MF | IP_OFFSET);
	p->nonfirst_frag = frag_off & IP_OFFSET;
	return VS_PARSE_OK;
}

static bool is_transport(u8 nexthdr)
{
	return nexthdr == IPPROTO_TCP || nexthdr == IPPROTO_UDP ||
	       nexthdr == IPPROTO_ICMPV6 || nexthdr == IPPROTO_SCTP;
}

static enum vs_parse parse_l3_v6(struct vs_pkt *p)
{
	struct ipv6hdr buf;
	const struct ipv6hdr *iph;
	unsigned short frag_off = 0;
	unsigned int off = p->l3;
	int flags = 0, proto;
	u8 nexthdr;

	iph = skb_header_pointer(p->skb, p->l3, sizeof(buf), &buf);
	if (!iph || iph->version != 6)
		return reject_l3(p);
	vs_addr_set(AF_INET6, &p->saddr, &iph->saddr);
	vs_addr_set(AF_INET6, &p->daddr, &iph->daddr);
	nexthdr = iph->nexthdr;
	p->l4 = p->l3 + sizeof(buf);
	if (is_transport(nexthdr)) {
		p->proto = nexthdr;
		return VS_PARSE_OK;
	}
	proto = ipv6_find_hdr(p->skb, &off, -1, &frag_off, &flags);
	if (proto < 0)
		return VS_PARSE_OTHER;
	p->proto = proto;
	p->frag = flags & IP6_FH_F_FRAG;
	p->nonfirst_frag = frag_off;
	/* of a non-first fragment ipv6_find_hdr() returns no offset */
	if (!frag_off)
		p->l4 = off;
	return VS_PARSE_OK;
}

static u8 tcp_flags(const struct tcphdr *th)
{
	return tcp_flag_byte(th) & (VS_TCP_FIN | VS_TCP_SYN | VS_TCP_RST |
				    VS_TCP_ACK);
}

/* An SCTP packet up to the header of its first chunk. */
struct sctp_start {
	struct sctphdr hdr;
	struct sctp_chunkhdr chunk;
};

/* The first chunk decides, because INIT, INIT ACK and SHUTDOWN COMPLETE are
 * never bundled (RFC 9260, section 6.10). Exception: an ABORT that follows a
 * COOKIE ECHO or COOKIE ACK. */
static u8 sctp_chunk_type(const struct vs_pkt *p,
			  const struct sctp_chunkhdr *first)
{
	unsigned int off = p->l4 + sizeof(struct sctphdr);
	unsigned int len = ntohs(first->length);
	struct sctp_chunkhdr buf;
	const struct sctp_chunkhdr *next;

	if ((first->type != SCTP_CID_COOKIE_ECHO &&
	     first->type != SCTP_CID_COOKIE_ACK) || len < sizeof(buf))
		return first->type;
	next = skb_header_pointer(p->skb, off + ALIGN(len, 4), sizeof(buf),
				  &buf);
	return next && next->type == SCTP_CID_ABORT ? SCTP_CID_ABORT :
						      first->type;
}

/* Bytes to read at @p->l4: the transport header, and SCTP's first chunk's. */
static unsigned int l4_read_len(u8 proto)
{
	return proto == IPPROTO_SCTP ? sizeof(struct sctp_start) :
				       vs_pkt_l4_len(proto);
}

/* A packet embedded in an ICMP error is only sure to contain the ports: RFC 792
 * asks for 8 bytes of transport header. */
static enum vs_parse parse_l4(struct vs_pkt *p)
{
	union {
		struct tcphdr tcp;
		struct udphdr udp;
		struct sctp_start sctp;
		__be16 port[2];
	} buf;
	const void *hdr = NULL;

	if (!p->l3)
		hdr = skb_header_pointer(p->skb, p->l4,
					 l4_read_len(p->proto), &buf);
	if (hdr && p->proto == IPPROTO_TCP)
		p->tcp = tcp_flags(hdr);
	else if (hdr && p->proto == IPPROTO_SCTP)
		p->chunk = sctp_chunk_type(p,
				&((const struct sctp_start *)hdr)->chunk);
	p->truncated = !hdr;
	if (!hdr)
		hdr = skb_header_pointer(p->skb, p->l4, sizeof(buf.port), &buf);
	if (!hdr)
		return VS_PARSE_BAD;
	p->sport = ((const __be16 *)hdr)[0];
	p->dport = ((const __be16 *)hdr)[1];
	return VS_PARSE_OK;
}

enum vs_parse vs_pkt_parse(struct vs_pkt *p, unsigned int l3)
{
	enum vs_parse ret;

	p->proto = 0;
	p->l3 = l3;
	p->l4 = l3;
	p->sport = 0;
	p->dport = 0;
	p->tcp = 0;
	p->chunk = 0;
	p->frag = false;
	p->nonfirst_frag = false;
	p->truncated = false;
	ret = p->af == AF_INET6 ? parse_l3_v6(p) : parse_l3_v4(p);
	if (ret != VS_PARSE_OK)
		return ret;

	switch (p->proto) {
	case IPPROTO_SCTP:
		if (!vs_has_sctp())
			return VS_PARSE_OTHER;
		fallthrough;
	case IPPROTO_TCP:
	case IPPROTO_UDP:
		return p->nonfirst_frag ? VS_PARSE_OTHER : parse_l4(p);
	case IPPROTO_AH:
	case IPPROTO_ESP:
		p->sport = ISAKMP_PORT;
		p->dport = ISAKMP_PORT;
		return VS_PARSE_OK;
	case IPPROTO_ICMP:
		return p->af == AF_INET ? VS_PARSE_ICMP : VS_PARSE_OTHER;
	case IPPROTO_ICMPV6:
		return p->af == AF_INET6 ? VS_PARSE_ICMP : VS_PARSE_OTHER;
	default:
		return VS_PARSE_OTHER;
	}
}
