// SPDX-License-Identifier: GPL-2.0
/*
 * What a sync message says about a connection.
 */
#include <linux/ip_vs.h>
#include <linux/ktime.h>
#include <linux/slab.h>

#include "app/seqmap.h"
#include "conn/app.h"
#include "conn/ext.h"
#include "pe/pe.h"
#include "sync/entry.h"
#include "sync/wire.h"

/* States in which a connection is sent. */
#define TCP_SENT	(BIT(VS_TCP_S_ESTABLISHED) | BIT(VS_TCP_S_FIN_WAIT) | \
			 BIT(VS_TCP_S_CLOSE) | BIT(VS_TCP_S_CLOSE_WAIT) | \
			 BIT(VS_TCP_S_TIME_WAIT))
#define SCTP_SENT	(BIT(VS_SCTP_S_ESTABLISHED) | \
			 BIT(VS_SCTP_S_SHUTDOWN_SENT) | \
			 BIT(VS_SCTP_S_SHUTDOWN_RECEIVED) | \
			 BIT(VS_SCTP_S_SHUTDOWN_ACK_SENT) | \
			 BIT(VS_SCTP_S_CLOSED))

bool vs_sync_has_state(u8 proto, u8 state)
{
	switch (proto) {
	case IPPROTO_TCP:
		return BIT(state) & TCP_SENT;
	case IPPROTO_SCTP:
		return BIT(state) & SCTP_SENT;
	}
	return true;
}

u32 vs_sync_time(void)
{
	return ktime_to_ms(ktime_get_coarse());
}

struct vs_conn *vs_sync_control(const struct vs_conn *cp)
{
	struct vs_conn *control = cp->control;

	return READ_ONCE(cp->st) & VS_ST_DEAD ? NULL : control;
}

/* Whether ip_vs would keep the conntrack entry: always for apps and what they
 * expect. */
static bool conn_keeps_nfct(const struct vs_net *vn, const struct vs_conn *cp)
{
	const struct vs_conn *control = vs_sync_control(cp);
	u32 st = READ_ONCE(cp->st);

	if (st & VS_ST_TEMPLATE)
		return READ_ONCE(vn->sysctl.conntrack);
	return st & (VS_ST_NFCT | VS_ST_APP) ||
	       (control && READ_ONCE(control->st) & VS_ST_APP);
}

static u32 entry_flags(const struct vs_net *vn, const struct vs_conn *cp)
{
	u32 st = READ_ONCE(cp->st), flags = cp->method;

	if (st & (VS_ST_INACTIVE | VS_ST_TEMPLATE))
		flags |= IP_VS_CONN_F_INACTIVE;
	if (st & VS_ST_NOOUTPUT)
		flags |= IP_VS_CONN_F_NOOUTPUT;
	if (st & VS_ST_TEMPLATE)
		flags |= IP_VS_CONN_F_TEMPLATE;
	if (st & VS_ST_SYNCED)
		flags |= IP_VS_CONN_F_SYNC;
	if (st & VS_ST_ANY_CPORT)
		flags |= IP_VS_CONN_F_NO_CPORT;
	if (conn_keeps_nfct(vn, cp))
		flags |= IP_VS_CONN_F_NFCT;
	return flags;
}

void vs_sync_entry_fill(struct vs_sync_entry *e, const struct vs_net *vn,
			const struct vs_conn *cp)
{
	const struct vs_conn_ext *ext = cp->ext;

	*e = (struct vs_sync_entry) {
		.cport = cp->cport,
		.vport = cp->vport,
		.dport = READ_ONCE(cp->dport),
		.af = cp->af,
		.proto = cp->proto,
		.state = vs_conn_state(cp),
		.flags = entry_flags(vn, cp),
		.fwmark = cp->fwmark,
		.timeout = min_t(u32, vs_conn_timeout(cp), S32_MAX) / HZ,
	};
	vs_addr_set(cp->af, &e->caddr, vs_conn_addr(cp, VS_CADDR));
	vs_addr_set(cp->af, &e->vaddr, vs_conn_addr(cp, VS_VADDR));
	vs_addr_set(cp->af, &e->daddr, vs_conn_addr(cp, VS_DADDR));
	if (!ext || !ext->pe)
		return;
	e->pe_data = ext->data;
	e->pe_data_len = ext->len;
	e->pe_name = ext->pe->name;
	e->pe_name_len = strlen(ext->pe->name);
}

bool vs_sync_seq_is_due(const struct vs_conn *cp)
{
	struct vs_app_conn *ac = cp->ext->app;
	s32 shift, before;
	bool due = false;
	u32 end;

	spin_lock(&ac->lock);
	if (ac->session && vs_seqmap_last(&ac->session->out, &end, &shift,
					  &before))
		due = ac->session->told != end;
	spin_unlock(&ac->lock);
	return due;
}

/* As in struct ip_vs_seq: what follows @init is shifted by @delta. */
void vs_sync_seq_get(const struct vs_conn *cp, struct vs_sync_entry *e)
{
	struct vs_app_conn *ac = cp->ext->app;
	s32 shift, before;
	u32 end;

	spin_lock(&ac->lock);
	if (ac->session && vs_seqmap_last(&ac->session->out, &end, &shift,
					  &before)) {
		e->has_seq = true;
		e->flags |= IP_VS_CONN_F_OUT_SEQ;
		e->out_seq = (struct vs_sync_seq) {
			.init = end - 1,
			.delta = shift,
			.prev_delta = before,
		};
	}
	spin_unlock(&ac->lock);
}

void vs_sync_seq_set_told(const struct vs_conn *cp,
			  const struct vs_sync_entry *e)
{
	struct vs_app_conn *ac = cp->ext->app;

	spin_lock(&ac->lock);
	ac->session->told = e->out_seq.init + 1;
	spin_unlock(&ac->lock);
}

void vs_sync_seq_put(struct vs_conn *cp, const struct vs_sync_entry *e)
{
	struct vs_app_conn *ac = cp->ext->app;

	spin_lock(&ac->lock);
	if (!ac->session)
		ac->session = kzalloc(sizeof(*ac->session) + ac->app->size,
				      GFP_ATOMIC);
	if (ac->session) {
		ac->session->told = e->out_seq.init + 1;
		vs_seqmap_resume(&ac->session->out, e->out_seq.init + 1,
				 e->out_seq.delta, e->out_seq.prev_delta);
	}
	spin_unlock(&ac->lock);
}
