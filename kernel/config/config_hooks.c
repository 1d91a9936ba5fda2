// SPDX-License-Identifier: GPL-2.0
/*
 * Packet hooks and IPv6 defragmentation, registered on demand: a namespace
 * without services has no hooks.
 */
#include <net/netfilter/ipv6/nf_defrag_ipv6.h>

#include "config/config_impl.h"
#include "net.h"
#include "path/hook.h"

/* Addresses are never removed from the filter. It is cleared before the first
 * service if nothing can depend on it: no connection is left, and no packet that
 * entered a hook before the last service was deleted is in flight. */
static void filter_reset(struct vs_net *vn)
{
	struct vs_config *c = &vn->config;

	if (!c->num_services && poll_state_synchronize_rcu(c->quiet) &&
	    !percpu_counter_sum(&vn->conns))
		memset(&vn->filter, 0, sizeof(vn->filter));
}

int vs_config_hooks_start(struct vs_net *vn, u8 af)
{
	int err;

	vs_assert_config_locked(vn);
	if (vn->config.num_af[vs_af_index(af)])
		return 0;
	filter_reset(vn);
	err = vs_conn_net_start(vn);
	return err ?: vs_hooks_register(vn, af);
}

void vs_config_hooks_stop(struct vs_net *vn, u8 af)
{
	vs_assert_config_locked(vn);
	if (vn->config.num_af[vs_af_index(af)])
		return;
	vs_notrack_stop(vn, af);
	vs_hooks_unregister(vn, af);
	vn->config.quiet = get_state_synchronize_rcu();
}

int vs_config_defrag6(struct vs_net *vn)
{
	int err;

	vs_assert_config_locked(vn);
	if (vn->config.defrag6 || !IS_ENABLED(CONFIG_NF_DEFRAG_IPV6))
		return 0;
	err = nf_defrag_ipv6_enable(vn->net);
	vn->config.defrag6 = !err;
	return err;
}

void vs_config_defrag6_exit(struct vs_net *vn)
{
	if (IS_ENABLED(CONFIG_NF_DEFRAG_IPV6) && vn->config.defrag6)
		nf_defrag_ipv6_disable(vn->net);
}
