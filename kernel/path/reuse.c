// SPDX-License-Identifier: GPL-2.0
/*
 * Policy for packets that match a connection but should not continue it: the
 * client reuses its port (net.ipv4.vs.conn_reuse_mode), be it for a connection
 * to the real server itself, or the destination is gone
 * (net.ipv4.vs.expire_nodest_conn).
 */
#include <linux/in.h>

#include "conn/nfct.h"
#include "net.h"
#include "path/lookup.h"
#include "path/reuse.h"

/* Whether @cp is finished, so that its client may use the port again. Bit 1 of
 * conn_reuse_mode adds FIN_WAIT of connections whose replies bypass us. */
static bool reuse_is_finished(const struct vs_pkt *p, const struct vs_conn *cp,
			     int mode)
{
	u8 state = vs_conn_state(cp);

	if (p->proto == IPPROTO_SCTP)
		return state == VS_SCTP_S_CLOSED;
	switch (state) {
	case VS_TCP_S_TIME_WAIT:
	case VS_TCP_S_CLOSE:
		return true;
	case VS_TCP_S_FIN_WAIT:
		return (mode & 2) && (READ_ONCE(cp->st) & VS_ST_NOOUTPUT);
	default:
		return false;
	}
}

static bool is_port_reuse(const struct vs_pkt *p, const struct vs_conn *cp)
{
	int mode = READ_ONCE(p->vn->sysctl.conn_reuse_mode);
	const struct vs_dest *dest = cp->dest;

	if (READ_ONCE(p->vn->sysctl.expire_nodest_conn) && dest &&
	    !READ_ONCE(dest->weight))
		return true;
	/* a connection under a template stays with the template's server */
	if (!mode || cp->control || !reuse_is_finished(p, cp, mode))
		return false;
	/* @cp controls live connections: do not kill it only to have the
	 * packet dropped for its conntrack entry */
	return !vs_conn_controls(cp) || !vs_nfct_is_confirmed(p->skb);
}

/* Kill @cp so that the packet can be rescheduled. If its conntrack entry is
 * confirmed it cannot be NATed to another server: drop the packet, the client's
 * retransmission starts afresh. */
static void reuse_kill(struct vs_pkt *p, struct vs_conn *cp,
			    enum vs_counter why)
{
	vs_conn_kill(cp, why);
	if (unlikely(vs_nfct_is_confirmed(p->skb)))
		p->verdict = vs_drop(p, VS_DROP_CONNTRACK);
}

/* @p is a SYN or INIT: kill @cp if this starts a new connection. */
bool vs_reuse_end_on_open(struct vs_pkt *p, struct vs_conn *cp)
{
	if (!is_port_reuse(p, cp))
		return false;
	reuse_kill(p, cp, VS_EV_CONN_REUSED);
	return true;
}

/* Connections by which a client used one port, through as many virtual
 * addresses, and that a single SYN may end. */
#define MAX_ENDED	8

void vs_reuse_end_direct(struct vs_pkt *p)
{
	struct vs_conn *cp;
	enum vs_dir dir;
	int n;

	vs_assert_packet_context();
	for (n = 0; n < MAX_ENDED; n++) {
		cp = vs_lookup_reverse(p, &dir);
		if (!cp || dir != VS_DIR_OUT || !reuse_is_finished(p, cp, 0) ||
		    !vs_conn_kill(cp, VS_EV_CONN_REUSED))
			return;
	}
}

/* @cp's destination was removed: reschedule the packet, or drop it and keep @cp
 * in case the destination is added again. */
void vs_reuse_end_no_dest(struct vs_pkt *p, struct vs_conn *cp)
{
	if (READ_ONCE(p->vn->sysctl.expire_nodest_conn))
		reuse_kill(p, cp, VS_EV_CONN_NODEST);
	else
		p->verdict = vs_drop(p, VS_DROP_DEST_GONE);
}
