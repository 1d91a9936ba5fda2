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

/* Makes the payload linear. An app must only see what the receiver accepts, so
 * verify the checksum. */
static bool pull_payload(struct vs_pkt *p)
{
	if (!vs_csum_ok(p))
		return segment_drop(p, VS_DROP_APP_CSUM);
	return !skb_linearize(p->skb) || segment_drop(p, VS_DROP_HEADROOM);
}

static void segment_init(struct vs_app_segment *t, const struct vs_pkt *p,
			 struct vs_conn *cp, unsigned int hlen)
{
	const struct tcphdr *th = vs_pkt_l4(p);

	t->cp = cp;
	t->skb = p->skb;
	t->s = NULL;
	t->seq = ntohl(th->seq) + th->syn;
	t->data = (const char *)th + hlen;
	t->len = p->skb->len - p->l4 - hlen;
	t->failed = false;
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

static bool edit_segment(struct vs_pkt *p, const struct vs_app_segment *t,
			 unsigned int hlen)
{
	struct sk_buff *skb = p->skb;
	unsigned int old = skb->len - p->l4;
	__wsum sum;

	if (skb->len + VS_EDITS * VS_EDIT_TEXT > IP_MAX_MTU ||
	    skb_ensure_writable(skb, skb->len))
		return segment_drop(p, VS_DROP_HEADROOM);
	sum = csum_partial((u8 *)vs_pkt_l4(p) + hlen, old - hlen, 0);
	vs_event(p->vn, VS_EV_APP_EDITED);
	if (!splice_all(p, t, hlen))
		return segment_drop(p, VS_DROP_NO_MEMORY);
	update_ip_len(p);
	update_gso(skb, skb->len - p->l4 - hlen);
	update_tcp_check(p, hlen, old, sum);
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
 * complete the sender's address may be forged. */
static bool app_may_inspect(const struct vs_pkt *p, const struct vs_conn *cp)
{
	return vs_conn_state(cp) == VS_TCP_S_ESTABLISHED &&
	       !(p->tcp & (VS_TCP_SYN | VS_TCP_RST));
}

/* Passes a segment to the app; the first one creates the session. */
static void app_inspect(struct vs_app_segment *t, struct vs_app_conn *ac,
			void (*inspect)(struct vs_app_segment *t))
{
	lockdep_assert_held(&ac->lock);
	if (!ac->session)	/* pairs with app_has_edits() */
		smp_store_release(&ac->session,
				  kzalloc(sizeof(*ac->session) +
					  ac->app->size, GFP_ATOMIC));
	t->s = ac->session;
	if (t->s)
		inspect(t);
	else
		t->failed = true;
}

static bool segment_in(struct vs_pkt *p, struct vs_conn *cp,
		       struct vs_app_segment *t, unsigned int hlen)
{
	struct vs_app_conn *ac = app_conn(cp);

	spin_lock(&ac->lock);
	if (ac->session)
		map_acks(p, &ac->session->out, hlen);
	if (t->len)
		app_inspect(t, ac, ac->app->in);
	spin_unlock(&ac->lock);
	return !t->failed || segment_drop(p, VS_DROP_NO_MEMORY);
}

bool vs_segment_in(struct vs_pkt *p, struct vs_conn *cp)
{
	struct vs_app_segment t;
	unsigned int hlen;

	vs_assert_packet_context();
	if (!pull_tcp_header(p, &hlen))
		return false;
	segment_init(&t, p, cp, hlen);
	if (t.len && app_may_inspect(p, cp)) {
		if (!pull_payload(p))
			return false;
		segment_init(&t, p, cp, hlen);
	} else {
		t.len = 0;
	}
	return segment_in(p, cp, &t, hlen);
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

static bool segment_out(struct vs_pkt *p, struct vs_conn *cp,
			struct vs_app_segment *t, unsigned int hlen,
			bool app_inspects)
{
	struct vs_app_conn *ac = app_conn(cp);
	bool ok;

	spin_lock(&ac->lock);
	if (p->tcp & VS_TCP_SYN && t->seq != ac->first)
		reset_stream(ac, t->seq);
	t->s = ac->session;
	if (app_inspects)
		app_inspect(t, ac, ac->app->out);
	ok = !t->failed || segment_drop(p, VS_DROP_NO_MEMORY);
	if (ok && t->s) {
		vs_seqmap_pass(&t->s->out, t->seq + t->len);
		ok = map_segment(p, t, hlen);
	}
	spin_unlock(&ac->lock);
	return ok;
}

/* Whether segments may have to be edited. Reads without the lock: an edit that
 * another CPU adds right after this is still applied, under the lock; only the
 * checksum of that one segment is not verified before. */
static bool app_has_edits(const struct vs_app_conn *ac)
{
	const struct vs_app_session *s = READ_ONCE(ac->session);

	return s && READ_ONCE(s->out.n);
}

bool vs_segment_out(struct vs_pkt *p, struct vs_conn *cp)
{
	struct vs_app_segment t;
	unsigned int hlen;
	bool app_inspects;

	vs_assert_packet_context();
	p->verdict = NF_ACCEPT;
	if (!pull_tcp_header(p, &hlen))
		return false;
	segment_init(&t, p, cp, hlen);
	app_inspects = t.len && app_may_inspect(p, cp);
	if (app_inspects || (t.len && app_has_edits(app_conn(cp)))) {
		if (!pull_payload(p))
			return false;
		segment_init(&t, p, cp, hlen);
	}
	return segment_out(p, cp, &t, hlen, app_inspects);
}
