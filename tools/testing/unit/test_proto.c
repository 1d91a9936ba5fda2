// SPDX-License-Identifier: GPL-2.0
/* kernel/conn/proto.c: timeouts, names, transitions and their races. */
#include <sys/mman.h>

#include "conn/conn.h"
#include "conn/proto.h"
#include "net.h"
#include "path/pkt.h"
#include "unit.h"

static struct {
	unsigned int calls;
	u32 old;
	u32 new;
	u32 timeout;
} change;

static unsigned int moves;

/* The linker leads proto.c's calls of conn.c and wheel.c here. */
void __real_vs_conn_state_changed(struct vs_conn *cp, u32 old, u32 new,
				  u32 timeout);
void __wrap_vs_conn_state_changed(struct vs_conn *cp, u32 old, u32 new,
				  u32 timeout);
void __wrap_vs_conn_state_changed(struct vs_conn *cp, u32 old, u32 new,
				  u32 timeout)
{
	change.calls++;
	change.old = old;
	change.new = new;
	change.timeout = timeout;
	__real_vs_conn_state_changed(cp, old, new, timeout);
}

void __real_vs_wheel_move(struct vs_wheel *w, struct vs_conn *cp);
void __wrap_vs_wheel_move(struct vs_wheel *w, struct vs_conn *cp);
void __wrap_vs_wheel_move(struct vs_wheel *w, struct vs_conn *cp)
{
	moves++;
	__real_vs_wheel_move(w, cp);
}

void (*unit_race)(void);

static struct vs_net *net_with_defaults(void)
{
	static struct vs_net vn;

	memset(&vn, 0, sizeof(vn));
	vs_proto_net_init(&vn.proto);
	memset(&change, 0, sizeof(change));
	moves = 0;
	return &vn;
}

/* A connection in the namespace of @vn. */
static struct vs_conn conn_in(struct vs_net *vn, u8 proto, u32 st, u32 timeout)
{
	return (struct vs_conn) {
		.vn = vn, .proto = proto, .st = st, .timeout = timeout,
	};
}

static bool in_state(const struct vs_conn *cp, u8 state, bool active)
{
	return vs_conn_state(cp) == state &&
	       !(cp->st & VS_ST_INACTIVE) == active;
}

static void step(struct vs_conn *cp, u8 proto, u8 flags, enum vs_dir dir,
		 struct vs_net *vn)
{
	struct vs_pkt p = { .vn = vn, .proto = proto, .tcp = flags };

	vs_proto_state(cp, &p, dir);
}

static void default_timeouts(void)
{
	static const u32 seconds[VS_TCP_S_MAX] = {
		2, 900, 120, 60, 120, 120, 10, 60, 30, 120, 120,
	};
	struct vs_net *vn = net_with_defaults();
	u8 s;

	for (s = 0; s < VS_TCP_S_MAX; s++)
		CHECK(vn->proto.tcp_timeout[s] == seconds[s] * HZ);
	CHECK(vn->proto.udp_timeout == 300 * HZ);
}

/* The connection is in read-only memory. */
static void idle_ack_writes_nothing(void)
{
	struct vs_net *vn = net_with_defaults();
	struct vs_conn *cp;
	size_t size = PAGE_SIZE;

	cp = mmap(NULL, size, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(cp != MAP_FAILED);
	cp->st = VS_TCP_S_ESTABLISHED | VS_ST_NOOUTPUT;
	cp->timeout = 900 * HZ;
	CHECK(!mprotect(cp, size, PROT_READ));
	step(cp, IPPROTO_TCP, VS_TCP_ACK, VS_DIR_IN, vn);
	CHECK(!mprotect(cp, size, PROT_READ | PROT_WRITE));
	cp->st = VS_TCP_S_ESTABLISHED;
	CHECK(!mprotect(cp, size, PROT_READ));
	step(cp, IPPROTO_TCP, VS_TCP_ACK, VS_DIR_IN, vn);
	step(cp, IPPROTO_TCP, VS_TCP_ACK, VS_DIR_OUT, vn);
	CHECK(!mprotect(cp, size, PROT_READ | PROT_WRITE));
	cp->st = 0;
	cp->timeout = 300 * HZ;
	CHECK(!mprotect(cp, size, PROT_READ));
	step(cp, IPPROTO_UDP, 0, VS_DIR_IN, vn);
	step(cp, IPPROTO_UDP, 0, VS_DIR_OUT, vn);
	munmap(cp, size);
	CHECK(!change.calls);
}

static void handshake_behind_nat(void)
{
	struct vs_net *vn = net_with_defaults();
	struct vs_conn cp = conn_in(vn, IPPROTO_TCP, VS_ST_INACTIVE, 3 * HZ);

	step(&cp, IPPROTO_TCP, VS_TCP_SYN, VS_DIR_IN, vn);
	CHECK(in_state(&cp, VS_TCP_S_SYN_RECV, true) && cp.timeout == 60 * HZ);
	CHECK(change.calls == 1 && !moves);
	CHECK(change.old == VS_ST_INACTIVE && change.new == cp.st);
	step(&cp, IPPROTO_TCP, VS_TCP_SYN | VS_TCP_ACK, VS_DIR_OUT, vn);
	CHECK(change.calls == 1);
	step(&cp, IPPROTO_TCP, VS_TCP_ACK, VS_DIR_IN, vn);
	CHECK(in_state(&cp, VS_TCP_S_ESTABLISHED, true));
	CHECK(cp.timeout == 900 * HZ && change.timeout == 900 * HZ);
	step(&cp, IPPROTO_TCP, VS_TCP_FIN | VS_TCP_ACK, VS_DIR_IN, vn);
	CHECK(in_state(&cp, VS_TCP_S_CLOSE_WAIT, false));
	CHECK(cp.timeout == 60 * HZ && moves == 1);
	step(&cp, IPPROTO_TCP, VS_TCP_FIN | VS_TCP_ACK, VS_DIR_OUT, vn);
	CHECK(in_state(&cp, VS_TCP_S_TIME_WAIT, false));
	CHECK(cp.timeout == 120 * HZ && change.calls == 4 && moves == 1);
}

static void output_clears_nooutput(void)
{
	struct vs_net *vn = net_with_defaults();
	struct vs_conn cp = conn_in(vn, IPPROTO_TCP,
				    VS_TCP_S_ESTABLISHED | VS_ST_NOOUTPUT,
				    900 * HZ);

	step(&cp, IPPROTO_TCP, VS_TCP_ACK, VS_DIR_OUT, vn);
	CHECK(change.calls == 1 && cp.st == VS_TCP_S_ESTABLISHED);
	/* replies are seen: the client's FIN leads to CLOSE_WAIT */
	step(&cp, IPPROTO_TCP, VS_TCP_FIN, VS_DIR_IN, vn);
	CHECK(in_state(&cp, VS_TCP_S_CLOSE_WAIT, false));

	cp.st = VS_TCP_S_ESTABLISHED | VS_ST_NOOUTPUT;
	step(&cp, IPPROTO_TCP, VS_TCP_FIN, VS_DIR_IN, vn);
	CHECK(in_state(&cp, VS_TCP_S_FIN_WAIT, false));
	CHECK(cp.st & VS_ST_NOOUTPUT);
}

static void changed_timeouts_apply(void)
{
	struct vs_net *vn = net_with_defaults();
	struct vs_conn cp = conn_in(vn, IPPROTO_TCP, VS_TCP_S_ESTABLISHED,
				    900 * HZ);

	vn->proto.tcp_timeout[VS_TCP_S_ESTABLISHED] = 7 * HZ;
	step(&cp, IPPROTO_TCP, VS_TCP_ACK, VS_DIR_IN, vn);
	CHECK(cp.timeout == 7 * HZ && moves == 1);
	CHECK(cp.st == VS_TCP_S_ESTABLISHED);
	step(&cp, IPPROTO_TCP, VS_TCP_ACK, VS_DIR_IN, vn);
	CHECK(moves == 1);

	cp = conn_in(vn, IPPROTO_UDP, VS_ST_INACTIVE, 3 * HZ);
	step(&cp, IPPROTO_UDP, 0, VS_DIR_IN, vn);
	CHECK(cp.timeout == 300 * HZ && cp.st == VS_ST_INACTIVE && moves == 1);
}

static void dead_does_not_change(void)
{
	struct vs_net *vn = net_with_defaults();
	struct vs_conn cp = conn_in(vn, IPPROTO_TCP,
				    VS_TCP_S_ESTABLISHED | VS_ST_DEAD, 1);

	step(&cp, IPPROTO_TCP, VS_TCP_ACK, VS_DIR_IN, vn);
	step(&cp, IPPROTO_TCP, VS_TCP_RST, VS_DIR_IN, vn);
	vs_proto_set_state(&cp, VS_TCP_S_LISTEN);
	CHECK(!change.calls && !moves && cp.timeout == 1);
	CHECK(cp.st == (VS_TCP_S_ESTABLISHED | VS_ST_DEAD));
}

static void template_is_assured(void)
{
	struct vs_net *vn = net_with_defaults();
	struct vs_conn tmpl = { .st = VS_ST_TEMPLATE };
	struct vs_conn cp = conn_in(vn, IPPROTO_TCP,
				    VS_ST_CONTROLLED | VS_ST_INACTIVE, 3 * HZ);

	cp.control = &tmpl;
	CHECK(!strcmp(vs_proto_state_name(IPPROTO_TCP, &tmpl), "NONE"));
	step(&cp, IPPROTO_TCP, VS_TCP_SYN, VS_DIR_IN, vn);
	CHECK(tmpl.st == VS_ST_TEMPLATE);
	step(&cp, IPPROTO_TCP, VS_TCP_ACK, VS_DIR_IN, vn);
	CHECK(!strcmp(vs_proto_state_name(IPPROTO_TCP, &tmpl), "ASSURED"));

	tmpl.st = VS_ST_TEMPLATE;
	cp.proto = IPPROTO_UDP;
	cp.st = VS_ST_CONTROLLED | VS_ST_INACTIVE;
	step(&cp, IPPROTO_UDP, 0, VS_DIR_IN, vn);
	CHECK(tmpl.st == VS_ST_TEMPLATE);
	step(&cp, IPPROTO_UDP, 0, VS_DIR_OUT, vn);
	CHECK(tmpl.st == (VS_ST_TEMPLATE | VS_TMPL_ASSURED));
}

static void later_fragment_changes_nothing(void)
{
	struct vs_net *vn = net_with_defaults();
	struct vs_conn cp = conn_in(vn, IPPROTO_TCP, VS_TCP_S_ESTABLISHED, 0);
	struct vs_pkt p = {
		.vn = vn, .proto = IPPROTO_TCP, .frag = true, .nonfirst_frag = true,
	};

	vs_proto_state(&cp, &p, VS_DIR_IN);
	CHECK(!change.calls && !cp.timeout);
}

/* A packet that another CPU processes before exchange number @at of the CPU
 * under test. */
static struct {
	struct vs_conn *cp;
	unsigned int at;
	u8 flags;
	enum vs_dir dir;
} race;

static void race_step(void)
{
	if (race.at--)
		return;
	unit_race = NULL;
	step(race.cp, IPPROTO_TCP, race.flags, race.dir, race.cp->vn);
}

/* One CPU processes @flags in direction @dir. Another one processes @with in
 * the opposite direction before each exchange of the first in turn. The result
 * is @last, or @first without the second packet, with the timeout of that
 * state. Returns the number of runs. */
static unsigned int race_steps(u8 flags, enum vs_dir dir, u8 with, u8 first,
			       u8 last)
{
	struct vs_net *vn = net_with_defaults();
	unsigned int n = 0;
	u8 state;

	do {
		struct vs_conn cp = conn_in(vn, IPPROTO_TCP,
					    VS_TCP_S_ESTABLISHED, 900 * HZ);

		race.cp = &cp;
		race.at = n++;
		race.flags = with;
		race.dir = !dir;
		unit_race = race_step;
		step(&cp, IPPROTO_TCP, flags, dir, vn);
		state = vs_conn_state(&cp);
		if (unit_race) {
			CHECK(state == first);
			break;
		}
		CHECK(state == last);
		CHECK(cp.timeout == vn->proto.tcp_timeout[state]);
		CHECK(cp.st & VS_ST_INACTIVE);
	} while (1);
	unit_race = NULL;
	return n;
}

/* FINs of both sides end in TIME_WAIT and a RST in CLOSE, in whatever order two
 * CPUs process them, with the timeout of that state. */
static void steps_race(void)
{
	CHECK(race_steps(VS_TCP_FIN, VS_DIR_IN, VS_TCP_FIN,
			 VS_TCP_S_CLOSE_WAIT, VS_TCP_S_TIME_WAIT) > 2);
	CHECK(race_steps(VS_TCP_FIN, VS_DIR_OUT, VS_TCP_FIN,
			 VS_TCP_S_FIN_WAIT, VS_TCP_S_TIME_WAIT) > 2);
	CHECK(race_steps(VS_TCP_FIN, VS_DIR_IN, VS_TCP_RST,
			 VS_TCP_S_CLOSE_WAIT, VS_TCP_S_CLOSE) > 2);
	CHECK(race_steps(VS_TCP_RST, VS_DIR_IN, VS_TCP_FIN,
			 VS_TCP_S_CLOSE, VS_TCP_S_CLOSE) > 2);
}

/* A sync peer reports ESTABLISHED with a timeout of its own, and a packet ends
 * the connection at the same time: the timeout is that of the state that
 * remains. */
static void restore_race(void)
{
	struct vs_net *vn = net_with_defaults();
	unsigned int n = 0;
	bool over;

	do {
		struct vs_conn cp = conn_in(vn, IPPROTO_TCP,
					    VS_TCP_S_ESTABLISHED, 900 * HZ);

		race.cp = &cp;
		race.at = n++;
		race.flags = VS_TCP_RST;
		race.dir = VS_DIR_IN;
		unit_race = race_step;
		CHECK(vs_proto_restore(&cp, VS_TCP_S_ESTABLISHED, 77 * HZ));
		over = unit_race;
		unit_race = NULL;
		if (vs_conn_state(&cp) == VS_TCP_S_CLOSE)
			CHECK(cp.timeout == 10 * HZ);
		else
			CHECK(cp.timeout == 77 * HZ);
	} while (!over);
	CHECK(n > 2);
}

/* The timeout of a template has nothing to do with its state. */
static void restore_template(void)
{
	struct vs_net *vn = net_with_defaults();
	struct vs_conn tmpl = conn_in(vn, IPPROTO_TCP, VS_ST_TEMPLATE, 300 * HZ);
	struct vs_conn dead = conn_in(vn, IPPROTO_TCP, VS_ST_DEAD, 300 * HZ);

	CHECK(vs_proto_restore(&tmpl, VS_TMPL_ASSURED, 77 * HZ));
	CHECK(tmpl.st == (VS_ST_TEMPLATE | VS_TMPL_ASSURED));
	CHECK(tmpl.timeout == 77 * HZ);
	CHECK(!vs_proto_restore(&dead, VS_TCP_S_ESTABLISHED, 77 * HZ));
	CHECK(dead.timeout == 300 * HZ);
}

/* An association from INIT to SHUTDOWN COMPLETE, with replies that pass the
 * director (NAT) and with replies that bypass it (DR, TUN). */
static void sctp_association(void)
{
	static const struct {
		u8 chunk;
		enum vs_dir dir;
		u8 nat, direct;
	} steps[] = {
		{ SCTP_CID_INIT, VS_DIR_IN, VS_SCTP_S_INIT1, VS_SCTP_S_INIT1 },
		{ SCTP_CID_INIT_ACK, VS_DIR_OUT, VS_SCTP_S_COOKIE_SENT, 0 },
		{ SCTP_CID_COOKIE_ECHO, VS_DIR_IN, VS_SCTP_S_COOKIE_REPLIED,
		  VS_SCTP_S_ESTABLISHED },
		{ SCTP_CID_COOKIE_ACK, VS_DIR_OUT, VS_SCTP_S_ESTABLISHED, 0 },
		{ SCTP_CID_DATA, VS_DIR_IN, VS_SCTP_S_ESTABLISHED,
		  VS_SCTP_S_ESTABLISHED },
		{ SCTP_CID_SHUTDOWN, VS_DIR_IN, VS_SCTP_S_SHUTDOWN_RECEIVED,
		  VS_SCTP_S_SHUTDOWN_RECEIVED },
		{ SCTP_CID_SHUTDOWN_ACK, VS_DIR_OUT,
		  VS_SCTP_S_SHUTDOWN_ACK_SENT, 0 },
		{ SCTP_CID_SHUTDOWN_COMPLETE, VS_DIR_IN, VS_SCTP_S_CLOSED,
		  VS_SCTP_S_CLOSED },
	};
	u8 nat = VS_SCTP_S_NONE, direct = VS_SCTP_S_NONE;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		bool out = steps[i].dir == VS_DIR_OUT;

		nat = vs_sctp_next(out ? VS_STATE_OUTPUT : VS_STATE_INPUT,
				   steps[i].chunk, nat);
		CHECK(nat == steps[i].nat);
		if (out)
			continue;
		direct = vs_sctp_next(VS_STATE_INPUT_ONLY, steps[i].chunk, direct);
		CHECK(direct == steps[i].direct);
	}
	CHECK(vs_sctp_active(VS_SCTP_S_ESTABLISHED));
	CHECK(!vs_sctp_active(VS_SCTP_S_COOKIE_ECHOED));
	CHECK(vs_sctp_next(VS_STATE_INPUT, SCTP_CID_DATA, VS_SCTP_S_MAX) ==
	      VS_SCTP_S_CLOSED);
}

const struct unit_test proto_tests[] = {
	{ "proto_default_timeouts", default_timeouts },
	{ "proto_idle_ack_writes_nothing", idle_ack_writes_nothing },
	{ "proto_handshake_behind_nat", handshake_behind_nat },
	{ "proto_output_clears_nooutput", output_clears_nooutput },
	{ "proto_changed_timeouts_apply", changed_timeouts_apply },
	{ "proto_dead_does_not_change", dead_does_not_change },
	{ "proto_steps_race", steps_race },
	{ "proto_restore_race", restore_race },
	{ "proto_restore_template", restore_template },
	{ "proto_template_is_assured", template_is_assured },
	{ "proto_sctp_association", sctp_association },
	{ "proto_later_fragment_changes_nothing", later_fragment_changes_nothing },
	{}
};
