// SPDX-License-Identifier: GPL-2.0
/*
 * Persistence engine for SIP over UDP: all messages with the same Call-ID go to
 * the same real server, whatever port they come from.
 */
#include <linux/netfilter/nf_conntrack_sip.h>
#include <linux/udp.h>

#include "path/pkt.h"
#include "pe/pe.h"

/* Whether the line ends at offset @end; a truncated Call-ID is no key. */
static bool sip_line_ends(const char *data, unsigned int end, unsigned int len)
{
	return end < len && (data[end] == '\r' || data[end] == '\n');
}

static int sip_find_call_id(const char *data, unsigned int len, const u8 **id)
{
	unsigned int from = 0, off, id_len;
	int found;

	/* Negative: a malformed Call-ID header; a valid one may follow it. */
	while ((found = ct_sip_get_header(NULL, data, from, len,
					  SIP_HDR_CALL_ID, &off, &id_len)) < 0)
		from = off;
	if (!found || !id_len || id_len > VS_PE_DATA_MAX ||
	    !sip_line_ends(data, off + id_len, len))
		return -EINVAL;
	*id = (const u8 *)data + off;
	return id_len;
}

static int sip_find(const struct vs_pkt *p, const u8 **id)
{
	unsigned int off = p->l4 + sizeof(struct udphdr);
	int err;

	if (p->proto != IPPROTO_UDP || p->l3 || p->nonfirst_frag ||
	    off >= p->skb->len)
		return -EINVAL;
	err = skb_linearize(p->skb);
	if (err)
		return err;
	return sip_find_call_id(p->skb->data + off, p->skb->len - off, id);
}

static struct vs_pe sip = {
	.name = "sip",
	.owner = THIS_MODULE,
	.find = sip_find,
	.conn_out = true,
};

static int __init sip_init(void)
{
	return vs_pe_register(&sip);
}

static void __exit sip_exit(void)
{
	vs_pe_unregister(&sip);
}

module_init(sip_init);
module_exit(sip_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Weir: persistence by SIP Call-ID");
MODULE_VERSION("1.2.1");
