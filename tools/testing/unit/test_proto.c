// SPDX-License-Identifier: GPL-2.0
/* kernel/proto.c: timeouts, names, and what a packet may write. */
#include <sys/mman.h>

#include "conn/conn.h"
#include "conn/proto.h"
#include "net.h"
#include "path/pkt.h"
#include "unit.h"

static struct {
	unsigned int calls;
	u8 state;
	bool active;
	u32 timeout;
	u32 clear;
} change;

/* conn.c's, for the test. */
void vs_conn_set_state(struct vs_conn *cp, u8 state, bool active, u32 timeout,
		       u32 clear)
{
	change.calls++;
	change.state = state;
	change.active = active;
	change.timeout = timeout;
	change.clear = clear;
	cp->st = (cp->st & ~(VS_ST_STATE | clear)) | state;
	cp->timeout = timeout;
}

static struct vs_net *net_with_defaults(void)
{
	static struct vs_net vn;

	memset(&vn, 0, sizeof(vn));
	vs_proto_net_init(&vn.proto);
	memset(&change, 0, sizeof(change));
	return &vn;
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

/* The connection lies in memory that cannot be written. */
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
	struct vs_conn cp = { .timeout = 3 * HZ };

	step(&cp, IPPROTO_TCP, VS_TCP_SYN, VS_DIR_IN, vn);
	CHECK(change.calls == 1 && change.active);
	CHECK(change.state == VS_TCP_S_SYN_RECV && change.timeout == 60 * HZ);
	step(&cp, IPPROTO_TCP, VS_TCP_SYN | VS_TCP_ACK, VS_DIR_OUT, vn);
	CHECK(change.calls == 1);
	step(&cp, IPPROTO_TCP, VS_TCP_ACK, VS_DIR_IN, vn);
	CHECK(change.state == VS_TCP_S_ESTABLISHED &&
	      change.timeout == 900 * HZ);
	step(&cp, IPPROTO_TCP, VS_TCP_FIN | VS_TCP_ACK, VS_DIR_IN, vn);
	CHECK(change.state == VS_TCP_S_CLOSE_WAIT && !change.active);
	step(&cp, IPPROTO_TCP, VS_TCP_FIN | VS_TCP_ACK, VS_DIR_OUT, vn);
	CHECK(change.state == VS_TCP_S_TIME_WAIT && !change.active);
	CHECK(change.timeout == 120 * HZ && change.calls == 4);
}

static void output_clears_nooutput(void)
{
	struct vs_net *vn = net_with_defaults();
	struct vs_conn cp = {
		.st = VS_TCP_S_ESTABLISHED | VS_ST_NOOUTPUT,
		.timeout = 900 * HZ,
	};

	step(&cp, IPPROTO_TCP, VS_TCP_ACK, VS_DIR_OUT, vn);
	CHECK(change.calls == 1 && change.clear == VS_ST_NOOUTPUT);
	CHECK(cp.st == VS_TCP_S_ESTABLISHED);
	/* the client's FIN now is one of two */
	step(&cp, IPPROTO_TCP, VS_TCP_FIN, VS_DIR_IN, vn);
	CHECK(change.state == VS_TCP_S_CLOSE_WAIT);

	cp.st = VS_TCP_S_ESTABLISHED | VS_ST_NOOUTPUT;
	step(&cp, IPPROTO_TCP, VS_TCP_FIN, VS_DIR_IN, vn);
	CHECK(change.state == VS_TCP_S_FIN_WAIT && !change.clear);
}

static void changed_timeouts_apply(void)
{
	struct vs_net *vn = net_with_defaults();
	struct vs_conn cp = {
		.st = VS_TCP_S_ESTABLISHED, .timeout = 900 * HZ,
	};

	vn->proto.tcp_timeout[VS_TCP_S_ESTABLISHED] = 7 * HZ;
	step(&cp, IPPROTO_TCP, VS_TCP_ACK, VS_DIR_IN, vn);
	CHECK(change.calls == 1 && cp.timeout == 7 * HZ);
	step(&cp, IPPROTO_TCP, VS_TCP_ACK, VS_DIR_IN, vn);
	CHECK(change.calls == 1);
}

static void template_is_assured(void)
{
	struct vs_net *vn = net_with_defaults();
	struct vs_conn ct = { .st = VS_ST_TEMPLATE };
	struct vs_conn cp = {
		.control = &ct, .timeout = 3 * HZ, .st = VS_ST_CONTROLLED,
	};

	CHECK(!strcmp(vs_proto_state_name(IPPROTO_TCP, &ct), "NONE"));
	step(&cp, IPPROTO_TCP, VS_TCP_SYN, VS_DIR_IN, vn);
	CHECK(ct.st == VS_ST_TEMPLATE);
	step(&cp, IPPROTO_TCP, VS_TCP_ACK, VS_DIR_IN, vn);
	CHECK(!strcmp(vs_proto_state_name(IPPROTO_TCP, &ct), "ASSURED"));

	ct.st = VS_ST_TEMPLATE;
	cp.st = VS_ST_CONTROLLED;
	step(&cp, IPPROTO_UDP, 0, VS_DIR_IN, vn);
	CHECK(ct.st == VS_ST_TEMPLATE);
	step(&cp, IPPROTO_UDP, 0, VS_DIR_OUT, vn);
	CHECK(ct.st == (VS_ST_TEMPLATE | VS_TMPL_ASSURED));
}

static void later_fragment_changes_nothing(void)
{
	struct vs_net *vn = net_with_defaults();
	struct vs_conn cp = { .st = VS_TCP_S_ESTABLISHED };
	struct vs_pkt p = {
		.vn = vn, .proto = IPPROTO_TCP, .frag = true, .nonfirst_frag = true,
	};

	vs_proto_state(&cp, &p, VS_DIR_IN);
	CHECK(!change.calls);
}

/* An association from INIT to SHUTDOWN COMPLETE, as a NAT director sees it, and
 * as one sees it that the replies bypass. */
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
	{ "proto_template_is_assured", template_is_assured },
	{ "proto_sctp_association", sctp_association },
	{ "proto_later_fragment_changes_nothing", later_fragment_changes_nothing },
	{}
};
