// SPDX-License-Identifier: GPL-2.0
/*
 * Persistence engine for SIP over UDP: the messages of one call, told by their
 * Call-ID, go to one server, whatever port they come from.
 */
#include <linux/netfilter/nf_conntrack_sip.h>
#include <linux/udp.h>

#include "pe/pe.h"

/* A Call-ID ends with its line. */
static bool ends_line(const char *data, unsigned int end, unsigned int len)
{
	return end < len && (data[end] == '\r' || data[end] == '\n');
}

static int find_call_id(const char *data, unsigned int len, const u8 **id)
{
	unsigned int from = 0, off, id_len;
	int found;

	/* negative: a Call-ID that makes no sense; a good one may follow */
	while ((found = ct_sip_get_header(NULL, data, from, len,
					  SIP_HDR_CALL_ID, &off, &id_len)) < 0)
		from = off;
	if (!found || !id_len || id_len > VS_PE_DATA_MAX ||
	    !ends_line(data, off + id_len, len))
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
	return find_call_id(p->skb->data + off, p->skb->len - off, id);
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
