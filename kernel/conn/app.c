// SPDX-License-Identifier: GPL-2.0
/*
 * Helpers for protocols that talk about other connections: which there are,
 * whose connections they look after, and the connections they announce.
 *
 * Nothing here belongs to a namespace but a count: a connection holds the
 * helper's module until nobody can look at it any more, so that neither a
 * namespace nor a module can go too early.
 */
#include <linux/ip_vs.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "conn/app.h"
#include "conn/nfct.h"
#include "net.h"
#include "pe/pe.h"

/* A helper's port. Slots are taken and left under the lock; @app goes in last
 * and out first. */
static struct slot {
	const struct vs_app __rcu *app;
	__be16 port;
} slots[VS_APP_PORTS];

static unsigned int used;	/* slots */
static DEFINE_MUTEX(slots_lock);

static bool is_taken(__be16 port)
{
	for (int i = 0; i < VS_APP_PORTS; i++)
		if (rcu_access_pointer(slots[i].app) && slots[i].port == port)
			return true;
	return false;
}

static bool is_listed(const u16 *ports, unsigned int n, u16 port)
{
	while (n--)
		if (ports[n] == port)
			return true;
	return false;
}

/* Whether all of @ports can be had: once there, a connection may hold the
 * module already, so that nothing can be taken back. */
static int check_ports(const u16 *ports, unsigned int n)
{
	unsigned int wanted = 0;

	for (unsigned int i = 0; i < n; i++) {
		if (!ports[i])
			continue;
		if (is_taken(htons(ports[i])) || is_listed(ports, i, ports[i]))
			return -EEXIST;
		wanted++;
	}
	return used + wanted > VS_APP_PORTS ? -ENOSPC : 0;
}

static void take_slot(const struct vs_app *app, __be16 port)
{
	struct slot *s = slots;

	while (rcu_access_pointer(s->app))
		s++;
	WRITE_ONCE(s->port, port);
	rcu_assign_pointer(s->app, app);
	WRITE_ONCE(used, used + 1);
}

static void leave_slots(const struct vs_app *app)
{
	for (int i = 0; i < VS_APP_PORTS; i++) {
		if (rcu_access_pointer(slots[i].app) != app)
			continue;
		RCU_INIT_POINTER(slots[i].app, NULL);
		WRITE_ONCE(used, used - 1);
	}
}

int vs_app_register(const struct vs_app *app, const u16 *ports,
		    unsigned int n)
{
	int err;

	mutex_lock(&slots_lock);
	err = check_ports(ports, n);
	for (unsigned int i = 0; i < n && !err; i++)
		if (ports[i])
			take_slot(app, htons(ports[i]));
	mutex_unlock(&slots_lock);
	return err;
}
EXPORT_SYMBOL_GPL(vs_app_register);

void vs_app_unregister(const struct vs_app *app)
{
	mutex_lock(&slots_lock);
	leave_slots(app);
	mutex_unlock(&slots_lock);
	/* Packets that saw it without getting hold of its module. */
	synchronize_rcu();
}
EXPORT_SYMBOL_GPL(vs_app_unregister);

/* The last port first, as the kernel's ip_vs lists them. */
void vs_app_show(struct seq_file *seq, struct vs_net *vn)
{
	const struct vs_app *app;

	mutex_lock(&slots_lock);
	for (int i = VS_APP_PORTS; i--;) {
		app = rcu_dereference_protected(slots[i].app,
						lockdep_is_held(&slots_lock));
		if (app)
			seq_printf(seq, "%-3s  %-7u %-6d %-17s\n", "TCP",
				   ntohs(slots[i].port),
				   atomic_read(&vn->app_use[i]), app->name);
	}
	mutex_unlock(&slots_lock);
}

static struct vs_app_conn *new_app_conn(const struct vs_app *app, u8 slot)
{
	struct vs_app_conn *ac = kzalloc(sizeof(*ac), GFP_ATOMIC);

	if (!ac)
		return NULL;
	spin_lock_init(&ac->lock);
	ac->app = app;
	ac->slot = slot;
	return ac;
}

static struct vs_conn_ext *new_ext(const struct vs_app *app, u8 slot)
{
	struct vs_conn_ext *ext = kzalloc(sizeof(*ext), GFP_ATOMIC);

	if (!ext)
		return NULL;
	ext->app = new_app_conn(app, slot);
	if (ext->app)
		return ext;
	kfree(ext);
	return NULL;
}

static int bind_to(struct vs_conn *cp, const struct vs_app *app, u8 slot)
{
	struct vs_conn_ext *ext;

	if (!try_module_get(app->owner))	/* it is being unloaded */
		return 0;
	ext = new_ext(app, slot);
	if (!ext) {
		module_put(app->owner);
		return -ENOMEM;
	}
	cp->ext = ext;
	cp->st |= VS_ST_APP;
	atomic_inc(&cp->vn->app_use[slot]);
	return 0;
}

int vs_app_bind(struct vs_conn *cp)
{
	if (likely(!READ_ONCE(used)) || cp->proto != IPPROTO_TCP ||
	    cp->method != IP_VS_CONN_F_MASQ || !cp->dest ||
	    cp->st & (VS_ST_TEMPLATE | VS_ST_ONE_PACKET))
		return 0;
	for (int i = 0; i < VS_APP_PORTS; i++) {
		const struct vs_app *app = rcu_dereference(slots[i].app);

		if (app && READ_ONCE(slots[i].port) == cp->vport)
			return bind_to(cp, app, i);
	}
	return 0;
}

void vs_app_unbind(struct vs_conn *cp)
{
	atomic_dec(&cp->vn->app_use[cp->ext->app->slot]);
}

void vs_app_conn_free(struct vs_app_conn *ac)
{
	if (!ac)
		return;
	module_put(ac->app->owner);
	kfree(ac->session);
	kfree(ac);
}

static struct vs_conn *find_data(const struct vs_conn *cp,
				 const union nf_inet_addr *client,
				 __be16 cport, __be16 vport)
{
	struct vs_tuple k = {
		.saddr = client, .daddr = vs_conn_addr(cp, VS_VADDR),
		.sport = cport, .dport = vport,
		.af = cp->af, .proto = cp->proto,
	};
	struct vs_conn *found;
	enum vs_dir dir;

	found = vs_table_lookup(&cp->vn->table, &k, &dir);
	return found && dir == VS_DIR_IN ? found : NULL;
}

static void listen(struct vs_conn *cp)
{
	vs_conn_set_state(cp, VS_TCP_S_LISTEN, false,
			  READ_ONCE(cp->vn->proto.tcp_timeout[VS_TCP_S_LISTEN]),
			  0);
}

static bool is_own_client(const struct vs_conn *cp,
			  const union nf_inet_addr *client)
{
	return vs_addr_eq(cp->af, client, vs_conn_addr(cp, VS_CADDR));
}

/* Whether @data, which leads elsewhere, gives way to what @cp's client waits
 * for. Never another client's; and what another session was told before is not
 * this one's to take, unless that is over or the client itself chose the port.
 */
static bool gives_way(const struct vs_conn *cp, const struct vs_conn *data,
		      const struct vs_expect_conf *d)
{
	const struct vs_conn *control = data->control;

	if (!is_own_client(cp, d->client))
		return false;
	return vs_conn_state(data) != VS_TCP_S_LISTEN || d->cport ||
	       !control || control == cp ||
	       READ_ONCE(control->st) & VS_ST_DEAD;
}

/* @data, of @cp's client, was announced by somebody else, who could take it
 * away again. */
static bool is_foreign(const struct vs_conn *cp, const struct vs_conn *data,
		       const struct vs_expect_conf *d)
{
	const struct vs_conn *control = data->control;

	return is_own_client(cp, d->client) && control &&
	       !is_own_client(control, d->client);
}

/* There is @data already: it begins again when it is over, if it leads to the
 * same place, or makes room. */
static bool adopt(const struct vs_conn *cp, struct vs_conn *data,
		  const struct vs_expect_conf *d)
{
	bool over = vs_proto_phase(data) == VS_PHASE_ENDING;

	if (data->dest == cp->dest && data->dport == d->dport &&
	    !(over && is_foreign(cp, data, d))) {
		if (over)
			listen(data);
		return true;
	}
	if (over && gives_way(cp, data, d))
		vs_conn_kill(data);
	return false;
}

static struct vs_conn *make_data(struct vs_conn *cp,
				 const struct vs_expect_conf *d)
{
	struct vs_conn_conf conf = {
		.caddr = d->client,
		.vaddr = vs_conn_addr(cp, VS_VADDR),
		.cport = d->cport,
		.vport = d->vport,
		.dport = d->dport,
		.af = cp->af,
		.proto = cp->proto,
		.st = d->cport ? 0 : VS_ST_EXPECTED,
		.fwmark = cp->fwmark,
		.dest = cp->dest,
		.control = cp,
	};
	struct vs_conn *data = vs_conn_new(cp->vn, &conf);

	if (IS_ERR(data))
		return data;
	vs_event(cp->vn, VS_EV_DATA_EXPECTED);
	listen(data);
	return data;
}

/* An FTP client that asks again has no use for what it was told before. */
static void replace_expected(struct vs_conn *cp, struct vs_app_session *s,
			      const struct vs_expect_conf *d)
{
	struct vs_conn *old = NULL;

	if (s->data_vport && (s->data_vport != d->vport ||
			      s->data_cport != d->cport ||
			      !vs_addr_eq(cp->af, &s->data_client, d->client)))
		old = find_data(cp, &s->data_client, s->data_cport,
				s->data_vport);
	if (old && old->control == cp && vs_conn_state(old) == VS_TCP_S_LISTEN)
		vs_conn_kill(old);
	vs_addr_set(cp->af, &s->data_client, d->client);
	s->data_cport = d->cport;
	s->data_vport = d->vport;
}

/* Conntrack calls @data related to @cp, if that is its client's own: a firewall
 * that trusts the relation is not to let in anybody else. */
static void relate(const struct vs_app_segment *t, const struct vs_conn *data,
		   const struct vs_expect_conf *d)
{
	if (likely(!(READ_ONCE(data->st) & READ_ONCE(t->cp->st) & VS_ST_NFCT)))
		return;
	if (vs_conn_state(data) == VS_TCP_S_LISTEN &&
	    is_own_client(t->cp, d->client))
		vs_nfct_expect(t->skb, data);
}

int vs_expect_new(struct vs_app_segment *t, const struct vs_expect_conf *d)
{
	struct vs_conn *cp = t->cp, *data;

	data = find_data(cp, d->client, d->cport, d->vport);
	if (!data || !adopt(cp, data, d)) {
		data = make_data(cp, d);
		if (IS_ERR(data))
			return PTR_ERR(data);
	}
	replace_expected(cp, t->s, d);
	relate(t, data, d);
	return 0;
}
EXPORT_SYMBOL_GPL(vs_expect_new);

bool vs_app_replace(struct vs_app_segment *t, u32 start, u32 end, const char *text,
		    unsigned int len)
{
	return vs_seqmap_add(&t->s->out, start, end, text, len);
}
EXPORT_SYMBOL_GPL(vs_app_replace);

/* @data was announced; the client comes from @p's port. */
static struct vs_conn *make_claimed(struct vs_pkt *p, struct vs_conn *data)
{
	struct vs_conn_conf conf = {
		.caddr = &p->saddr,
		.vaddr = &p->daddr,
		.cport = p->sport,
		.vport = p->dport,
		.dport = data->dport,
		.af = p->af,
		.proto = p->proto,
		.fwmark = data->fwmark,
		.dest = data->dest,
		.control = data->control,
		.ignore_limit = true,
	};
	struct vs_conn *cp = vs_conn_new(p->vn, &conf);

	if (cp == ERR_PTR(-EEXIST)) {	/* by another CPU, for the same SYN */
		struct vs_tuple k = {
			.saddr = &p->saddr, .daddr = &p->daddr,
			.sport = p->sport, .dport = p->dport,
			.af = p->af, .proto = p->proto,
		};
		enum vs_dir dir;

		cp = vs_table_lookup(&p->vn->table, &k, &dir);
		return cp && dir == VS_DIR_IN ? cp : NULL;
	}
	if (IS_ERR(cp)) {
		p->verdict = vs_drop(p, VS_DROP_NO_MEMORY);
		return NULL;
	}
	if (vs_conn_kill_as(data, VS_EV_DATA_CONFIRMED))
		return cp;
	/* another port was faster */
	vs_conn_kill(cp);
	return NULL;
}

struct vs_conn *vs_expect_confirm(struct vs_pkt *p)
{
	struct vs_tuple k = {
		.saddr = &p->saddr, .daddr = &p->daddr, .dport = p->dport,
		.af = p->af, .proto = p->proto,
	};
	struct vs_conn *data;
	enum vs_dir dir;

	p->verdict = NF_ACCEPT;
	if ((p->tcp & (VS_TCP_SYN | VS_TCP_ACK | VS_TCP_RST | VS_TCP_FIN)) !=
	    VS_TCP_SYN)
		return NULL;
	data = vs_table_lookup(&p->vn->table, &k, &dir);
	if (!data || dir != VS_DIR_IN ||
	    !(READ_ONCE(data->st) & VS_ST_EXPECTED))
		return NULL;
	return make_claimed(p, data);
}
