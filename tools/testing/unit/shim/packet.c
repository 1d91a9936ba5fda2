// SPDX-License-Identifier: GPL-2.0
/* Userspace versions of the kernel's skb and checksum functions, written for
 * clarity. */

void skb_load(struct sk_buff *skb, const void *data, unsigned int len,
	      unsigned int linear)
{
	skb->len = len;
	skb->linear = linear;
	skb->data = malloc(linear);
	skb->paged = malloc(len - linear);
	memcpy(skb->data, data, linear);
	memcpy(skb->paged, data + linear, len - linear);
}

void skb_unload(struct sk_buff *skb)
{
	free(skb->data);
	free(skb->paged);
}

int skb_copy_bits(const struct sk_buff *skb, int off, void *to, int len)
{
	unsigned int head = 0;

	if (off < 0 || len < 0 || (u64)off + len > skb->len)
		return -EFAULT;
	if ((unsigned int)off < skb->linear)
		head = min((unsigned int)len, skb->linear - off);
	memcpy(to, skb->data + off, head);
	memcpy(to + head, skb->paged + off + head - skb->linear, len - head);
	return 0;
}

void *skb_header_pointer(const struct sk_buff *skb, int off, int len, void *buf)
{
	if (off >= 0 && len >= 0 && (u64)off + len <= skb->linear)
		return skb->data + off;
	return skb_copy_bits(skb, off, buf, len) ? NULL : buf;
}

/* Always moves the data, as the kernel may do, to catch stale pointers. */
static void make_linear(struct sk_buff *skb, unsigned int linear)
{
	struct sk_buff old = *skb;
	u8 *all = malloc(skb->len);

	skb_copy_bits(skb, 0, all, skb->len);
	skb_load(skb, all, skb->len, linear);
	free(all);
	skb_unload(&old);
}

u8 *skb_flat(struct sk_buff *skb)
{
	make_linear(skb, skb->len);
	return skb->data;
}

void (*skb_changed)(const struct sk_buff *skb);

int skb_ensure_writable(struct sk_buff *skb, unsigned int len)
{
	unsigned int i = skb->linear;

	if (len > skb->len || skb->no_memory)
		return -ENOMEM;
	make_linear(skb, max(skb->linear, len));
	for (; skb_changed && i < len; i++)
		skb->data[i] = hash_32(skb->data[i] + i, 8);
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

/* Supports target -1 only: to the end of the header chain. */
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
			/* as in the kernel: *off stays, and an extension
			 * header of the first fragment is not followed */
			if (*frag_off && is_extension(hdr[0]) &&
			    hdr[0] != IPPROTO_NONE)
				return -ENOENT;
			if (*frag_off)
				return hdr[0];
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
	u8 *bytes = malloc(len);

	assert(!skb_copy_bits(skb, off, bytes, len));
	sum = csum_partial(bytes, len, sum);
	free(bytes);
	return sum;
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
	u8 byte;

	for (i = 0; off + i < skb->len; i++) {
		skb_copy_bits(skb, off + i, &byte, 1);
		crc ^= i >= 8 && i < 12 ? 0 : byte;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}
