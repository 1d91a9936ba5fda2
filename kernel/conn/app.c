// SPDX-License-Identifier: GPL-2.0
/*
 * Registry of apps: the virtual ports that they handle, and binding connections
 * to them.
 *
 * The registry is global; a namespace only counts its connections per port.
 * Each bound connection holds the app's module until it is freed, that is until
 * no reader is left: neither exit of a namespace nor rmmod has to look for
 * users.
 */
#include <linux/ip_vs.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "conn/app.h"
#include "conn/ext.h"
#include "net.h"

/*
 * Ports of apps. Changed under app_slots_lock, read under RCU: @app is set
 * after @port and cleared without changing it.
 */
static struct app_slot {
	const struct vs_app __rcu *app;
	__be16 port;
} app_slots[VS_APP_PORTS];

static unsigned int app_slots_used;
static DEFINE_MUTEX(app_slots_lock);

static bool app_port_taken(__be16 port)
{
	for (int i = 0; i < VS_APP_PORTS; i++)
		if (rcu_access_pointer(app_slots[i].app) &&
		    app_slots[i].port == port)
			return true;
	return false;
}

static bool app_port_listed(const u16 *ports, unsigned int n, u16 port)
{
	while (n--)
		if (ports[n] == port)
			return true;
	return false;
}

/* Checks all of @ports before the first one is taken: as soon as connections
 * may hold the module, its init function can no longer fail. */
static int app_check_ports(const u16 *ports, unsigned int n)
{
	unsigned int wanted = 0;

	for (unsigned int i = 0; i < n; i++) {
		if (!ports[i])
			continue;
		if (app_port_taken(htons(ports[i])) ||
		    app_port_listed(ports, i, ports[i]))
			return -EEXIST;
		wanted++;
	}
	return app_slots_used + wanted > VS_APP_PORTS ? -ENOSPC : 0;
}

static void app_take_slot(const struct vs_app *app, __be16 port)
{
	struct app_slot *s = app_slots;

	while (rcu_access_pointer(s->app))
		s++;
	WRITE_ONCE(s->port, port);
	rcu_assign_pointer(s->app, app);
	WRITE_ONCE(app_slots_used, app_slots_used + 1);
}

static void app_leave_slots(const struct vs_app *app)
{
	for (int i = 0; i < VS_APP_PORTS; i++) {
		if (rcu_access_pointer(app_slots[i].app) != app)
			continue;
		RCU_INIT_POINTER(app_slots[i].app, NULL);
		WRITE_ONCE(app_slots_used, app_slots_used - 1);
	}
}

int vs_app_register(const struct vs_app *app, const u16 *ports,
		    unsigned int n)
{
	int err;

	mutex_lock(&app_slots_lock);
	err = app_check_ports(ports, n);
	for (unsigned int i = 0; i < n && !err; i++)
		if (ports[i])
			app_take_slot(app, htons(ports[i]));
	mutex_unlock(&app_slots_lock);
	return err;
}
EXPORT_SYMBOL_GPL(vs_app_register);

void vs_app_unregister(const struct vs_app *app)
{
	mutex_lock(&app_slots_lock);
	app_leave_slots(app);
	mutex_unlock(&app_slots_lock);
	/* app_bind_slot() may have read @app, but not yet called
	 * try_module_get(). */
	synchronize_rcu();
}
EXPORT_SYMBOL_GPL(vs_app_unregister);

/* In the order of the kernel's ip_vs: the port registered last comes first. */
void vs_app_show(struct seq_file *seq, struct vs_net *vn)
{
	const struct vs_app *app;

	mutex_lock(&app_slots_lock);
	for (int i = VS_APP_PORTS; i--;) {
		app = rcu_dereference_protected(app_slots[i].app,
						lockdep_is_held(&app_slots_lock));
		if (app)
			seq_printf(seq, "%-3s  %-7u %-6d %-17s\n", "TCP",
				   ntohs(app_slots[i].port),
				   atomic_read(&vn->app_use[i]), app->name);
	}
	mutex_unlock(&app_slots_lock);
}

static struct vs_app_conn *app_conn_new(const struct vs_app *app, u8 slot)
{
	struct vs_app_conn *ac = kzalloc(sizeof(*ac), GFP_ATOMIC);

	if (!ac)
		return NULL;
	spin_lock_init(&ac->lock);
	ac->app = app;
	ac->slot = slot;
	return ac;
}

static struct vs_conn_ext *app_ext_new(const struct vs_app *app, u8 slot)
{
	struct vs_conn_ext *ext = kzalloc(sizeof(*ext), GFP_ATOMIC);

	if (!ext)
		return NULL;
	ext->app = app_conn_new(app, slot);
	if (ext->app)
		return ext;
	kfree(ext);
	return NULL;
}

static int app_bind_slot(struct vs_conn *cp, const struct vs_app *app, u8 slot)
{
	struct vs_conn_ext *ext;

	if (!try_module_get(app->owner))	/* being unloaded */
		return 0;
	ext = app_ext_new(app, slot);
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
	vs_assert_packet_context();
	if (likely(!READ_ONCE(app_slots_used)) || cp->proto != IPPROTO_TCP ||
	    cp->method != IP_VS_CONN_F_MASQ || !cp->dest ||
	    cp->st & (VS_ST_TEMPLATE | VS_ST_ONE_PACKET))
		return 0;
	for (int i = 0; i < VS_APP_PORTS; i++) {
		const struct vs_app *app = rcu_dereference(app_slots[i].app);

		if (app && READ_ONCE(app_slots[i].port) == cp->vport)
			return app_bind_slot(cp, app, i);
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
