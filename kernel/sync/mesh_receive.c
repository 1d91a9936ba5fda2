// SPDX-License-Identifier: GPL-2.0
/*
 * The thread that receives. A datagram is decrypted, and its number accepted,
 * before anything in it has an effect; status and entries are then checked like
 * those of strangers.
 */
#include <linux/kthread.h>
#include <linux/sched.h>

#include "compat/unaligned.h"
#include "sync/apply.h"
#include "sync/mesh_impl.h"

static bool session_is_own(const struct vs_mesh *m, const u8 *session)
{
	return !memcmp(session, m->session, VS_SEAL_SESSION_LEN);
}

/* Whether a payload with entries is one of its lane, and for us. */
static bool payload_fits(const struct vs_mesh *m, const struct vs_seal_hdr *h,
			 const u8 *payload, size_t len)
{
	if (h->lane == VS_LANE_CHANGES)
		return len >= VS_WIRE_HDR2 && payload[0] == VS_WIRE_CHANGES;
	return h->lane < VS_LANE_RESYNC + VS_MESH_PEERS &&
	       len >= VS_MESH_RESYNC_HDR && payload[0] == VS_WIRE_RESYNC &&
	       session_is_own(m, payload + VS_WIRE_HDR2);
}

/* Whether entries are of use: those of a resync that is no longer wanted are not,
 * although the numbers of their messages count. */
static bool payload_is_wanted(const struct vs_mesh_peer *p,
			      const struct vs_seal_hdr *h, const u8 *payload)
{
	return h->lane == VS_LANE_CHANGES ||
	       (p->want && get_unaligned_be32(payload + VS_WIRE_HDR2 +
					      VS_SEAL_SESSION_LEN) == p->want);
}

static enum vs_counter status_take(struct vs_mesh *m, struct vs_mesh_peer *p,
				   const struct vs_seal_hdr *h,
				   const u8 *payload, size_t len)
{
	struct vs_status s;

	if (!vs_status_get(payload, len, &s))
		return VS_EV_SYNC_BAD_STATUS;
	return vs_mesh_peer_hear(m, p, h, &s);
}

/* Why a datagram cannot be accepted, whether or not it is authentic. @p: whose
 * address has sent it, or NULL. */
static enum vs_counter datagram_refuse(const struct vs_mesh *m,
				       struct vs_mesh_peer *p,
				       const struct vs_seal_hdr *h,
				       size_t payload_len)
{
	if (h->lane == VS_LANE_STATUS) {
		if (!p && m->conf.n_peers)
			return VS_EV_SYNC_STRANGER;
		return payload_len > VS_STATUS_MAX ? VS_EV_SYNC_BAD_SIZE :
						     VS_COUNTER_NONE;
	}
	if (!p || !p->established ||
	    memcmp(p->session, h->session, VS_SEAL_SESSION_LEN))
		return VS_EV_SYNC_STRANGER;
	return vs_window_takes(vs_mesh_peer_window(p, h->lane), h->number) ?
	       VS_COUNTER_NONE : VS_EV_SYNC_REPLAYED;
}

/* Under m->lock. Sets *@peer to the peer whose entries are to be applied. */
static enum vs_counter datagram_take(struct vs_mesh *m,
				     const union nf_inet_addr *from,
				     size_t len, struct vs_seal_hdr *h,
				     struct vs_mesh_peer **peer)
{
	const u8 *key, *payload = m->buf + VS_SEAL_HDR;
	size_t payload_len = len - VS_SEAL_HDR - VS_SEAL_TAG;
	struct vs_mesh_peer *p;
	enum vs_counter bad;

	key = vs_mesh_key(&m->keys, h->key_id);
	if (!key)
		return VS_EV_SYNC_BAD_KEY;
	if (session_is_own(m, h->session))
		return VS_EV_SYNC_REPLAYED;
	p = vs_mesh_peer_find(m, from);
	/* what costs nothing comes before what costs time */
	bad = datagram_refuse(m, p, h, payload_len);
	if (bad)
		return bad;
	if (!vs_seal_open(m->buf, len, key))
		return VS_EV_SYNC_FORGED;
	p = p ?: vs_mesh_peer_add(m, from);
	if (!p)
		return VS_EV_SYNC_STRANGER;
	if (h->lane == VS_LANE_STATUS)
		return status_take(m, p, h, payload, payload_len);
	if (!payload_fits(m, h, payload, payload_len))
		return VS_EV_SYNC_BAD_TYPE;
	bad = vs_mesh_peer_accept(m, p, h);
	if (!bad && payload_is_wanted(p, h, payload))
		*peer = p;
	return bad;
}

static void datagram_apply(struct vs_mesh *m, struct vs_mesh_peer *p,
			   const struct vs_seal_hdr *h, size_t len)
{
	bool resync = h->lane != VS_LANE_CHANGES;
	struct vs_wire_reader r;
	enum vs_wire_result res;
	unsigned int n;

	res = vs_wire_open2(&r, m->buf + VS_SEAL_HDR,
			    len - VS_SEAL_HDR - VS_SEAL_TAG,
			    resync ? VS_MESH_RESYNC_HDR : VS_WIRE_HDR2);
	n = vs_apply_all(m->vn, &r, res, &p->apply);
	if (!resync && !p->apply.refused)
		return;
	mutex_lock(&m->lock);
	if (resync)
		p->got += n;
	vs_mesh_peer_refuse(m, p);
	mutex_unlock(&m->lock);
}

static void datagram_handle(struct vs_mesh *m, const union nf_inet_addr *from,
			    size_t len)
{
	struct vs_mesh_peer *p = NULL;
	enum vs_counter bad;
	struct vs_seal_hdr h;

	vs_event(m->vn, VS_EV_SYNC_RECEIVED);
	if (len > VS_MESH_BUF_LEN || !vs_seal_get_hdr(m->buf, len, &h)) {
		vs_event(m->vn, VS_EV_SYNC_BAD_SIZE);
		return;
	}
	if (h.syncid != m->conf.sock.syncid) {
		vs_event(m->vn, VS_EV_SYNC_OTHER_ID);
		return;
	}
	mutex_lock(&m->lock);
	bad = datagram_take(m, from, len, &h, &p);
	mutex_unlock(&m->lock);
	if (bad)
		vs_event(m->vn, bad);
	else if (p)
		datagram_apply(m, p, &h, len);
}

int vs_mesh_receive_run(void *data)
{
	struct vs_mesh *m = data;
	union nf_inet_addr from;
	int len;

	while (!READ_ONCE(m->stopping)) {
		len = vs_mesh_sock_receive(m, &from);
		if (len >= 0 && !READ_ONCE(m->stopping))
			datagram_handle(m, &from, len);
		if (len < 0 && len != -EAGAIN)
			schedule_timeout_idle(1);
		vs_mesh_sock_watch(m);
		cond_resched();
	}
	while (!kthread_should_stop())
		schedule_timeout_idle(1);
	return 0;
}
