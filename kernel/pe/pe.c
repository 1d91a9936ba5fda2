// SPDX-License-Identifier: GPL-2.0
/*
 * Persistence engines: modules that tell by a packet's payload which server it
 * belongs to.
 */
#include <linux/ip_vs.h>
#include <linux/kmod.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "config/config.h"
#include "conn/app.h"
#include "net.h"
#include "pe/pe.h"
#include "service/service.h"

static LIST_HEAD(engines);
static DEFINE_MUTEX(engines_lock);

static struct vs_pe *find(const char *name)
{
	struct vs_pe *pe;

	list_for_each_entry(pe, &engines, list)
		if (!strcmp(pe->name, name))
			return pe;
	return NULL;
}

int vs_pe_register(struct vs_pe *pe)
{
	int err = 0;

	mutex_lock(&engines_lock);
	if (find(pe->name))
		err = -EEXIST;
	else
		list_add(&pe->list, &engines);
	mutex_unlock(&engines_lock);
	return err;
}
EXPORT_SYMBOL_GPL(vs_pe_register);

void vs_pe_unregister(struct vs_pe *pe)
{
	mutex_lock(&engines_lock);
	list_del(&pe->list);
	mutex_unlock(&engines_lock);
	/* Packets that saw it in a service that let go of it meanwhile. */
	synchronize_rcu();
}
EXPORT_SYMBOL_GPL(vs_pe_unregister);

static const struct vs_pe *find_get(const char *name)
{
	const struct vs_pe *pe;

	mutex_lock(&engines_lock);
	pe = find(name);
	if (pe && !try_module_get(pe->owner))
		pe = NULL;
	mutex_unlock(&engines_lock);
	return pe;
}

const struct vs_pe *vs_pe_get(const char *name)
{
	const struct vs_pe *pe = find_get(name);

	if (!pe) {
		request_module("ip_vs_pe_%s", name);
		pe = find_get(name);
	}
	return pe;
}

void vs_pe_put(const struct vs_pe *pe)
{
	if (pe)
		module_put(pe->owner);
}

static void count_out(const struct vs_service *svc, const struct vs_pe *pe,
		      int n)
{
	u32 *num = &svc->vn->config.num_pe_out[vs_af_index(svc->key.af)];

	if (pe && pe->conn_out)
		WRITE_ONCE(*num, *num + n);
}

const struct vs_pe *vs_pe_bind(struct vs_service *svc, const struct vs_pe *pe)
{
	const struct vs_pe *old;

	old = rcu_replace_pointer(svc->pe, pe,
				  lockdep_is_held(&svc->vn->config.lock));
	count_out(svc, old, -1);
	count_out(svc, pe, 1);
	return old;
}

struct vs_conn_ext *vs_conn_ext_new(const struct vs_pe *pe, const struct vs_pkt *p)
{
	struct vs_conn_ext *ext;
	const u8 *data;
	int len;

	len = pe->find(p, &data);
	if (len < 0)
		return ERR_PTR(len);
	ext = kmalloc(struct_size(ext, data, len), GFP_ATOMIC);
	if (!ext)
		return ERR_PTR(-ENOMEM);
	if (!try_module_get(pe->owner)) {	/* the service lost it just now */
		kfree(ext);
		return ERR_PTR(-EINVAL);
	}
	ext->pe = pe;
	ext->app = NULL;
	ext->len = len;
	memcpy(ext->data, data, len);
	return ext;
}

void vs_conn_ext_free(struct vs_conn_ext *ext)
{
	if (!ext)
		return;
	vs_app_conn_free(ext->app);
	vs_pe_put(ext->pe);
	kfree(ext);
}
