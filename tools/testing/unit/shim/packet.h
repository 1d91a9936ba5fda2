/* SPDX-License-Identifier: GPL-2.0 */
/*
 * struct sk_buff for unit tests. The linear bytes and the paged bytes are heap
 * blocks of exactly their length, so that the address sanitizer catches each
 * access beyond the linear part: as in the kernel, the paged bytes must be
 * copied out or pulled.
 */
#ifndef UNIT_PACKET_H
#define UNIT_PACKET_H

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#define CHECKSUM_NONE		0
#define CHECKSUM_UNNECESSARY	1
#define CHECKSUM_COMPLETE	2
#define CHECKSUM_PARTIAL	3
#define CSUM_MANGLED_0		((__sum16)0xffff)

#define IP_MF			0x2000
#define IP_OFFSET		0x1fff
#define IP6_FH_F_FRAG		1

#ifndef htons
#define htons(x)		__builtin_bswap16(x)
#define ntohs(x)		__builtin_bswap16(x)
#define htonl(x)		__builtin_bswap32(x)
#define ntohl(x)		__builtin_bswap32(x)
#endif
#define cpu_to_be16(x)		htons(x)

struct sctphdr {
	__be16 source;
	__be16 dest;
	__be32 vtag;
	__le32 checksum;
};

struct sctp_chunkhdr {
	__u8 type;
	__u8 flags;
	__be16 length;
};

enum {
	SCTP_CID_DATA, SCTP_CID_INIT, SCTP_CID_INIT_ACK, SCTP_CID_SACK,
	SCTP_CID_HEARTBEAT, SCTP_CID_HEARTBEAT_ACK, SCTP_CID_ABORT,
	SCTP_CID_SHUTDOWN, SCTP_CID_SHUTDOWN_ACK, SCTP_CID_ERROR,
	SCTP_CID_COOKIE_ECHO, SCTP_CID_COOKIE_ACK,
	SCTP_CID_SHUTDOWN_COMPLETE = 14,
};

#define INET6_ADDRSTRLEN	48

static inline bool before(u32 a, u32 b)
{
	return (s32)(a - b) < 0;
}

static inline bool after(u32 a, u32 b)
{
	return before(b, a);
}

int inet_pton(int af, const char *src, void *dst);

/* @src has @len bytes and is NUL-terminated. */
static inline int in4_pton(const char *src, int len, u8 *dst, int delim,
			   const char **end)
{
	return inet_pton(AF_INET, src, dst);
}

static inline int in6_pton(const char *src, int len, u8 *dst, int delim,
			   const char **end)
{
	return inet_pton(AF_INET6, src, dst);
}

#define ALIGN(n, a)		(((n) + (a) - 1) / (a) * (a))

struct sk_buff {
	unsigned char *data;
	unsigned char *paged;
	unsigned int len;
	unsigned int linear;
	__wsum csum;
	u32 mark;
	struct net_device *dev;
	u8 ip_summed;
	u8 ipvs_property;
	bool gso;
	bool cloned;		/* must be copied before a write */
	bool no_memory;
};

#define skb_csum_unnecessary(skb) ((skb)->ip_summed == CHECKSUM_UNNECESSARY)
#define skb_is_gso(skb)		((skb)->gso)
#define skb_cloned(skb)		((skb)->cloned)
#define skb_headlen(skb)	((skb)->linear)

/* without conntrack */
#define IP_CT_UNTRACKED		7
#define skb_nfct(skb)		NULL
#define skb_set_nfct(skb, info)	((void)(skb))
#define nf_reset_ct(skb)	((void)(skb))

static inline bool ipv6_addr_equal(const struct in6_addr *a,
				   const struct in6_addr *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static inline u8 tcp_flag_byte(const struct tcphdr *th)
{
	return ((const u8 *)th)[13];
}

/* Fills @skb with @len bytes of @data, the first @linear of them linear. */
void skb_load(struct sk_buff *skb, const void *data, unsigned int len,
	      unsigned int linear);
void skb_unload(struct sk_buff *skb);
/* Linearizes the packet, for inspection by a test. */
u8 *skb_flat(struct sk_buff *skb);

int skb_copy_bits(const struct sk_buff *skb, int off, void *to, int len);
void *skb_header_pointer(const struct sk_buff *skb, int off, int len, void *buf);
/* If set, paged bytes change whenever they are copied to the linear part, and
 * the function is called after that. */
extern void (*skb_changed)(const struct sk_buff *skb);
int skb_ensure_writable(struct sk_buff *skb, unsigned int len);
int ipv6_find_hdr(const struct sk_buff *skb, unsigned int *off, int target,
		  unsigned short *frag_off, int *flags);

/* Internet checksums. */
__wsum csum_partial(const void *data, int len, __wsum sum);
__wsum csum_add(__wsum a, __wsum b);
__wsum csum_sub(__wsum a, __wsum b);
__sum16 csum_fold(__wsum sum);
__wsum csum_unfold(__sum16 sum);
__wsum skb_checksum(const struct sk_buff *skb, int off, int len, __wsum sum);
/* CRC32c of an SCTP packet, with its checksum field as 0. */
__le32 sctp_compute_cksum(const struct sk_buff *skb, unsigned int off);
__sum16 csum_tcpudp_magic(__be32 saddr, __be32 daddr, u32 len, u8 proto,
			  __wsum sum);
__sum16 csum_ipv6_magic(const struct in6_addr *saddr,
			const struct in6_addr *daddr, u32 len, u8 proto,
			__wsum sum);

#endif /* UNIT_PACKET_H */
