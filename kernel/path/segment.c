// SPDX-License-Identifier: GPL-2.0
/*
 * TCP segments of a connection with an app: shows the payload to the app and
 * adjusts the sequence numbers to its edits, before NAT.
 *
 * Only the real server's payload is ever edited. So its sequence numbers change
 * on the way to the client, and the client's acknowledgements and SACK blocks
 * on the way back.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter.h>
#include <linux/slab.h>
#include <net/checksum.h>
#include <net/ip6_checksum.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/tcp.h>

#include "conn/app.h"
#include "conn/ext.h"
#include "net.h"
#include "path/csum.h"
#include "path/pkt.h"
#include "path/segment.h"

static struct vs_app_conn *app_conn(const struct vs_conn *cp)
{
	return cp->ext->app;
}

static bool segment_drop(struct vs_pkt *p, enum vs_counter why)
{
	p->verdict = vs_drop(p, why);
	return false;
}

/* Makes the TCP header writable and sets *@hlen to its length with options. */
static bool pull_tcp_header(struct vs_pkt *p, unsigned int *hlen)
{
	const struct tcphdr *th;
	struct tcphdr buf;

	th = skb_header_pointer(p->skb, p->l4, sizeof(buf), &buf);
	if (!th)
		return segment_drop(p, VS_DROP_TRUNCATED);
	*hlen = th->doff * 4;
	if (*hlen < sizeof(buf) || p->l4 + *hlen > p->skb->len)
		return segment_drop(p, VS_DROP_TRUNCATED);
	return vs_pkt_writable(p, p->l4 + *hlen) ||
	       segment_drop(p, VS_DROP_HEADROOM);
}

/* GRO may have chained whole TCP segments, each with a header of its own
 * (ethtool's rx-gro-list). Of those, segmentation only updates addresses and
 * ports. Now that the payload is linear, make it an ordinary GSO packet, whose
 * first header stands for all. */
static void unchain_gso(struct vs_pkt *p)
{
	struct tcphdr *th = vs_pkt_l4(p);
	struct sk_buff *skb = p->skb;
	unsigned int len = skb->len - p->l4;

	if (likely(!(skb_shinfo(skb)->gso_type & SKB_GSO_FRAGLIST)))
		return;
	skb_shinfo(skb)->gso_type &= ~SKB_GSO_FRAGLIST;
	if (p->af == AF_INET6)
		th->check = ~tcp_v6_check(len, &p->saddr.in6, &p->daddr.in6, 0);
	else
		th->check = ~tcp_v4_check(len, p->saddr.ip, p->daddr.ip, 0);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_headroom(skb) + p->l4;
	skb->csum_offset = offsetof(struct tcphdr, check);
}

/* Makes the payload linear. An app must only see what the receiver accepts, so
 * verify the checksum. */
static bool pull_payload(struct vs_pkt *p)
{
	if (!vs_csum_ok(p))
		return segment_drop(p, VS_DROP_APP_CSUM);
	if (skb_linearize(p->skb))
		return segment_drop(p, VS_DROP_HEADROOM);
	unchain_gso(p);
	return true;
}

static void segment_init(struct vs_app_segment *t, const struct vs_pkt *p,
			 struct vs_conn *cp, unsigned int hlen)
{
	const struct tcphdr *th = vs_pkt_l4(p);

	*t = (struct vs_app_segment){
		.cp = cp,
		.skb = p->skb,
		.seq = ntohl(th->seq) + th->syn,
		.data = (const char *)th + hlen,
		.len = p->skb->len - p->l4 - hlen,
	};
}

/* Makes header and payload accessible. */
static bool segment_pull(struct vs_app_segment *t, struct vs_pkt *p,
			 struct vs_conn *cp, unsigned int *hlen)
{
	if (!pull_tcp_header(p, hlen))
		return false;
	segment_init(t, p, cp, *hlen);
	if (!t->len)
		return true;
	if (!pull_payload(p))
		return false;
	segment_init(t, p, cp, *hlen);
	return true;
}

/* Sets the sequence or acknowledgement number. */
static void set_tcp_seq(struct vs_pkt *p, __be32 *field, u32 to)
{
	struct tcphdr *th = vs_pkt_l4(p);

	inet_proto_csum_replace4(&th->check, p->skb, *field, htonl(to), false);
	*field = htonl(to);
}

/* SACK edges may be unaligned; at an odd offset their checksum contribution is
 * byte-swapped. */
static void set_sack_edge(struct vs_pkt *p, u8 *edge, u32 to)
{
	struct tcphdr *th = vs_pkt_l4(p);
	__wsum old, new;
	__be32 be = htonl(to);
	unsigned int off = edge - (u8 *)th;

	if (p->skb->ip_summed != CHECKSUM_PARTIAL) {
		old = csum_block_sub(~csum_unfold(th->check),
				     csum_partial(edge, sizeof(be), 0), off);
		new = csum_block_add(old, csum_partial(&be, sizeof(be), 0),
				     off);
		th->check = csum_fold(new);
	}
	memcpy(edge, &be, sizeof(be));
}

static u32 get_sack_edge(const u8 *edge)
{
	__be32 be;

	memcpy(&be, edge, sizeof(be));
	return ntohl(be);
}

static void map_sack(struct vs_pkt *p, const struct vs_seqmap *m, u8 *block,
		     unsigned int len)
{
	for (; len >= TCPOLEN_SACK_PERBLOCK; len -= TCPOLEN_SACK_PERBLOCK) {
		set_sack_edge(p, block,
			      vs_seqmap_ack(m, get_sack_edge(block), true));
		set_sack_edge(p, block + 4,
			      vs_seqmap_ack(m, get_sack_edge(block + 4),
					    false));
		block += TCPOLEN_SACK_PERBLOCK;
	}
}

/* Maps the SACK blocks among the TCP options. */
static void map_options(struct vs_pkt *p, const struct vs_seqmap *m,
			unsigned int hlen)
{
	u8 *opt = (u8 *)vs_pkt_l4(p) + sizeof(struct tcphdr);
	u8 *end = (u8 *)vs_pkt_l4(p) + hlen;

	while (opt < end && *opt != TCPOPT_EOL) {
		u8 len;

		if (*opt == TCPOPT_NOP) {
			opt++;
			continue;
		}
		if (end - opt < 2)
			return;
		len = opt[1];
		if (len < 2 || len > end - opt)
			return;
		if (*opt == TCPOPT_SACK)
			map_sack(p, m, opt + 2, len - 2);
		opt += len;
	}
}

/* Maps the client's acknowledgement and SACK blocks to the real server's
 * sequence numbers. */
static void map_acks(struct vs_pkt *p, const struct vs_seqmap *m,
		     unsigned int hlen)
{
	struct tcphdr *th = vs_pkt_l4(p);

	if (!m->n || !th->ack)
		return;
	set_tcp_seq(p, &th->ack_seq,
		    vs_seqmap_ack(m, ntohl(th->ack_seq), false));
	map_options(p, m, hlen);
}

/* Conntrack is unaware of the edits: prevent its window tracking from marking
 * the connection's packets invalid. */
static void nfct_be_liberal(const struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_NF_CONNTRACK)
	enum ip_conntrack_info ctinfo;
	struct nf_conn *ct = nf_ct_get(skb, &ctinfo);

	if (!ct || nf_ct_protonum(ct) != IPPROTO_TCP)
		return;
	spin_lock(&ct->lock);
	ct->proto.tcp.seen[0].flags |= IP_CT_TCP_FLAG_BE_LIBERAL;
	ct->proto.tcp.seen[1].flags |= IP_CT_TCP_FLAG_BE_LIBERAL;
	spin_unlock(&ct->lock);
#endif
}

/* Replaces @old bytes at offset @off of the packet, which is linear and
 * writable, with @len bytes of @text. */
static bool splice_text(struct sk_buff *skb, unsigned int off, unsigned int old,
			const char *text, unsigned int len)
{
	unsigned int rest = skb->len - off - old;
	int more = len - old;

	if (more > skb_tailroom(skb) &&
	    pskb_expand_head(skb, 0, more - skb_tailroom(skb), GFP_ATOMIC))
		return false;
	if (more > 0)
		skb_put(skb, more);
	memmove(skb->data + off + len, skb->data + off + old, rest);
	memcpy(skb->data + off, text, len);
	if (more < 0)
		skb_trim(skb, skb->len + more);
	return true;
}

static void update_ip_len(struct vs_pkt *p)
{
	struct sk_buff *skb = p->skb;

	if (p->af == AF_INET6) {
		struct ipv6hdr *iph = (void *)skb->data;

		iph->payload_len = htons(skb->len - sizeof(*iph));
	} else {
		struct iphdr *iph = (void *)skb->data;
		__be16 len = htons(skb->len);

		csum_replace2(&iph->check, iph->tot_len, len);
		iph->tot_len = len;
	}
}

static void update_gso(struct sk_buff *skb, unsigned int payload)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);

	if (!skb_is_gso(skb))
		return;
	if (payload <= shinfo->gso_size)
		skb_gso_reset(skb);
	else
		shinfo->gso_segs = DIV_ROUND_UP(payload, shinfo->gso_size);
}

/* Updates the TCP checksum after an edit. Before it, the length in the pseudo
 * header was @old and the payload's sum @sum. */
static void update_tcp_check(struct vs_pkt *p, unsigned int hlen,
			     unsigned int old, __wsum sum)
{
	struct tcphdr *th = vs_pkt_l4(p);
	struct sk_buff *skb = p->skb;
	unsigned int len = skb->len - p->l4;

	inet_proto_csum_replace2(&th->check, skb, htons(old), htons(len), true);
	if (skb->ip_summed == CHECKSUM_PARTIAL)
		return;
	sum = csum_sub(csum_partial((u8 *)th + hlen, len - hlen, 0), sum);
	th->check = csum_fold(csum_add(sum, ~csum_unfold(th->check)));
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->ip_summed = CHECKSUM_NONE;
}

/* Returns how many bytes of the segment of @len bytes at @seq are replaced by
 * @e, and sets *@at to the offset of the first. */
static unsigned int edit_overlap(const struct vs_edit *e, u32 seq,
				 unsigned int len, unsigned int *at)
{
	u32 from = before(e->start, seq) ? seq : e->start;
	u32 to = before(seq + len, e->end) ? seq + len : e->end;

	*at = from - seq;
	return before(from, to) ? to - from : 0;
}

static bool segment_is_edited(const struct vs_app_segment *t)
{
	const struct vs_seqmap *m = &t->s->out;
	unsigned int at;

	for (int i = 0; i < m->n; i++)
		if (edit_overlap(&m->edit[i], t->seq, t->len, &at))
			return true;
	return false;
}

/* Applies the edits backwards, so that the offsets of the remaining ones stay
 * valid. */
static bool splice_all(struct vs_pkt *p, const struct vs_app_segment *t,
		       unsigned int hlen)
{
	const struct vs_seqmap *m = &t->s->out;
	unsigned int at, n;

	for (int i = m->n; i--;) {
		const struct vs_edit *e = &m->edit[i];

		n = edit_overlap(e, t->seq, t->len, &at);
		if (n && !splice_text(p->skb, p->l4 + hlen + at, n, e->text,
				      t->seq + at + n == e->end ? e->len : 0))
			return false;
	}
	return true;
}

/*
 * Nothing is left of the segment's payload. The receiver does not acknowledge an
 * empty segment, but the sender may wait for that before it sends the rest of
 * the text. Solicit an acknowledgement, as a keepalive probe does: by the byte
 * in front of the edit, which the receiver has got. (It limits how often it
 * responds to a probe without any.)
 */
static void put_probe(struct sk_buff *skb, const struct vs_app_segment *t)
{
	const struct vs_seqmap *m = &t->s->out;
	unsigned int at;

	for (int i = m->n; i--;) {
		if (!edit_overlap(&m->edit[i], t->seq, t->len, &at))
			continue;
		/* there is room where the edit's bytes were */
		skb_put_u8(skb, m->edit[i].prev);
		return;
	}
}

static bool edit_segment(struct vs_pkt *p, const struct vs_app_segment *t,
			 unsigned int hlen)
{
	struct sk_buff *skb = p->skb;
	unsigned int old = skb->len - p->l4;
	struct tcphdr *th;
	bool probe;
	__wsum sum;

	if (skb->len + VS_EDITS * VS_EDIT_TEXT > IP_MAX_MTU ||
	    skb_ensure_writable(skb, skb->len))
		return segment_drop(p, VS_DROP_HEADROOM);
	sum = csum_partial((u8 *)vs_pkt_l4(p) + hlen, old - hlen, 0);
	vs_event(p->vn, VS_EV_APP_EDITED);
	if (!splice_all(p, t, hlen))
		return segment_drop(p, VS_DROP_NO_MEMORY);
	th = vs_pkt_l4(p);
	probe = skb->len == p->l4 + hlen && !th->fin;
	if (probe)
		put_probe(skb, t);
	update_ip_len(p);
	update_gso(skb, skb->len - p->l4 - hlen);
	update_tcp_check(p, hlen, old, sum);
	if (probe)
		set_tcp_seq(p, &th->seq, ntohl(th->seq) - 1);
	skb->ignore_df = 1;	/* a full segment may have grown */
	return true;
}

/* Maps the sequence number of a real server's segment and edits its payload. */
static bool map_segment(struct vs_pkt *p, const struct vs_app_segment *t,
			unsigned int hlen)
{
	const struct vs_seqmap *m = &t->s->out;
	struct tcphdr *th = vs_pkt_l4(p);
	u32 seq = ntohl(th->seq);

	if (likely(!m->n))
		return true;
	nfct_be_liberal(p->skb);
	set_tcp_seq(p, &th->seq, vs_seqmap_seq(m, seq));
	return !segment_is_edited(t) || edit_segment(p, t, hlen);
}

/* Apps only see the payload of established connections: before the handshake is
 * complete the sender's address may be forged. What an app holds it may have to
 * complete later. */
static bool app_may_inspect(const struct vs_pkt *p,
			    const struct vs_app_segment *t,
			    const struct vs_app_conn *ac)
{
	lockdep_assert_held(&ac->lock);
	return t->len && !(p->tcp & (VS_TCP_SYN | VS_TCP_RST)) &&
	       (vs_conn_state(t->cp) == VS_TCP_S_ESTABLISHED ||
		(ac->session && vs_seqmap_held(&ac->session->out)));
}

/* Passes a segment to the app; the first one creates the session. */
static void app_inspect(struct vs_app_segment *t, struct vs_app_conn *ac,
			void (*inspect)(struct vs_app_segment *t))
{
	lockdep_assert_held(&ac->lock);
	if (!ac->session)
		ac->session = kzalloc(sizeof(*ac->session) + ac->app->size,
				      GFP_ATOMIC);
	t->s = ac->session;
	if (t->s)
		inspect(t);
	else
		t->drop = VS_DROP_NO_MEMORY;
}

bool vs_segment_in(struct vs_pkt *p, struct vs_conn *cp)
{
	struct vs_app_conn *ac = app_conn(cp);
	struct vs_app_segment t;
	unsigned int hlen;

	vs_assert_packet_context();
	if (!segment_pull(&t, p, cp, &hlen))
		return false;
	spin_lock(&ac->lock);
	if (ac->session)
		map_acks(p, &ac->session->out, hlen);
	if (app_may_inspect(p, &t, ac))
		app_inspect(&t, ac, ac->app->in);
	spin_unlock(&ac->lock);
	return !t.drop || segment_drop(p, t.drop);
}

/* A new stream that begins at @seq: the client reuses its port. Forget the
 * edits and the app's state of the old one. */
static void reset_stream(struct vs_app_conn *ac, u32 seq)
{
	lockdep_assert_held(&ac->lock);
	ac->first = seq;
	if (!ac->session)
		return;
	memset(&ac->session->out, 0, sizeof(ac->session->out));
	memset(ac->session->priv, 0, ac->app->size);
}

static bool segment_out(struct vs_pkt *p, struct vs_app_segment *t,
			struct vs_app_conn *ac, unsigned int hlen)
{
	lockdep_assert_held(&ac->lock);
	if (p->tcp & VS_TCP_SYN && t->seq != ac->first)
		reset_stream(ac, t->seq);
	t->first = ac->first;
	t->s = ac->session;
	if (app_may_inspect(p, t, ac))
		app_inspect(t, ac, ac->app->out);
	if (t->drop)
		return segment_drop(p, t->drop);
	if (!t->s)
		return true;
	vs_seqmap_pass(&t->s->out, t->seq + t->len);
	return map_segment(p, t, hlen);
}

bool vs_segment_out(struct vs_pkt *p, struct vs_conn *cp)
{
	struct vs_app_conn *ac = app_conn(cp);
	struct vs_app_segment t;
	unsigned int hlen;
	bool ok;

	vs_assert_packet_context();
	if (!segment_pull(&t, p, cp, &hlen))
		return false;
	spin_lock(&ac->lock);
	ok = segment_out(p, &t, ac, hlen);
	spin_unlock(&ac->lock);
	return ok;
}
