// SPDX-License-Identifier: GPL-2.0
/* The kernel's packet helpers, written for clarity. */

void *skb_header_pointer(const struct sk_buff *skb, int off, int len, void *buf)
{
	if (off < 0 || len < 0 || (u64)off + len > skb->len)
		return NULL;
	if ((unsigned int)off + len <= skb->linear)
		return skb->data + off;
	memcpy(buf, skb->data + off, len);
	return buf;
}

void (*skb_changed)(const struct sk_buff *skb);

/* Moves the data, as the kernel may do: who kept a pointer gets caught. */
int skb_ensure_writable(struct sk_buff *skb, unsigned int len)
{
	unsigned char *copy;
	unsigned int i;

	if (len > skb->len || skb->no_memory)
		return -ENOMEM;
	copy = malloc(skb->len);
	memcpy(copy, skb->data, skb->len);
	for (i = skb->linear; skb_changed && i < len; i++)
		copy[i] = hash_32(copy[i] + i, 8);
	free(skb->data);
	skb->data = copy;
	skb->linear = max(skb->linear, len);
	skb->cloned = false;
	if (skb_changed)
		skb_changed(skb);
	return 0;
}

static bool is_extension(u8 nexthdr)
{
	return nexthdr == IPPROTO_HOPOPTS || nexthdr == IPPROTO_ROUTING ||
	       nexthdr == IPPROTO_FRAGMENT || nexthdr == IPPROTO_DSTOPTS ||
	       nexthdr == IPPROTO_AH || nexthdr == IPPROTO_NONE;
}

/* Only for the end of the chain (target -1), which is all that is used. */
int ipv6_find_hdr(const struct sk_buff *skb, unsigned int *off, int target,
		  unsigned short *frag_off, int *flags)
{
	const struct ipv6hdr *iph;
	struct ipv6hdr buf;
	unsigned int pos;
	u8 nexthdr;

	assert(target == -1);
	iph = skb_header_pointer(skb, *off, sizeof(buf), &buf);
	if (!iph || iph->version != 6)
		return -EBADMSG;
	nexthdr = iph->nexthdr;
	pos = *off + sizeof(buf);
	while (is_extension(nexthdr) && nexthdr != IPPROTO_NONE) {
		u8 two[2], *hdr = skb_header_pointer(skb, pos, 2, two);
		unsigned int len;

		if (!hdr)
			return -EBADMSG;
		len = (hdr[1] + 1) * 8;
		if (nexthdr == IPPROTO_AH)
			len = (hdr[1] + 2) * 4;
		if (nexthdr == IPPROTO_FRAGMENT) {
			u8 word[2], *frag;

			frag = skb_header_pointer(skb, pos + 2, 2, word);
			if (!frag)
				return -EBADMSG;
			*flags |= IP6_FH_F_FRAG;
			*frag_off = (frag[0] << 8 | frag[1]) & ~7;
			len = 8;
			if (*frag_off) {
				/* what follows may not be a header */
				nexthdr = hdr[0];
				pos += len;
				break;
			}
		}
		nexthdr = hdr[0];
		pos += len;
	}
	*off = pos;
	return nexthdr;
}

static u32 fold32(u64 sum)
{
	while (sum >> 32)
		sum = (sum & U32_MAX) + (sum >> 32);
	return sum;
}

__wsum csum_partial(const void *data, int len, __wsum sum)
{
	const u8 *p = data;
	u64 s = sum;
	u16 word;

	for (; len > 1; len -= 2, p += 2) {
		memcpy(&word, p, 2);
		s += word;
	}
	if (len)
		s += *p;
	return fold32(s);
}

__wsum csum_add(__wsum a, __wsum b)
{
	return fold32((u64)a + b);
}

__wsum csum_sub(__wsum a, __wsum b)
{
	return csum_add(a, ~b);
}

__sum16 csum_fold(__wsum sum)
{
	u32 s = sum;

	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return ~s;
}

__wsum csum_unfold(__sum16 sum)
{
	return sum;
}

__wsum skb_checksum(const struct sk_buff *skb, int off, int len, __wsum sum)
{
	return csum_partial(skb->data + off, len, sum);
}

__sum16 csum_tcpudp_magic(__be32 saddr, __be32 daddr, u32 len, u8 proto,
			  __wsum sum)
{
	u8 pseudo[12];

	memcpy(pseudo, &saddr, 4);
	memcpy(pseudo + 4, &daddr, 4);
	pseudo[8] = 0;
	pseudo[9] = proto;
	pseudo[10] = len >> 8;
	pseudo[11] = len;
	return csum_fold(csum_partial(pseudo, sizeof(pseudo), sum));
}

__sum16 csum_ipv6_magic(const struct in6_addr *saddr,
			const struct in6_addr *daddr, u32 len, u8 proto,
			__wsum sum)
{
	u8 pseudo[40] = {};
	u32 belen = htonl(len);

	memcpy(pseudo, saddr, 16);
	memcpy(pseudo + 16, daddr, 16);
	memcpy(pseudo + 32, &belen, 4);
	pseudo[39] = proto;
	return csum_fold(csum_partial(pseudo, sizeof(pseudo), sum));
}

__le32 sctp_compute_cksum(const struct sk_buff *skb, unsigned int off)
{
	unsigned int i, bit;
	u32 crc = ~0;

	for (i = 0; off + i < skb->len; i++) {
		crc ^= i >= 8 && i < 12 ? 0 : skb->data[off + i];
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}
