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
#include <net/tcp.h>

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
 * @is_active:	a connection to @active has to be expected
 * @greeted:	the server's greeting was received, which answers no command
 * @pending:	FTP_PASV, FTP_EPSV: requests that were not answered yet
 * @unanswered:	number of commands that were not answered yet, or more
 * @multiline:	code of the multi-line reply that is being received, or 0
 */
struct ftp_session {
	struct ftp_line request;
	struct ftp_line reply;
	struct ftp_end active;
	bool is_active;
	bool greeted;
	u8 pending;
	u16 unanswered;
	u16 multiline;
};

static struct ftp_session *ftp_session(const struct vs_app_segment *t)
{
	return (struct ftp_session *)t->s->priv;
}

static __be16 ftp_port_before(__be16 port)
{
	return htons(ntohs(port) - 1);
}

static bool ftp_read_command(void *arg, const char *line, unsigned int len,
			     u32 seq, bool whole)
{
	struct vs_app_segment *t = arg;
	struct ftp_end end;

	if (!whole)
		return true;
	if (ftp_session(t)->unanswered < U16_MAX)
		ftp_session(t)->unanswered++;
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
	return true;
}

/* Called once per segment, for its last command: a large segment may hold
 * thousands of commands, and the client has given up all others. Without
 * memory, the segment has to come again, and is then tried again. Other
 * errors are final: the data connection will fail. */
static void ftp_expect_active(struct vs_app_segment *t)
{
	struct ftp_session *s = ftp_session(t);
	struct vs_expect_conf d = {
		.client = &s->active.addr,
		.cport = s->active.port,
		.vport = ftp_port_before(t->cp->vport),
		.dport = ftp_port_before(t->cp->dport),
	};

	if (vs_expect_new(t, &d) == -ENOMEM)
		t->drop = VS_DROP_NO_MEMORY;
	else
		s->is_active = false;
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

/* A negative reply to the only command that waits for one ends the waiting.
 * Clients may send several commands at once: after a negative reply to another
 * one the request is still pending. */
static void ftp_count_reply(struct ftp_session *s, unsigned int class)
{
	if (class < 2)		/* preliminary, or no reply at all */
		return;
	if (!s->greeted)
		s->greeted = true;
	else if (s->unanswered)
		s->unanswered--;
	if (class >= 4 && !s->unanswered)
		s->pending = 0;
}

/* Holds an address back that the next segment may continue. */
static bool ftp_hold(struct vs_app_segment *t, u32 start, u32 end, char prev)
{
	return end - start < VS_EDIT_TEXT &&
	       vs_seqmap_hold(&t->s->out, start, end, prev);
}

/* Replaces what was held, if anything was, by @text of @len bytes. An edit needs
 * a byte that was not received before, so it includes the next one. */
static void ftp_edit_held(struct vs_app_segment *t, const char *text,
			  unsigned int len)
{
	const struct vs_edit *held = vs_seqmap_held(&t->s->out);
	char with[VS_EDIT_TEXT];

	if (!held || len >= sizeof(with))
		return;
	memcpy(with, text, len);
	with[len] = t->data[held->end - t->seq];
	vs_seqmap_add(&t->s->out, held->start, held->end + 1, held->prev, with,
		      len + 1);
}

/* What was held of the line @line at @seq is no address: forward it. */
static void ftp_release(struct vs_app_segment *t, const char *line, u32 seq)
{
	const struct vs_edit *held = vs_seqmap_held(&t->s->out);

	if (held)
		ftp_edit_held(t, line + (held->start - seq),
			      held->end - held->start);
}

static void ftp_edit(struct vs_app_segment *t, const char *line, u32 seq,
		     const struct ftp_passive *r, enum ftp_verb verb,
		     __be16 vport)
{
	const struct vs_edit *held = vs_seqmap_held(&t->s->out);
	char text[VS_EDIT_TEXT];
	unsigned int len;

	len = ftp_print_passive(t->cp, verb, vport, text, sizeof(text));
	if (held && !after(seq + r->to, held->end))
		ftp_edit_held(t, text, len);
	else if (held || len != r->to - r->from ||
		 memcmp(text, line + r->from, len))
		vs_seqmap_add(&t->s->out, seq + r->from, seq + r->to,
			      line[r->from - 1], text, len);
}

/* Handles a line if it is an awaited reply to PASV or EPSV, or may become one.
 * Returns -ENOMEM if the segment has to come again, and another error if the
 * line has to be forwarded as it is. */
static int ftp_read_passive(struct vs_app_segment *t, const char *line,
			    unsigned int len, u32 seq, bool whole)
{
	struct ftp_session *s = ftp_session(t);
	struct ftp_passive r;
	enum ftp_verb verb;
	__be16 vport;
	int err;

	if (!s->pending)
		return -ENOENT;
	verb = vs_ftp_reply(line, len, t->cp->af, whole, &r);
	if (!(s->pending & verb))
		return -ENOENT;
	if (r.partial)
		return len < FTP_LINE_MAX &&
		       ftp_hold(t, seq + r.from, seq + len,
				line[r.from - 1]) ? 0 : -EINVAL;
	if (ntohs(r.port) < FIRST_PORT)
		return -EINVAL;
	err = ftp_expect_passive(t, r.port, &vport);
	if (err)
		return err;
	s->pending &= ~verb;
	ftp_edit(t, line, seq, &r, verb, vport);
	return 0;
}

/* Multi-line replies are skipped, as their text is arbitrary. */
static bool ftp_read_reply(void *arg, const char *line, unsigned int len,
			   u32 seq, bool whole)
{
	struct vs_app_segment *t = arg;
	struct ftp_session *s = ftp_session(t);
	int err;

	if (whole ? vs_ftp_reply_continues(&s->multiline, line, len) :
		    s->multiline)
		return true;
	err = ftp_read_passive(t, line, len, seq, whole);
	if (err == -ENOMEM)
		return false;
	if (err)
		ftp_release(t, line, seq);
	if (whole)
		ftp_count_reply(s, vs_ftp_reply_class(line, len));
	return true;
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
	struct ftp_line *l = &ftp_session(t)->reply;

	if (!l->began && t->first)
		vs_ftp_begin(l, t->first);
	/* what is held can only be completed by what follows it */
	if (vs_seqmap_held(&t->s->out) && after(t->seq, l->next))
		t->drop = VS_DROP_APP_ORDER;
	else if (!vs_ftp_read(l, t->seq, t->data, t->len, true, ftp_read_reply,
			      t))
		t->drop = VS_DROP_NO_MEMORY;
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
