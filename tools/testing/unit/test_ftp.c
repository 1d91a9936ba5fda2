// SPDX-License-Identifier: GPL-2.0
/*
 * kernel/app/ftp_text.c: parsing of commands and replies, however they are
 * segmented. kernel/app/seqmap.c: sequence numbers of an edited stream, however
 * it is segmented and retransmitted. Each text ends where its heap block does,
 * so that the address sanitizer sees reads beyond its end.
 */
#include "app/ftp_text.h"
#include "app/seqmap.h"
#include "unit.h"

static unsigned int lesser(unsigned int a, unsigned int b)
{
	return min(a, b);
}

/* A copy of @text in a heap block of its size. */
static char *copy_of(const char *text, unsigned int len)
{
	char *copy = malloc(len ? len : 1);

	return memcpy(copy, text, len);
}

static enum ftp_verb command(const char *line, unsigned int len, u8 af,
			     struct ftp_end *end)
{
	char *copy = copy_of(line, len);
	enum ftp_verb verb;

	verb = vs_ftp_command(copy, len, af, end);
	free(copy);
	return verb;
}

static enum ftp_verb reply(const char *line, unsigned int len, u8 af,
			   bool whole, struct ftp_passive *r)
{
	char *copy = copy_of(line, len);
	enum ftp_verb verb;

	memset(r, 0xa5, sizeof(*r));
	verb = vs_ftp_reply(copy, len, af, whole, r);
	free(copy);
	return verb;
}

static const struct {
	const char *line;
	u8 af;
	enum ftp_verb verb;
	u16 port;
	const char *addr;
} commands[] = {
	{ "PASV", AF_INET, FTP_PASV },
	{ "pasv", AF_INET, FTP_PASV },
	{ "\xff\xf4\xff\xf2PASV", AF_INET, FTP_PASV },
	{ "PASV", AF_INET6, FTP_OTHER },
	{ "PASV ", AF_INET, FTP_OTHER },
	{ "XPASV", AF_INET, FTP_OTHER },
	{ "EPSV", AF_INET, FTP_EPSV },
	{ "EPSV", AF_INET6, FTP_EPSV },
	{ "EPSV 1", AF_INET, FTP_EPSV },
	{ "EPSV 2", AF_INET6, FTP_EPSV },
	{ "EPSV 2", AF_INET, FTP_OTHER },
	{ "EPSV ALL", AF_INET, FTP_OTHER },
	{ "EPSV 1x", AF_INET, FTP_OTHER },
	{ "PORT 1,2,3,4,5,6", AF_INET, FTP_PORT, 1286, "1.2.3.4" },
	{ "port   1,2,3,4,5,6", AF_INET, FTP_PORT, 1286, "1.2.3.4" },
	{ "PORT 1,2,3,4,5,6 ", AF_INET, FTP_PORT, 1286, "1.2.3.4" },
	{ "PORT 001,2,3,4,0,9", AF_INET, FTP_PORT, 9, "1.2.3.4" },
	{ "PORT 1,2,3,4,5,6", AF_INET6, FTP_OTHER },
	{ "PORT1,2,3,4,5,6", AF_INET, FTP_OTHER },
	{ "PORT 1,2,3,4,0,0", AF_INET, FTP_OTHER },
	{ "PORT 1,2,3,4,5", AF_INET, FTP_OTHER },
	{ "PORT 1,2,3,4,5,", AF_INET, FTP_OTHER },
	{ "PORT 1,2,3,256,5,6", AF_INET, FTP_OTHER },
	{ "PORT 4294967297,2,3,4,5,6", AF_INET, FTP_OTHER },
	{ "PORT", AF_INET, FTP_OTHER },
	{ "EPRT |1|1.2.3.4|5|", AF_INET, FTP_EPRT, 5, "1.2.3.4" },
	{ "EPRT !1!1.2.3.4!65535!", AF_INET, FTP_EPRT, 65535, "1.2.3.4" },
	{ "EPRT |2|2001:db8::1|5|", AF_INET6, FTP_EPRT, 5, "2001:db8::1" },
	{ "EPRT |2|2001:db8::1|5|", AF_INET, FTP_OTHER },
	{ "EPRT |1|1.2.3.4|5|", AF_INET6, FTP_OTHER },
	{ "EPRT |1|2001:db8::1|5|", AF_INET, FTP_OTHER },
	{ "EPRT |1|1.2.3.4|0|", AF_INET, FTP_OTHER },
	{ "EPRT |1|1.2.3.4|65536|", AF_INET, FTP_OTHER },
	{ "EPRT |1|1.2.3.4|5", AF_INET, FTP_OTHER },
	{ "EPRT |1|1.2.3.4|", AF_INET, FTP_OTHER },
	{ "EPRT |1|1.2.3.4", AF_INET, FTP_OTHER },
	{ "EPRT |1|", AF_INET, FTP_OTHER },
	{ "EPRT |||5|", AF_INET, FTP_OTHER },
	{ "EPRT \t1\t1.2.3.4\t5\t", AF_INET, FTP_OTHER },
	{ "EPRT ", AF_INET, FTP_OTHER },
	{ "", AF_INET, FTP_OTHER },
};

static void ftp_commands(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(commands); i++) {
		struct ftp_end want = {}, end = {};
		enum ftp_verb verb;

		verb = command(commands[i].line, strlen(commands[i].line),
			       commands[i].af, &end);
		if (verb != commands[i].verb)
			FAIL("'%s' is %d", commands[i].line, verb);
		if (!commands[i].port)
			continue;
		CHECK(inet_pton(commands[i].af, commands[i].addr, &want.addr));
		if (memcmp(&want.addr, &end.addr, sizeof(end.addr)) ||
		    end.port != htons(commands[i].port))
			FAIL("'%s': port %u", commands[i].line,
			     ntohs(end.port));
	}
}

static const struct {
	const char *line;
	u8 af;
	bool part;		/* an incomplete line */
	enum ftp_verb verb;
	u16 port;
	const char *what;	/* the text to be edited; partial without a port */
} replies[] = {
	{ "227 Entering Passive Mode (1,2,3,4,5,6).", AF_INET, 0, FTP_PASV, 1286, "1,2,3,4,5,6" },
	{ "227 x ((1,2,3,4,5,6)", AF_INET, 0, FTP_PASV, 1286, "1,2,3,4,5,6" },
	{ "227 =1,2,3,4,5,6", AF_INET, 0, FTP_PASV, 1286, "1,2,3,4,5,6" },
	{ "227 1,2,3,4,5,6", AF_INET, 1, FTP_PASV, 0, "1,2,3,4,5,6" },
	{ "227 (1,2,3,4,0,0", AF_INET, 1, FTP_PASV, 0, "1,2,3,4,0,0" },
	{ "227 (1,", AF_INET, 1, FTP_PASV, 0, "1," },
	{ "227 ok (1", AF_INET, 1, FTP_PASV, 0, "1" },
	{ "227 ok (", AF_INET, 1, FTP_OTHER },
	{ "227 (1,2,3,256", AF_INET, 1, FTP_OTHER },
	{ "227 (1,,", AF_INET, 1, FTP_OTHER },
	{ "227 1 2", AF_INET, 1, FTP_OTHER },
	{ "22", AF_INET, 1, FTP_OTHER },
	{ "227 1,2,3,4,5,6 ", AF_INET, 1, FTP_PASV, 1286, "1,2,3,4,5,6" },
	{ "227 (1,2,3,4,5,6", AF_INET6, 0, FTP_OTHER },
	{ "227-(1,2,3,4,5,6)", AF_INET, 0, FTP_OTHER },
	{ "227 (1,2,3,4,5)", AF_INET, 0, FTP_OTHER },
	{ "227 (1,2,3,4,0,0)", AF_INET, 0, FTP_OTHER },
	{ "227 (", AF_INET, 0, FTP_OTHER },
	{ "227 ", AF_INET, 0, FTP_OTHER },
	{ "229 ok (|||99|)", AF_INET, 0, FTP_EPSV, 99, "|||99|" },
	{ "229 ok (!!!99!)", AF_INET6, 0, FTP_EPSV, 99, "!!!99!" },
	{ "229 (|||99|", AF_INET6, 1, FTP_EPSV, 99, "|||99|" },
	{ "229 (|||99", AF_INET6, 1, FTP_EPSV, 0, "|||99" },
	{ "229 (|", AF_INET, 1, FTP_EPSV, 0, "|" },
	{ "229 (|1|1.2", AF_INET, 1, FTP_EPSV, 0, "|1|1.2" },
	{ "229 (||9", AF_INET, 1, FTP_OTHER },
	{ "229 (|||x", AF_INET, 1, FTP_OTHER },
	{ "229 (|1|1.2.3.4|99|)", AF_INET, 0, FTP_EPSV, 99, "|1|1.2.3.4|99|" },
	{ "229 (|2|1.2.3.4|99|)", AF_INET, 0, FTP_OTHER },
	{ "229 (|||99)", AF_INET, 0, FTP_OTHER },
	{ "229 (||99|)", AF_INET, 0, FTP_OTHER },
	{ "229 (|||0|)", AF_INET, 0, FTP_OTHER },
	{ "229 (|||65536|)", AF_INET, 0, FTP_OTHER },
	{ "229 |||99|", AF_INET, 0, FTP_OTHER },
	{ "229 (", AF_INET, 0, FTP_OTHER },
};

static void ftp_replies(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(replies); i++) {
		const char *line = replies[i].line;
		struct ftp_passive r;
		enum ftp_verb verb;

		verb = reply(line, strlen(line), replies[i].af,
			     !replies[i].part, &r);
		if (verb != replies[i].verb)
			FAIL("'%s' is %d", line, verb);
		if (verb == FTP_OTHER)
			continue;
		if (r.partial != !replies[i].port ||
		    r.port != htons(replies[i].port) ||
		    r.to - r.from != strlen(replies[i].what) ||
		    memcmp(line + r.from, replies[i].what, r.to - r.from))
			FAIL("'%s': port %u at %u to %u", line, ntohs(r.port),
			     r.from, r.to);
	}
}

/* Valid lines with a few bytes changed, or truncated: nothing is read beyond
 * their end. */
static void ftp_mutants(void)
{
	for (int n = 0; n < 200000; n++) {
		bool client = rnd(2);
		unsigned int i = rnd(client ? ARRAY_SIZE(commands) :
					      ARRAY_SIZE(replies));
		const char *line = client ? commands[i].line : replies[i].line;
		u8 af = rnd(2) ? AF_INET : AF_INET6;
		unsigned int len = strlen(line);
		struct ftp_passive r;
		struct ftp_end end;
		char buf[64];

		memcpy(buf, line, len);
		for (int k = rnd(4); k && len; k--)
			buf[rnd(len)] = rnd(3) ? "0123456789,|()! :"[rnd(17)] :
						 rnd(256);
		len = rnd(2) ? len : rnd(len + 1);
		if (client)
			command(buf, len, af, &end);
		else if (reply(buf, len, af, rnd(2), &r) != FTP_OTHER)
			CHECK(!r.port == r.partial && r.from < r.to &&
			      r.to <= len);
	}
}

struct heard {
	char text[4096];
	unsigned int len;
	unsigned int refuses;	/* the n-th call from now on, 0: none */
	bool refused;
};

static bool hear(void *arg, const char *text, unsigned int len, u32 seq,
		 bool whole)
{
	struct heard *h = arg;

	CHECK(len <= FTP_LINE_MAX);
	if (h->refuses && !--h->refuses) {
		h->refused = true;
		return false;
	}
	if (!whole)
		return true;
	CHECK(h->len + len + 1 <= sizeof(h->text));
	memcpy(h->text + h->len, text, len);
	h->text[h->len + len] = '\n';
	h->len += len + 1;
	return true;
}

static void feed(struct ftp_line *l, bool strict, u32 seq, const char *data,
		 unsigned int len, struct heard *h)
{
	char *copy = copy_of(data, len);

	h->refused = false;
	CHECK(vs_ftp_read(l, seq, copy, len, strict, hear, h) == !h->refused);
	free(copy);
}

/* The lines do not depend on the segmentation, nor on segments that are refused
 * and come again; those that are too long are truncated. */
static void ftp_lines(void)
{
	for (int n = 0; n < 3000; n++) {
		struct ftp_line l = {};
		struct heard h = {}, want = {};
		char stream[2048];
		unsigned int len = 0, at = 0;
		u32 seq = rnd(0);

		vs_ftp_begin(&l, seq);
		while (len < 1500) {
			unsigned int size = rnd(8) ? rnd(60) : rnd(400);

			for (unsigned int i = 0; i < size; i++)
				stream[len + i] = 'a' + rnd(26);
			hear(&want, stream + len, lesser(size, FTP_LINE_MAX), 0,
			     true);
			stream[len + size] = '\r';
			stream[len + size + 1] = '\n';
			len += size + 2;
		}
		while (at < len) {
			unsigned int size = lesser(1 + rnd(100), len - at);
			unsigned int back = lesser(rnd(20), at);

			/* retransmits up to @back bytes along with it */
			h.refuses = rnd(3) ? 0 : 1 + rnd(3);
			feed(&l, n & 1, seq + at - back, stream + at - back,
			     size + back, &h);
			if (!h.refused)
				at += size;
		}
		CHECK(h.len == want.len && !memcmp(h.text, want.text, h.len));
	}
}

static void hear_gap(bool strict, const char *want)
{
	struct ftp_line l = {};
	struct heard h = {};

	vs_ftp_begin(&l, 100);
	feed(&l, strict, 100, "one\r\ntw", 7, &h);
	feed(&l, strict, 200, "three\r\nfo", 9, &h);
	feed(&l, strict, 150, "late\r\n", 6, &h);
	feed(&l, strict, 209, "ur\r\n", 4, &h);
	/* retransmissions of what was received */
	feed(&l, strict, 202, "ree\r\n", 5, &h);
	feed(&l, strict, 100, "one\r\n", 5, &h);
	feed(&l, strict, 209, "ur\r\n", 4, &h);
	/* the rest of the gap, from its beginning, and again */
	feed(&l, strict, 107, "o\r\n", 3, &h);
	feed(&l, strict, 107, "o\r\n", 3, &h);
	if (h.len != strlen(want) || memcmp(h.text, want, h.len))
		FAIL("heard '%.*s'", (int)h.len, h.text);
}

/* Segments out of order: read on their own, or (strict) not at all. */
static void ftp_gap(void)
{
	hear_gap(false, "one\nthree\nlate\nfour\no\n");
	hear_gap(true, "one\nfour\n");
}

/* The beginning of the stream is missing: strictly, its first segment begins in
 * the middle of a line. */
static void ftp_late_begin(void)
{
	struct ftp_line known = {}, unknown = {};
	struct heard h = {};

	vs_ftp_begin(&known, 100);
	feed(&known, true, 110, "227 (1,2,3,4,5,6)\r\na\r\n", 22, &h);
	feed(&unknown, true, 110, "227 (1,2,3,4,5,6)\r\nb\r\n", 22, &h);
	CHECK(h.len == 4 && !memcmp(h.text, "a\nb\n", 4));
}

/* A refused line is read again, in whatever pieces it comes. */
static void ftp_refused(void)
{
	struct ftp_line l = {};
	struct heard h = {};

	vs_ftp_begin(&l, 100);
	feed(&l, true, 100, "a\r\nfir", 6, &h);
	h.refuses = 2;
	feed(&l, true, 106, "st\r\nsecond\r\nthird", 17, &h);
	CHECK(h.refused && h.len == 8);
	feed(&l, true, 106, "st\r\nsec", 7, &h);
	feed(&l, true, 113, "ond\r\nthird\r\n", 12, &h);
	CHECK(h.len == 21 && !memcmp(h.text, "a\nfirst\nsecond\nthird\n", 21));
}

static void ftp_reply_classes(void)
{
	static const struct {
		const char *line;
		unsigned int class;
	} lines[] = {
		{ "150 ok", 1 }, { "226", 2 }, { "331 ", 3 }, { "425 no", 4 },
		{ "500 what?", 5 }, { "600 ", 0 }, { "099 ", 0 }, { "99 ", 0 },
		{ "5000 ", 0 }, { "500-", 0 }, { " 500", 0 }, { "", 0 },
		{ "0500 ", 0 }, { "text", 0 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(lines); i++) {
		unsigned int len = strlen(lines[i].line);
		char *copy = copy_of(lines[i].line, len);

		if (vs_ftp_reply_class(copy, len) != lines[i].class)
			FAIL("'%s'", lines[i].line);
		free(copy);
	}
}

/* Multi-line replies: a line each, with a plus if the reply continues. */
static void ftp_several(void)
{
	static const char * const lines[] = {
		" 220 ready", "+211-status", "+227 (1,2,3,4,5,6)", "+ 211 no",
		"+212 no", "+2111 no", "+", "+211-", "+212-", "+21", " 211 end",
		" 21", " 21-", " 2110-", " abc-", " -", "+227-a", "+228 b",
		" 227 (1,2,3,4,5,6)", " 220", "+220-", "+220", " 220 ",
	};
	u16 code = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(lines); i++) {
		unsigned int len = strlen(lines[i] + 1);
		char *copy = copy_of(lines[i] + 1, len);

		if (vs_ftp_reply_continues(&code, copy, len) != (*lines[i] == '+'))
			FAIL("'%s': %u", lines[i], code);
		free(copy);
	}
}

#define STREAM 4000

struct edited {
	char sent[STREAM];
	char want[2 * STREAM];
	unsigned int want_len;
	char got[2 * STREAM];
	bool has[2 * STREAM];
	u32 seq;			/* of sent[0], and of want[0] */
	struct vs_seqmap map;
};

/* Delivers bytes @from to @to as one segment, edited as by path/segment.c. */
static void pass(struct edited *e, unsigned int from, unsigned int to)
{
	u32 pos = vs_seqmap_seq(&e->map, e->seq + from) - e->seq;
	const struct vs_seqmap *m = &e->map;

	for (unsigned int at = from; at < to; at++) {
		const char *text = &e->sent[at];
		unsigned int len = 1;

		for (int i = 0; i < m->n; i++) {
			const struct vs_edit *d = &m->edit[i];

			if (before(e->seq + at, d->start) ||
			    !before(e->seq + at, d->end))
				continue;
			text = d->text;
			len = e->seq + at + 1 == d->end ? d->len : 0;
		}
		CHECK(pos + len <= sizeof(e->got));
		for (unsigned int i = 0; i < len; i++, pos++) {
			CHECK(!e->has[pos] || e->got[pos] == text[i]);
			e->got[pos] = text[i];
			e->has[pos] = true;
		}
	}
}

/* An acknowledgement never covers more than the receiver has, as far back as
 * edits are remembered. */
static void check_acks(const struct edited *e, unsigned int sent)
{
	const struct vs_edit *first = &e->map.edit[0];
	u32 last = 0, got = 0, from = 0, ack;

	if (e->map.n == VS_EDITS)
		from = first->start + first->before - e->seq;
	while (got < sizeof(e->got) && e->has[got])
		got++;
	for (u32 at = from; at <= got; at++) {
		ack = vs_seqmap_ack(&e->map, e->seq + at, false) - e->seq;
		CHECK(ack >= last && ack <= sent);
		CHECK(vs_seqmap_seq(&e->map, e->seq + ack) - e->seq <= at);
		CHECK(vs_seqmap_ack(&e->map, e->seq + at, true) - e->seq >= ack);
		last = ack;
	}
}

static void edit_some(struct edited *e, unsigned int at, unsigned int upto)
{
	char text[VS_EDIT_TEXT];
	unsigned int len = 1 + rnd(VS_EDIT_TEXT);
	unsigned int start = at + rnd(upto - at);
	unsigned int end = start + 1 + rnd(lesser(upto - start, 30));

	if (end > upto)
		end = upto;
	rnd_bytes(text, len);
	CHECK(vs_seqmap_add(&e->map, e->seq + start, e->seq + end, 'x', text, len));
	/* too late, and an empty text */
	CHECK(!vs_seqmap_add(&e->map, e->seq + start, e->seq + end, 'x', text, len));
	CHECK(!vs_seqmap_add(&e->map, e->seq + end, e->seq + end, 'x', text, len));
	memcpy(e->want + e->want_len, e->sent + at, start - at);
	e->want_len += start - at;
	memcpy(e->want + e->want_len, text, len);
	e->want_len += len;
	memcpy(e->want + e->want_len, e->sent + end, upto - end);
	e->want_len += upto - end;
}

static void seqmap_stream(void)
{
	static struct edited e;

	for (int n = 0; n < 1000; n++) {
		unsigned int at = 0, oldest[VS_EDITS + 1] = {}, k = 0;

		memset(&e, 0, sizeof(e));
		e.seq = rnd(3) ? rnd(0) : -(u32)rnd(STREAM);
		rnd_bytes(e.sent, sizeof(e.sent));
		while (at < STREAM) {
			unsigned int upto = lesser(at + 1 + rnd(200), STREAM);

			if (rnd(3)) {
				memcpy(e.want + e.want_len, e.sent + at,
				       upto - at);
				e.want_len += upto - at;
			} else {
				edit_some(&e, at, upto);
				memmove(oldest + 1, oldest, sizeof(oldest) -
					sizeof(*oldest));
				oldest[0] = at;
				k++;
			}
			vs_seqmap_pass(&e.map, e.seq + upto);
			if (rnd(4))
				pass(&e, at, upto);
			/* retransmits with other boundaries, as far back as
			 * edits are remembered */
			while (rnd(3)) {
				unsigned int low = k > VS_EDITS - 1 ?
					oldest[VS_EDITS - 1] : 0;
				unsigned int from = low + rnd(upto - low);

				pass(&e, from, from + 1 + rnd(upto - from));
			}
			/* delivers all, before the edit is forgotten */
			pass(&e, at, upto);
			check_acks(&e, upto);
			at = upto;
		}
		CHECK(!memcmp(e.got, e.want, e.want_len));
		CHECK(vs_seqmap_ack(&e.map, e.seq + e.want_len, false) ==
		      e.seq + STREAM);
		CHECK(vs_seqmap_seq(&e.map, e.seq + STREAM) ==
		      e.seq + e.want_len);
	}
}

/* Bytes that are held are acknowledged, and forwarded with what follows. */
static void seqmap_held(void)
{
	struct vs_seqmap map = {};

	CHECK(!vs_seqmap_held(&map));
	vs_seqmap_pass(&map, 100);
	CHECK(!vs_seqmap_hold(&map, 99, 110, 'x'));
	CHECK(vs_seqmap_hold(&map, 105, 110, 'x'));
	CHECK(vs_seqmap_held(&map)->end == 110);
	CHECK(vs_seqmap_seq(&map, 110) == 105);
	CHECK(vs_seqmap_ack(&map, 105, false) == 110);
	CHECK(vs_seqmap_ack(&map, 104, false) == 104);
	/* nothing else can be edited, and no end that has been passed */
	CHECK(!vs_seqmap_add(&map, 110, 112, 'x', "x", 1));
	CHECK(!vs_seqmap_add(&map, 105, 110, 'x', "x", 1));
	CHECK(vs_seqmap_hold(&map, 105, 112, 'x'));
	CHECK(map.n == 1 && vs_seqmap_ack(&map, 105, false) == 112);
	CHECK(vs_seqmap_add(&map, 105, 113, 'x', "abc", 3));
	CHECK(map.n == 1 && !vs_seqmap_held(&map));
	CHECK(vs_seqmap_seq(&map, 113) == 108);
	CHECK(vs_seqmap_ack(&map, 105, false) == 105);
	CHECK(vs_seqmap_ack(&map, 108, false) == 113);
	CHECK(!vs_seqmap_hold(&map, 112, 120, 'x'));
}

/* The shift of old edits persists, however long the stream is. */
static void seqmap_age(void)
{
	struct vs_seqmap map = {};
	s32 moved = 0;
	u32 seq = 1000;

	for (int n = 0; n < 200; n++) {
		if (n % 50 < 3) {
			CHECK(vs_seqmap_add(&map, seq, seq + 10, 'x', "seven..", 7));
			moved -= 3;
			seq += 10;
		}
		seq += 100000000 + rnd(1000);
		vs_seqmap_pass(&map, seq);
		CHECK(vs_seqmap_seq(&map, seq) == seq + moved);
		CHECK(vs_seqmap_seq(&map, seq - 1000) == seq - 1000 + moved);
		CHECK(vs_seqmap_ack(&map, seq + moved, false) == seq);
		CHECK(vs_seqmap_ack(&map, seq - 1000 + moved, true) ==
		      seq - 1000);
	}
	CHECK(map.n == 1);
}

const struct unit_test ftp_tests[] = {
	{ "ftp_commands", ftp_commands },
	{ "ftp_replies", ftp_replies },
	{ "ftp_mutants", ftp_mutants },
	{ "ftp_lines", ftp_lines },
	{ "ftp_gap", ftp_gap },
	{ "ftp_late_begin", ftp_late_begin },
	{ "ftp_refused", ftp_refused },
	{ "ftp_reply_classes", ftp_reply_classes },
	{ "ftp_several", ftp_several },
	{ "seqmap_stream", seqmap_stream },
	{ "seqmap_held", seqmap_held },
	{ "seqmap_age", seqmap_age },
	{}
};
