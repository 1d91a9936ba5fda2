// SPDX-License-Identifier: GPL-2.0
/*
 * Passes a packet to the scheduler of its service, which chooses a destination
 * for a new connection or template.
 */
#include "net.h"
#include "path/choose.h"
#include "sched/sched.h"
#include "service/service.h"
#include "trace.h"

struct vs_dest *vs_choose_dest(const struct vs_pkt *p, struct vs_service *svc)
{
	struct vs_snap *snap;
	struct vs_dest *dest;
	struct vs_flow flow = {
		.af = p->af,
		.saddr = &p->saddr,
		.daddr = &p->daddr,
		.sport = p->sport,
	};

	vs_assert_packet_context();
	snap = rcu_dereference(svc->snap);
	dest = snap ? vs_sched_pick(snap, &flow) : NULL;
	trace_weir_schedule(p, svc, dest);
	if (dest)
		__vs_event(p->vn, VS_EV_SCHEDULED);
	return dest;
}
