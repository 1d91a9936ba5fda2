// SPDX-License-Identifier: GPL-2.0
/*
 * kernel/app/ftp.c: what a session expects, and what the client is told. The
 * segments of both sides reach the app in any order, and again; in place of
 * conn/expect.c the tests record what is expected, or let it fail.
 */
#include "app/seqmap.h"
#include "conn/app.h"
#include "conn/conn.h"
#include "conn/expect.h"
#include "unit.h"

#define STREAM 1000

/* What the app registers, and how vs_expect_new() answers it. */
static struct {
	const struct vs_app *app;
	int err;		/* of the next call */
	unsigned int n;		/* successful calls */
	struct vs_expect_conf last;
	union nf_inet_addr client;
} expected;

int vs_app_register(const struct vs_app *app, const u16 *ports,
		    unsigned int n)
{
	expected.app = app;
	return 0;
}

void vs_app_unregister(const struct vs_app *app)
{
}

int vs_expect_new(struct vs_app_segment *t, const struct vs_expect_conf *d)
{
	int err = expected.err;

	expected.err = 0;
	if (err)
		return err;
	expected.n++;
	expected.last = *d;
	expected.client = *d->client;
	return 0;
}

int unit_ftp_init(void);

/* A session of 192.0.2.1 with the virtual address 203.0.113.10, and the server's
 * stream as the client receives it. */
struct session {
	struct vs_conn cp;
	struct vs_app_session *s;
	u32 in_seq;		/* of the next command */
	u32 first;		/* of told[0], and of the server's stream */
	char told[STREAM];
	bool has[STREAM];
};

static void session_begin(struct session *x)
{
	memset(x, 0, sizeof(*x));
	memset(&expected, 0, sizeof(expected));
	CHECK(!unit_ftp_init());
	x->cp.af = AF_INET;
	x->cp.proto = IPPROTO_TCP;
	x->cp.vport = htons(21);
	x->cp.dport = htons(21);
	CHECK(inet_pton(AF_INET, "192.0.2.1", &x->cp.a4[VS_CADDR]));
	CHECK(inet_pton(AF_INET, "203.0.113.10", &x->cp.a4[VS_VADDR]));
	CHECK(inet_pton(AF_INET, "10.0.0.1", &x->cp.a4[VS_DADDR]));
	x->s = calloc(1, sizeof(*x->s) + expected.app->size);
	x->in_seq = rnd(0);
	x->first = rnd(3) ? rnd(0) : -(u32)rnd(100);
}

static void session_end(struct session *x)
{
	free(x->s);
}

static bool show(struct session *x, u32 seq, const char *text,
		 unsigned int len, void (*inspect)(struct vs_app_segment *t))
{
	char *copy = malloc(len);
	struct vs_app_segment t = {
		.cp = &x->cp,
		.s = x->s,
		.first = inspect == expected.app->out ? x->first : 0,
		.seq = seq,
		.data = memcpy(copy, text, len),
		.len = len,
	};

	inspect(&t);
	free(copy);
	return !t.drop;
}

/* Whether a segment of the client at offset @at from the next command was
 * passed on. */
static bool says_at(struct session *x, s32 at, const char *text)
{
	return show(x, x->in_seq + at, text, strlen(text), expected.app->in);
}

static void says(struct session *x, const char *text)
{
	CHECK(says_at(x, 0, text));
	x->in_seq += strlen(text);
}

/* The client receives @text, edited as by path/segment.c. */
static void deliver(struct session *x, u32 seq, const char *text,
		    unsigned int len)
{
	const struct vs_seqmap *m = &x->s->out;
	u32 pos = vs_seqmap_seq(m, seq) - x->first;

	/* what a probe repeats */
	for (int i = 0; i < m->n; i++)
		CHECK(m->edit[i].prev ==
		      x->told[m->edit[i].start + m->edit[i].before -
			      x->first - 1] || m->edit[i].start - seq < len);

	for (u32 at = seq; at != seq + len; at++) {
		const char *by = &text[at - seq];
		unsigned int n = 1;

		for (int i = 0; i < m->n; i++) {
			const struct vs_edit *e = &m->edit[i];

			if (before(at, e->start) || !before(at, e->end))
				continue;
			by = e->text;
			n = at + 1 == e->end ? e->len : 0;
		}
		CHECK(pos + n <= STREAM);
		for (unsigned int i = 0; i < n; i++, pos++) {
			CHECK(!x->has[pos] || x->told[pos] == by[i]);
			x->told[pos] = by[i];
			x->has[pos] = true;
		}
	}
}

/* Whether a segment of the server at offset @at of its stream was passed on. */
static bool answers_at(struct session *x, u32 at, const char *text,
		       unsigned int len)
{
	u32 seq = x->first + at;

	if (!show(x, seq, text, len, expected.app->out))
		return false;
	vs_seqmap_pass(&x->s->out, seq + len);
	deliver(x, seq, text, len);
	return true;
}

static void answers(struct session *x, u32 at, const char *text)
{
	CHECK(answers_at(x, at, text, strlen(text)));
}

static void check_told(const struct session *x, const char *want)
{
	if (strcmp(x->told, want))
		FAIL("told '%s'", x->told);
}

#define GREETING	"220 ready\r\n"
#define PASSIVE		"227 ok (10,0,0,1,156,64)\r\n"
#define PASSIVE_TOLD	"227 ok (203,0,113,10,156,64)\r\n"
#define EXTENDED	"229 ok (|||40000|)\r\n"

static u32 greeted(struct session *x)
{
	session_begin(x);
	answers(x, 0, GREETING);
	return strlen(GREETING);
}

/* A reply for which there was no memory is dropped, and edited when it comes
 * again. */
static void ftp_reply_no_memory(void)
{
	static const char two[] = "200 fine\r\n" PASSIVE;
	struct session x;
	u32 at = greeted(&x);

	says(&x, "NOOP\r\nPASV\r\n");
	expected.err = -ENOMEM;
	CHECK(!answers_at(&x, at, two, strlen(two)));
	CHECK(!expected.n);
	answers(&x, at, two);
	CHECK(expected.n == 1 && expected.last.dport == htons(40000));
	check_told(&x, GREETING "200 fine\r\n" PASSIVE_TOLD);
	session_end(&x);

	/* the same in two pieces */
	at = greeted(&x);
	says(&x, "PASV\r\n");
	CHECK(answers_at(&x, at, PASSIVE, 5));
	expected.err = -ENOMEM;
	CHECK(!answers_at(&x, at + 5, PASSIVE + 5, strlen(PASSIVE) - 5));
	CHECK(!expected.n);
	answers(&x, at, PASSIVE);
	CHECK(expected.n == 1);
	check_told(&x, GREETING PASSIVE_TOLD);
	session_end(&x);
}

/* A command for which there was no memory is handled when it comes again, even
 * in other pieces. */
static void ftp_command_no_memory(void)
{
	struct session x;

	greeted(&x);
	says(&x, "NOOP\r\nPORT 192,0,");
	expected.err = -ENOMEM;
	CHECK(!says_at(&x, 0, "2,1,156,64\r\n"));
	CHECK(!expected.n);
	CHECK(says_at(&x, -5, "192,0,2,1,156,64\r\n" + 5));
	CHECK(expected.n == 1 && expected.last.cport == htons(40000));
	session_end(&x);
}

/* Replies in two and three pieces, cut anywhere: the client is told the virtual
 * address, whatever was retransmitted in between. */
static void ftp_reply_pieces(void)
{
	static const char reply[] = PASSIVE;
	unsigned int len = strlen(reply);
	struct session x;

	for (unsigned int i = 1; i < len; i++) {
		for (unsigned int k = i; k < len; k++) {
			u32 at = greeted(&x);

			says(&x, "PASV\r\n");
			CHECK(answers_at(&x, at, reply, i));
			CHECK(answers_at(&x, at + i, reply + i, k - i));
			if (rnd(2))
				CHECK(answers_at(&x, at, reply, k));
			if (!rnd(3)) {
				expected.err = -ENOMEM;
				/* the address ends at 23, and was seen */
				CHECK(answers_at(&x, at + k, reply + k,
						 len - k) == (k > 23));
			}
			CHECK(answers_at(&x, at + k, reply + k, len - k));
			CHECK(expected.n == 1);
			CHECK(answers_at(&x, at, reply, rnd(len)));
			answers(&x, at, reply);
			answers(&x, at + len, "200 on\r\n");
			check_told(&x, GREETING PASSIVE_TOLD "200 on\r\n");
			session_end(&x);
		}
	}
}

/* The same for EPSV, with another port than the real server's. */
static void ftp_extended_pieces(void)
{
	static const char reply[] = EXTENDED;
	unsigned int len = strlen(reply), got = strlen(GREETING);
	struct session x;

	for (unsigned int i = 1; i < len; i++) {
		u32 at = greeted(&x);

		says(&x, "EPSV\r\n");
		expected.err = -EEXIST;
		CHECK(answers_at(&x, at, reply, i));
		CHECK(answers_at(&x, at + i, reply + i, len - i));
		CHECK(expected.n == 1);
		CHECK(expected.last.vport != expected.last.dport);
		CHECK(atoi(x.told + got + strlen("229 ok (|||")) ==
		      ntohs(expected.last.vport));
		CHECK(!strcmp(x.told + got + strlen("229 ok (|||40000"),
			      "|)\r\n"));
		session_end(&x);
	}
}

/* What begins like an address, and is none, arrives as it is. */
static void ftp_held_in_vain(void)
{
	static const char * const replies[] = {
		"227 at 5 o'clock\r\n", "227 (1,2,3,4,5)\r\n", "227 (1\r\n",
		"227 (1,2,3,4,0,5)\r\n", "227 (1,2,3,4,5,6 \n",
		"227 0000000000000000000000000000001,2,3,4,5,600\r\n",
		"227 1,2,3,4,5,\r\n227 (1,2,3,4,5,999)\r\n",
	};
	struct session x;

	for (unsigned int n = 0; n < ARRAY_SIZE(replies); n++) {
		const char *reply = replies[n];
		unsigned int len = strlen(reply);

		for (unsigned int i = 1; i < len; i++) {
			u32 at = greeted(&x);

			says(&x, "PASV\r\n");
			expected.err = -ENOSPC;
			CHECK(answers_at(&x, at, reply, i));
			/* the client gives up the request */
			if (!rnd(3))
				says(&x, "PORT 192,0,2,1,7,7\r\n");
			CHECK(answers_at(&x, at + i, reply + i, len - i));
			if (strcmp(x.told + at, reply))
				FAIL("'%s' told as '%s'", reply, x.told + at);
			session_end(&x);
		}
	}
}

/* Segments behind a missing one wait until what is held is complete. */
static void ftp_held_gap(void)
{
	static const char reply[] = PASSIVE;
	struct session x;
	u32 at = greeted(&x);

	says(&x, "PASV\r\n");
	CHECK(answers_at(&x, at, reply, 10));
	CHECK(!answers_at(&x, at + 12, reply + 12, strlen(reply) - 12));
	CHECK(answers_at(&x, at + 10, reply + 10, 2));
	answers(&x, at + 12, reply + 12);
	check_told(&x, GREETING PASSIVE_TOLD);
	session_end(&x);
}

/* A line that the server said before, or a part of one, is no reply. */
static void ftp_reply_again(void)
{
	static const char text[] = "200 the text " PASSIVE;
	unsigned int len = strlen(text), cut = len - strlen(PASSIVE);
	struct session x;
	u32 at;

	/* a retransmitted part of a line */
	at = greeted(&x);
	answers(&x, at, text);
	says(&x, "PASV\r\n");
	answers(&x, at + cut, PASSIVE);
	CHECK(!expected.n);
	session_end(&x);

	/* the first segment that is seen */
	session_begin(&x);
	says(&x, "PASV\r\n");
	answers(&x, cut, PASSIVE);
	CHECK(!expected.n);
	answers(&x, 0, text);
	CHECK(!expected.n);
	answers(&x, len, PASSIVE);
	CHECK(expected.n == 1);
	session_end(&x);
}

/* A command that comes again is not obeyed again. */
static void ftp_command_again(void)
{
	struct session x;

	greeted(&x);
	says(&x, "PORT 192,0,2,1,100,1\r\n");
	says(&x, "PORT 192,0,2,1,100,2\r\n");
	CHECK(expected.n == 2);
	CHECK(says_at(&x, -44, "PORT 192,0,2,1,100,1\r\n"));
	CHECK(expected.n == 2 && expected.last.cport == htons(25602));
	/* unless it was missing */
	CHECK(says_at(&x, 22, "NOOP\r\n"));
	CHECK(says_at(&x, 0, "PORT 192,0,2,1,100,3\r\n"));
	CHECK(expected.n == 3 && expected.last.cport == htons(25603));
	session_end(&x);
}

/* After a negative reply a request is no longer pending, unless the reply may be
 * to another command. */
static void ftp_negative_replies(void)
{
	static const struct {
		const char *commands, *replies;
		bool pending;
	} cases[] = {
		{ "PASV\r\n", "500 no\r\n", false },
		{ "PASV\r\n", "425-no\r\n 500 x\r\n425 no\r\n", false },
		{ "PASV\r\n", "150 wait\r\n", true },
		{ "PASV\r\n", "no reply\r\n", true },
		{ "SYST\r\nPASV\r\n", "500 no\r\n", true },
		{ "SYST\r\nPASV\r\n", "215 x\r\n", true },
		{ "SYST\r\nPASV\r\n", "500 no\r\n530 no\r\n", false },
		{ "PASV\r\nNOOP\r\n", "500 no\r\n", true },
		{ "RETR x\r\nPASV\r\n", "150 x\r\n226 x\r\n", true },
		{ "RETR x\r\nABOR\r\nPASV\r\n", "426 x\r\n226 x\r\n", true },
	};
	struct session x;

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		u32 at = greeted(&x);

		says(&x, cases[i].commands);
		answers(&x, at, cases[i].replies);
		at += strlen(cases[i].replies);
		answers(&x, at, PASSIVE);
		if (expected.n != cases[i].pending)
			FAIL("'%s' after '%s'", cases[i].replies,
			     cases[i].commands);
		session_end(&x);
	}

	/* commands that do not wait for the greeting */
	session_begin(&x);
	says(&x, "SYST\r\nPASV\r\n");
	answers(&x, 0, "120 wait\r\n220 ready\r\n500 no\r\n");
	answers(&x, strlen("120 wait\r\n220 ready\r\n500 no\r\n"), PASSIVE);
	CHECK(expected.n == 1);
	session_end(&x);
}

const struct unit_test ftp_session_tests[] = {
	{ "ftp_reply_pieces", ftp_reply_pieces },
	{ "ftp_extended_pieces", ftp_extended_pieces },
	{ "ftp_held_in_vain", ftp_held_in_vain },
	{ "ftp_held_gap", ftp_held_gap },
	{ "ftp_reply_again", ftp_reply_again },
	{ "ftp_command_again", ftp_command_again },
	{ "ftp_negative_replies", ftp_negative_replies },
	{ "ftp_reply_no_memory", ftp_reply_no_memory },
	{ "ftp_command_no_memory", ftp_command_no_memory },
	{}
};
