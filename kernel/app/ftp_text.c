// SPDX-License-Identifier: GPL-2.0
/*
 * Parser of the commands and replies on an FTP control connection (RFC 959, RFC
 * 2428) that negotiate data connections. The text is untrusted: nothing is read
 * beyond its end, and whatever deviates from the syntax is ignored.
 */
#include <linux/ctype.h>
#include <linux/inet.h>
#include <linux/string.h>
#include <net/tcp.h>

#include "app/ftp_text.h"

/* The text that remains to be parsed. The text_*() functions never read at
 * @end. */
struct text {
	const char *at;
	const char *end;
};

static void line_begin(struct ftp_line *l, u32 seq)
{
	l->start = seq;
	l->len = 0;
	l->skip = false;
}

static bool line_end(struct ftp_line *l, ftp_line_fn fn, void *arg)
{
	if (l->len && l->text[l->len - 1] == '\r')
		l->len--;
	if (!l->skip && !fn(arg, l->text, l->len, l->start, true))
		return false;
	line_begin(l, l->next);
	return true;
}

/* Undoes the reading of a line from @next on, when it had @len bytes. */
static bool line_rewind(struct ftp_line *l, u32 next, u8 len)
{
	l->next = next;
	l->len = len;
	return false;
}

static bool line_read(struct ftp_line *l, const char *data, unsigned int len,
		      ftp_line_fn fn, void *arg)
{
	u32 from = l->next;
	u8 had = l->len;

	while (len--) {
		char c = *data++;

		l->next++;
		if (c != '\n') {
			if (l->len < FTP_LINE_MAX)
				l->text[l->len++] = c;
			continue;
		}
		if (!line_end(l, fn, arg))
			return line_rewind(l, from, had);
		from = l->next;
		had = 0;
	}
	if (l->len && !l->skip && !fn(arg, l->text, l->len, l->start, false))
		return line_rewind(l, from, had);
	return true;
}

void vs_ftp_begin(struct ftp_line *l, u32 seq)
{
	l->began = true;
	l->next = seq;
	line_begin(l, seq);
}

/* The bytes from @l->next to @seq are missing. If some were missing already,
 * @l->hole also covers what was received in between. */
static void line_note_hole(struct ftp_line *l, u32 seq)
{
	if (l->hole == l->hole_end)
		l->hole = l->next;
	l->hole_end = seq;
}

/* Whether a segment has bytes that were missing. */
static bool line_fill_hole(struct ftp_line *l, u32 seq, unsigned int len)
{
	u32 end = seq + len;

	if (!before(seq, l->hole_end) || !after(end, l->hole))
		return false;
	if (!after(seq, l->hole))
		l->hole = before(end, l->hole_end) ? end : l->hole_end;
	return true;
}

bool vs_ftp_read(struct ftp_line *l, u32 seq, const char *data,
		 unsigned int len, bool strict, ftp_line_fn fn, void *arg)
{
	bool gap = l->began && after(seq, l->next);
	struct ftp_line alone;
	u32 old;

	if (gap)
		line_note_hole(l, seq);
	if (!l->began || gap) {
		vs_ftp_begin(l, seq);
		l->skip = strict;
	}
	old = l->next - seq;
	if (old < len)
		return line_read(l, data + old, len - old, fn, arg);
	if (strict || !line_fill_hole(l, seq, len))
		return true;
	vs_ftp_begin(&alone, seq);
	return line_read(&alone, data, len, fn, arg);
}

static bool text_eat(struct text *t, char c)
{
	if (t->at == t->end || *t->at != c)
		return false;
	t->at++;
	return true;
}

static bool text_eat_word(struct text *t, const char *word)
{
	size_t len = strlen(word);

	if (t->end - t->at < len || strncasecmp(t->at, word, len))
		return false;
	t->at += len;
	return true;
}

static bool text_at_digit(const struct text *t)
{
	return t->at < t->end && isdigit(*t->at);
}

static bool text_eat_number(struct text *t, u32 max, u32 *n)
{
	if (!text_at_digit(t))
		return false;
	for (*n = 0; text_at_digit(t); t->at++) {
		*n = *n * 10 + (*t->at - '0');
		if (*n > max)
			return false;
	}
	return true;
}

static bool text_eat_spaces(struct text *t)
{
	if (!text_eat(t, ' '))
		return false;
	while (text_eat(t, ' '))
		;
	return true;
}

/* RFC 959, host-port: h1,h2,h3,h4,p1,p2 */
static bool text_eat_hostport(struct text *t, struct ftp_end *e)
{
	u8 b[6];
	u32 n;

	for (int i = 0; i < 6; i++) {
		if ((i && !text_eat(t, ',')) || !text_eat_number(t, 255, &n))
			return false;
		b[i] = n;
	}
	e->addr = (union nf_inet_addr){};
	memcpy(&e->addr.ip, b, 4);
	memcpy(&e->port, b + 4, 2);
	return e->port;
}

/* An address, which ends at the delimiter @d. */
static bool text_eat_addr(struct text *t, char d, u8 af,
			  union nf_inet_addr *addr)
{
	char buf[INET6_ADDRSTRLEN];
	unsigned int n = 0;

	while (t->at < t->end && *t->at != d) {
		if (n == sizeof(buf) - 1)
			return false;
		buf[n++] = *t->at++;
	}
	buf[n] = '\0';
	*addr = (union nf_inet_addr){};
	if (af == AF_INET6)
		return in6_pton(buf, n, addr->in6.s6_addr, -1, NULL) > 0;
	return in4_pton(buf, n, (u8 *)&addr->ip, -1, NULL) > 0;
}

/* RFC 2428: |protocol|address|port| with any delimiter. @bare: |||port| is
 * accepted, too. */
static bool text_eat_extended(struct text *t, u8 af, bool bare,
			      struct ftp_end *e)
{
	u32 port;
	char d;

	if (t->at == t->end || *t->at < 33 || *t->at > 126)
		return false;
	d = *t->at++;
	if (text_eat(t, d)) {
		if (!bare || !text_eat(t, d))
			return false;
	} else if (!text_eat(t, af == AF_INET6 ? '2' : '1') || !text_eat(t, d) ||
		   !text_eat_addr(t, d, af, &e->addr) || !text_eat(t, d)) {
		return false;
	}
	if (!text_eat_number(t, 65535, &port) || !port || !text_eat(t, d))
		return false;
	e->port = htons(port);
	return true;
}

/* The argument of EPSV: none, or the protocol number of family @af. */
static bool text_is_epsv_arg(struct text *t, u8 af)
{
	if (t->at == t->end)
		return true;
	return text_eat(t, ' ') && text_eat(t, af == AF_INET6 ? '2' : '1') &&
	       t->at == t->end;
}

enum ftp_verb vs_ftp_command(const char *line, unsigned int len, u8 af,
			     struct ftp_end *end)
{
	struct text t = { line, line + len };

	/* Telnet's IP and Synch (RFC 959) may precede a command. */
	while (t.at < t.end && *t.at & 0x80)
		t.at++;
	if (af == AF_INET && text_eat_word(&t, "PASV"))
		return t.at == t.end ? FTP_PASV : FTP_OTHER;
	if (text_eat_word(&t, "EPSV"))
		return text_is_epsv_arg(&t, af) ? FTP_EPSV : FTP_OTHER;
	if (af == AF_INET && text_eat_word(&t, "PORT"))
		return text_eat_spaces(&t) && text_eat_hostport(&t, end) ? FTP_PORT :
							    FTP_OTHER;
	if (text_eat_word(&t, "EPRT"))
		return text_eat_spaces(&t) && text_eat_extended(&t, af, false, end) ?
		       FTP_EPRT : FTP_OTHER;
	return FTP_OTHER;
}

/* RFC 1123, 4.1.2.6: the host-port begins with the first digit; servers differ
 * in the use of parentheses. */
static bool text_seek_hostport(struct text *t)
{
	while (t->at < t->end && *t->at != '(' && !isdigit(*t->at))
		t->at++;
	while (text_eat(t, '('))
		;
	return t->at < t->end;
}

static bool text_seek_extended(struct text *t)
{
	while (t->at < t->end && *t->at != '(')
		t->at++;
	while (text_eat(t, '('))
		;
	return t->at < t->end;
}

bool vs_ftp_reply_continues(u16 *code, const char *line, unsigned int len)
{
	struct text t = { line, line + len };
	u32 n;

	if (len > 3 && text_eat_number(&t, 999, &n) && t.at == line + 3) {
		if (!*code && *t.at == '-')
			*code = n;
		else if (*code == n && *t.at == ' ')
			*code = 0;
	}
	return *code;
}

unsigned int vs_ftp_reply_class(const char *line, unsigned int len)
{
	struct text t = { line, line + len };
	u32 n;

	if (!text_eat_number(&t, 599, &n) || t.at != line + 3 || n < 100 ||
	    (t.at < t.end && *t.at != ' '))
		return 0;
	return n / 100;
}

enum ftp_verb vs_ftp_reply(const char *line, unsigned int len, u8 af,
			   bool whole, struct ftp_passive *r)
{
	struct text t = { line, line + len };
	enum ftp_verb verb = FTP_OTHER;
	struct ftp_end end;
	bool complete;

	if (af == AF_INET && text_eat_word(&t, "227 "))
		verb = FTP_PASV;
	else if (text_eat_word(&t, "229 "))
		verb = FTP_EPSV;
	if (verb == FTP_OTHER ||
	    !(verb == FTP_PASV ? text_seek_hostport(&t) : text_seek_extended(&t)))
		return FTP_OTHER;
	r->from = t.at - line;
	complete = verb == FTP_PASV ? text_eat_hostport(&t, &end) :
				      text_eat_extended(&t, af, true, &end);
	/* without a delimiter the number may have more digits */
	r->partial = !whole && t.at == t.end &&
		     !(complete && verb == FTP_EPSV);
	if (!complete && !r->partial)
		return FTP_OTHER;
	r->to = t.at - line;
	r->port = r->partial ? 0 : end.port;
	return verb;
}
