// SPDX-License-Identifier: GPL-2.0
/*
 * What is said on an FTP control connection (RFC 959, RFC 2428), as far as it
 * is about data connections. Text comes from anybody: nothing is read beyond
 * its end, and what is not exactly as it should be is no command.
 */
#include <linux/ctype.h>
#include <linux/inet.h>
#include <linux/string.h>
#include <net/tcp.h>

#include "app/ftp_text.h"

/* A text that is being read; all of these end before @end. */
struct text {
	const char *at;
	const char *end;
};

static void begin_line(struct ftp_line *l, u32 seq)
{
	l->start = seq;
	l->len = 0;
	l->skip = false;
}

static void end_line(struct ftp_line *l, ftp_line_fn fn, void *arg)
{
	if (l->len && l->text[l->len - 1] == '\r')
		l->len--;
	if (!l->skip)
		fn(arg, l->text, l->len, l->start, true);
	begin_line(l, l->next);
}

static void read_on(struct ftp_line *l, const char *data, unsigned int len,
		    ftp_line_fn fn, void *arg)
{
	while (len--) {
		char c = *data++;

		l->next++;
		if (c == '\n')
			end_line(l, fn, arg);
		else if (l->len < FTP_LINE_MAX)
			l->text[l->len++] = c;
	}
	if (l->len && !l->skip)
		fn(arg, l->text, l->len, l->start, false);
}

static void begin_at(struct ftp_line *l, u32 seq)
{
	l->began = true;
	l->next = seq;
	begin_line(l, seq);
}

void vs_ftp_read(struct ftp_line *l, u32 seq, const char *data,
		 unsigned int len, bool strict, ftp_line_fn fn, void *arg)
{
	bool gap = l->began && after(seq, l->next);
	struct ftp_line alone;
	u32 old;

	if (!l->began || gap)
		begin_at(l, seq);
	if (gap)
		l->skip = strict;
	old = l->next - seq;
	if (old < len) {
		read_on(l, data + old, len - old, fn, arg);
	} else if (len && !strict) {	/* again, or late */
		begin_at(&alone, seq);
		read_on(&alone, data, len, fn, arg);
	}
}

static bool eat(struct text *t, char c)
{
	if (t->at == t->end || *t->at != c)
		return false;
	t->at++;
	return true;
}

static bool eat_word(struct text *t, const char *word)
{
	size_t len = strlen(word);

	if (t->end - t->at < len || strncasecmp(t->at, word, len))
		return false;
	t->at += len;
	return true;
}

static bool at_digit(const struct text *t)
{
	return t->at < t->end && isdigit(*t->at);
}

static bool eat_number(struct text *t, u32 max, u32 *n)
{
	if (!at_digit(t))
		return false;
	for (*n = 0; at_digit(t); t->at++) {
		*n = *n * 10 + (*t->at - '0');
		if (*n > max)
			return false;
	}
	return true;
}

static bool eat_spaces(struct text *t)
{
	if (!eat(t, ' '))
		return false;
	while (eat(t, ' '))
		;
	return true;
}

/* h1,h2,h3,h4,p1,p2 */
static bool eat_six(struct text *t, struct ftp_end *e)
{
	u8 b[6];
	u32 n;

	for (int i = 0; i < 6; i++) {
		if ((i && !eat(t, ',')) || !eat_number(t, 255, &n))
			return false;
		b[i] = n;
	}
	e->addr = (union nf_inet_addr){};
	memcpy(&e->addr.ip, b, 4);
	memcpy(&e->port, b + 4, 2);
	return e->port;
}

/* An address up to the delimiter @d. */
static bool eat_addr(struct text *t, char d, u8 af, union nf_inet_addr *addr)
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

/* |protocol|address|port| with any delimiter; @bare: |||port| will do. */
static bool eat_extended(struct text *t, u8 af, bool bare, struct ftp_end *e)
{
	u32 port;
	char d;

	if (t->at == t->end || *t->at < 33 || *t->at > 126)
		return false;
	d = *t->at++;
	if (eat(t, d)) {
		if (!bare || !eat(t, d))
			return false;
	} else if (!eat(t, af == AF_INET6 ? '2' : '1') || !eat(t, d) ||
		   !eat_addr(t, d, af, &e->addr) || !eat(t, d)) {
		return false;
	}
	if (!eat_number(t, 65535, &port) || !port || !eat(t, d))
		return false;
	e->port = htons(port);
	return true;
}

/* "EPSV", or with the family that the connection has. */
static bool is_epsv(struct text *t, u8 af)
{
	if (t->at == t->end)
		return true;
	return eat(t, ' ') && eat(t, af == AF_INET6 ? '2' : '1') &&
	       t->at == t->end;
}

enum ftp_verb vs_ftp_command(const char *line, unsigned int len, u8 af,
			     struct ftp_end *end)
{
	struct text t = { line, line + len };

	/* what Telnet puts in front of an urgent command */
	while (t.at < t.end && *t.at & 0x80)
		t.at++;
	if (af == AF_INET && eat_word(&t, "PASV"))
		return t.at == t.end ? FTP_PASV : FTP_OTHER;
	if (eat_word(&t, "EPSV"))
		return is_epsv(&t, af) ? FTP_EPSV : FTP_OTHER;
	if (af == AF_INET && eat_word(&t, "PORT"))
		return eat_spaces(&t) && eat_six(&t, end) ? FTP_PORT :
							    FTP_OTHER;
	if (eat_word(&t, "EPRT"))
		return eat_spaces(&t) && eat_extended(&t, af, false, end) ?
		       FTP_EPRT : FTP_OTHER;
	return FTP_OTHER;
}

/* The first number, or what is in parentheses. */
static bool seek_six(struct text *t)
{
	while (t->at < t->end && *t->at != '(' && !isdigit(*t->at))
		t->at++;
	while (eat(t, '('))
		;
	return t->at < t->end;
}

static bool seek_extended(struct text *t)
{
	while (t->at < t->end && *t->at != '(')
		t->at++;
	while (eat(t, '('))
		;
	return t->at < t->end;
}

bool vs_ftp_goes_on(u16 *code, const char *line, unsigned int len)
{
	struct text t = { line, line + len };
	u32 n;

	if (len > 3 && eat_number(&t, 999, &n) && t.at == line + 3) {
		if (!*code && *t.at == '-')
			*code = n;
		else if (*code == n && *t.at == ' ')
			*code = 0;
	}
	return *code;
}

enum ftp_verb vs_ftp_reply(const char *line, unsigned int len, u8 af,
			   bool whole, struct ftp_passive *r)
{
	struct text t = { line, line + len };
	enum ftp_verb verb = FTP_OTHER;
	struct ftp_end end;

	if (af == AF_INET && eat_word(&t, "227 "))
		verb = FTP_PASV;
	else if (eat_word(&t, "229 "))
		verb = FTP_EPSV;
	if (verb == FTP_OTHER ||
	    !(verb == FTP_PASV ? seek_six(&t) : seek_extended(&t)))
		return FTP_OTHER;
	r->from = t.at - line;
	if (!(verb == FTP_PASV ? eat_six(&t, &end) :
				 eat_extended(&t, af, true, &end)))
		return FTP_OTHER;
	/* a number may go on */
	if (verb == FTP_PASV && !whole && t.at == t.end)
		return FTP_OTHER;
	r->to = t.at - line;
	r->port = end.port;
	return verb;
}
