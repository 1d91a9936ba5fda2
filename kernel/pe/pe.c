// SPDX-License-Identifier: GPL-2.0
/*
 * Registry of persistence engines: modules that find the key that selects the
 * real server in a packet's payload.
 */
#include <linux/ip_vs.h>
#include <linux/kmod.h>
#include <linux/mutex.h>
#include <linux/rculist.h>

#include "net.h"
#include "pe/pe.h"
#include "service/service.h"

static LIST_HEAD(engines);
static DEFINE_MUTEX(engines_lock);

static struct vs_pe *pe_lookup(const char *name)
{
	struct vs_pe *pe;

	lockdep_assert_held(&engines_lock);
	list_for_each_entry(pe, &engines, list)
		if (!strcmp(pe->name, name))
			return pe;
	return NULL;
}

int vs_pe_register(struct vs_pe *pe)
{
	int err = 0;

	mutex_lock(&engines_lock);
	if (pe_lookup(pe->name))
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
	/* Packets may have read svc->pe before the service dropped @pe. */
	synchronize_rcu();
}
EXPORT_SYMBOL_GPL(vs_pe_unregister);

const struct vs_pe *vs_pe_get_loaded(const char *name)
{
	const struct vs_pe *pe;

	mutex_lock(&engines_lock);
	pe = pe_lookup(name);
	if (pe && !try_module_get(pe->owner))
		pe = NULL;
	mutex_unlock(&engines_lock);
	return pe;
}

const struct vs_pe *vs_pe_get(const char *name)
{
	const struct vs_pe *pe = vs_pe_get_loaded(name);

	if (!pe) {
		request_module("ip_vs_pe_%s", name);
		pe = vs_pe_get_loaded(name);
	}
	return pe;
}

void vs_pe_put(const struct vs_pe *pe)
{
	if (pe)
		module_put(pe->owner);
}

/* Counts the services whose engine creates connections for real servers: the
 * output hook looks for them only if there are any. */
static void pe_count_out(const struct vs_service *svc, const struct vs_pe *pe,
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
	pe_count_out(svc, old, -1);
	pe_count_out(svc, pe, 1);
	return old;
}
