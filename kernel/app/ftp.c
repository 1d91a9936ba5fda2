// SPDX-License-Identifier: GPL-2.0
/*
 * FTP over NAT: data connections, negotiated on the control connection, go to
 * the real server of the session.
 *
 * Passive (PASV, EPSV): the real server's reply names the address and port on
 * which it listens. The reply is edited to name the virtual address, to which
 * the client connects from any port. Active (PORT, EPRT): the client's command
 * names the address and port on which it listens. The real server connects from
 * the port before its control port (20), which is translated to the port before
 * the virtual one.
 */
#include <linux/module.h>
#include <linux/random.h>

#include "app/ftp_text.h"
#include "conn/app.h"
#include "conn/conn.h"
#include "conn/expect.h"

#define VPORT_TRIES	8
#define FIRST_PORT	1024	/* keeps data connections off services */

static unsigned short ports[VS_APP_PORTS] = { 21 };
static unsigned int ports_n = 1;
module_param_array(ports, ushort, &ports_n, 0444);
MODULE_PARM_DESC(ports, "virtual ports of FTP control connections (up to 8, default 21)");

/**
 * struct ftp_session - state of an FTP session
 * @request:	line that is being received from the client
 * @reply:	line that is being received from the real server
 * @active:	where the client listens
 * @is_active:	@active was set by the present segment
 * @pending:	FTP_PASV, FTP_EPSV: requests that were not answered yet
 * @multiline:	code of the multi-line reply that is being received, or 0
 */
struct ftp_session {
	struct ftp_line request;
	struct ftp_line reply;
	struct ftp_end active;
	bool is_active;
	u8 pending;
	u16 multiline;
};

static struct ftp_session *ftp_session(const struct vs_app_segment *t)
{
	return (struct ftp_session *)t->s->priv;
}

/* Other errors are final: the data connection will fail. */
static void ftp_note_error(struct vs_app_segment *t, int err)
{
	if (err == -ENOMEM)
		t->failed = true;
}

static __be16 ftp_port_before(__be16 port)
{
	return htons(ntohs(port) - 1);
}

static void ftp_read_command(void *arg, const char *line, unsigned int len,
			     u32 seq, bool whole)
{
	struct vs_app_segment *t = arg;
	struct ftp_end end;

	if (!whole)
		return;
	switch (vs_ftp_command(line, len, t->cp->af, &end)) {
	case FTP_PASV:
		ftp_session(t)->pending |= FTP_PASV;
		break;
	case FTP_EPSV:
		ftp_session(t)->pending |= FTP_EPSV;
		break;
	case FTP_PORT:
	case FTP_EPRT:
		ftp_session(t)->pending = 0;
		ftp_session(t)->active = end;
		ftp_session(t)->is_active = true;
		break;
	default:
		break;
	}
}

/* Called once per segment, for its last command: a large segment may hold
 * thousands of commands, and the client has given up all others. */
static void ftp_expect_active(struct vs_app_segment *t)
{
	struct ftp_session *s = ftp_session(t);
	struct vs_expect_conf d = {
		.client = &s->active.addr,
		.cport = s->active.port,
		.vport = ftp_port_before(t->cp->vport),
		.dport = ftp_port_before(t->cp->dport),
	};

	s->is_active = false;
	ftp_note_error(t, vs_expect_new(t, &d));
}

/* The virtual port is the real server's own @port, or a random port if the
 * client has a connection to another real server at @port. */
static int ftp_expect_passive(struct vs_app_segment *t, __be16 port,
			      __be16 *vport)
{
	struct vs_expect_conf d = {
		.client = vs_conn_addr(t->cp, VS_CADDR),
		.vport = port,
		.dport = port,
	};
	int err;

	for (int i = 0; i < VPORT_TRIES; i++) {
		err = vs_expect_new(t, &d);
		if (err != -EEXIST)
			break;
		d.vport = htons(32768 + (get_random_u32() & 0x7fff));
	}
	*vport = d.vport;
	return err;
}

static unsigned int ftp_print_passive(const struct vs_conn *cp,
				      enum ftp_verb verb, __be16 port,
				      char *text, unsigned int size)
{
	const u8 *a = vs_conn_addr(cp, VS_VADDR);

	if (verb == FTP_EPSV)
		return scnprintf(text, size, "|||%u|", ntohs(port));
	return scnprintf(text, size, "%u,%u,%u,%u,%u,%u", a[0], a[1], a[2],
			 a[3], ntohs(port) >> 8, ntohs(port) & 0xff);
}

/* Multi-line replies are skipped, as their text is arbitrary. A request remains
 * pending after an error reply, which may belong to another request: clients
 * may send several commands without waiting. */
static void ftp_read_reply(void *arg, const char *line, unsigned int len,
			   u32 seq, bool whole)
{
	struct vs_app_segment *t = arg;
	struct ftp_passive r;
	enum ftp_verb verb;
	char text[VS_EDIT_TEXT];
	__be16 vport;
	int err;

	if (whole ? vs_ftp_reply_continues(&ftp_session(t)->multiline, line, len) :
		    ftp_session(t)->multiline)
		return;
	if (!ftp_session(t)->pending)
		return;
	verb = vs_ftp_reply(line, len, t->cp->af, whole, &r);
	if (!(ftp_session(t)->pending & verb) || ntohs(r.port) < FIRST_PORT)
		return;
	err = ftp_expect_passive(t, r.port, &vport);
	ftp_note_error(t, err);
	if (err)
		return;
	ftp_session(t)->pending &= ~verb;
	len = ftp_print_passive(t->cp, verb, vport, text, sizeof(text));
	if (len != r.to - r.from || memcmp(text, line + r.from, len))
		vs_seqmap_add(&t->s->out, seq + r.from, seq + r.to, text, len);
}

static void ftp_in(struct vs_app_segment *t)
{
	vs_ftp_read(&ftp_session(t)->request, t->seq, t->data, t->len, false,
		    ftp_read_command, t);
	if (ftp_session(t)->is_active)
		ftp_expect_active(t);
}

static void ftp_out(struct vs_app_segment *t)
{
	vs_ftp_read(&ftp_session(t)->reply, t->seq, t->data, t->len, true,
		    ftp_read_reply, t);
}

static const struct vs_app ftp_app = {
	.name = "ftp",
	.owner = THIS_MODULE,
	.size = sizeof(struct ftp_session),
	.in = ftp_in,
	.out = ftp_out,
};

static int __init ftp_init(void)
{
	return vs_app_register(&ftp_app, ports, ports_n);
}

static void __exit ftp_exit(void)
{
	vs_app_unregister(&ftp_app);
}

module_init(ftp_init);
module_exit(ftp_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Weir: FTP over NAT");
MODULE_VERSION("1.2.1");
