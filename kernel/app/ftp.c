// SPDX-License-Identifier: GPL-2.0
/*
 * FTP over NAT: data connections, announced on the control connection, go to
 * the real server that the session is with.
 *
 * Passive (PASV, EPSV): the real server says where it listens; the client is
 * told the virtual address instead, and connects from any port. Active (PORT,
 * EPRT): the client says where it listens; the real server connects from the
 * port before its own, 20, which becomes the port before the virtual one.
 */
#include <linux/module.h>
#include <linux/random.h>

#include "app/ftp_text.h"
#include "conn/app.h"

#define VPORT_TRIES	8
#define FIRST_PORT	1024	/* no data connection leads to a service */

static unsigned short ports[VS_APP_PORTS] = { 21 };
static unsigned int ports_n = 1;
module_param_array(ports, ushort, &ports_n, 0444);
MODULE_PARM_DESC(ports, "ports of FTP control connections (up to 8, default 21)");

/* What is kept of a session. @wanted: answers that the client waits for;
 * @active: where it listens, to be announced; @several: code of the reply of
 * several lines that is being received. */
struct ftp {
	struct ftp_line request;
	struct ftp_line reply;
	struct ftp_end active;
	bool is_active;
	u8 wanted;
	u16 several;
};

static struct ftp *session(const struct vs_app_segment *t)
{
	return (struct ftp *)t->s->priv;
}

static void announced(struct vs_app_segment *t, int err)
{
	if (err == -ENOMEM)
		t->failed = true;
}

static __be16 port_before(__be16 port)
{
	return htons(ntohs(port) - 1);
}

static void read_command(void *arg, const char *line, unsigned int len,
			 u32 seq, bool whole)
{
	struct vs_app_segment *t = arg;
	struct ftp_end end;

	if (!whole)
		return;
	switch (vs_ftp_command(line, len, t->cp->af, &end)) {
	case FTP_PASV:
		session(t)->wanted |= FTP_PASV;
		break;
	case FTP_EPSV:
		session(t)->wanted |= FTP_EPSV;
		break;
	case FTP_PORT:
	case FTP_EPRT:
		session(t)->wanted = 0;
		session(t)->active = end;
		session(t)->is_active = true;
		break;
	default:
		break;
	}
}

/* Only the last of a segment's commands: thousands fit in a large one. */
static void announce_active(struct vs_app_segment *t)
{
	struct ftp *s = session(t);
	struct vs_expect_conf d = {
		.client = &s->active.addr,
		.cport = s->active.port,
		.vport = port_before(t->cp->vport),
		.dport = port_before(t->cp->dport),
	};

	s->is_active = false;
	announced(t, vs_expect_new(t, &d));
}

/* The same port at the virtual address, if the client has no connection there
 * already, to another real server. */
static int announce_passive(struct vs_app_segment *t, __be16 port, __be16 *vport)
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

static unsigned int print_passive(const struct vs_conn *cp, enum ftp_verb verb,
				  __be16 port, char *text, unsigned int size)
{
	const u8 *a = vs_conn_addr(cp, VS_VADDR);

	if (verb == FTP_EPSV)
		return scnprintf(text, size, "|||%u|", ntohs(port));
	return scnprintf(text, size, "%u,%u,%u,%u,%u,%u", a[0], a[1], a[2],
			 a[3], ntohs(port) >> 8, ntohs(port) & 0xff);
}

/* In a reply of several lines there may be any text. An error does not end the
 * waiting: clients that send many commands at once get those of others first. */
static void read_reply(void *arg, const char *line, unsigned int len, u32 seq,
		       bool whole)
{
	struct vs_app_segment *t = arg;
	struct ftp_passive r;
	enum ftp_verb verb;
	char text[VS_EDIT_TEXT];
	__be16 vport;
	int err;

	if (whole ? vs_ftp_goes_on(&session(t)->several, line, len) :
		    session(t)->several)
		return;
	if (!session(t)->wanted)
		return;
	verb = vs_ftp_reply(line, len, t->cp->af, whole, &r);
	if (!(session(t)->wanted & verb) || ntohs(r.port) < FIRST_PORT)
		return;
	err = announce_passive(t, r.port, &vport);
	announced(t, err);
	if (err)
		return;
	session(t)->wanted &= ~verb;
	len = print_passive(t->cp, verb, vport, text, sizeof(text));
	if (len != r.to - r.from || memcmp(text, line + r.from, len))
		vs_app_replace(t, seq + r.from, seq + r.to, text, len);
}

static void ftp_in(struct vs_app_segment *t)
{
	vs_ftp_read(&session(t)->request, t->seq, t->data, t->len, false,
		    read_command, t);
	if (session(t)->is_active)
		announce_active(t);
}

static void ftp_out(struct vs_app_segment *t)
{
	vs_ftp_read(&session(t)->reply, t->seq, t->data, t->len, true,
		    read_reply, t);
}

static const struct vs_app ftp = {
	.name = "ftp",
	.owner = THIS_MODULE,
	.size = sizeof(struct ftp),
	.in = ftp_in,
	.out = ftp_out,
};

static int __init ftp_init(void)
{
	return vs_app_register(&ftp, ports, ports_n);
}

static void __exit ftp_exit(void)
{
	vs_app_unregister(&ftp);
}

module_init(ftp_init);
module_exit(ftp_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Weir: FTP over NAT");
MODULE_VERSION("1.2.1");
