// SPDX-License-Identifier: GPL-2.0
/*
 * Sequence numbers of a TCP stream in which bytes are replaced by more or
 * fewer ones. Everything follows from a byte's position, so that it does not
 * matter how the stream is cut into segments, or how often.
 */
#include <linux/string.h>
#include <net/tcp.h>

#include "app/seqmap.h"

#define FAR	(1u << 30)	/* bytes; nobody sends again what is so old */

static s32 moved_after(const struct vs_edit *e)
{
	return e->before + e->len - (s32)(e->end - e->start);
}

u32 vs_seqmap_seq(const struct vs_seqmap *m, u32 seq)
{
	for (int i = m->n; i--;) {
		const struct vs_edit *e = &m->edit[i];

		if (!before(seq, e->end))
			return seq + moved_after(e);
		if (after(seq, e->start))
			return e->start + e->before;
	}
	return m->n ? seq + m->edit[0].before : seq;
}

u32 vs_seqmap_ack(const struct vs_seqmap *m, u32 ack, bool up)
{
	for (int i = m->n; i--;) {
		const struct vs_edit *e = &m->edit[i];
		u32 start = e->start + e->before;

		if (!before(ack, start + e->len))
			return ack - moved_after(e);
		if (after(ack, start))
			return up ? e->end : e->start;
	}
	return m->n ? ack - m->edit[0].before : ack;
}

static void forget_first(struct vs_seqmap *m)
{
	m->n--;
	memmove(m->edit, m->edit + 1, m->n * sizeof(m->edit[0]));
}

/* The last edit comes along as one of nothing: what it moved stays moved. */
static void draw_near(struct vs_edit *e, u32 seq)
{
	e->before = moved_after(e);
	e->start = seq;
	e->end = seq;
	e->len = 0;
}

/* Sequence numbers compare up to a distance of 2^31. */
static void age(struct vs_seqmap *m)
{
	while (m->n && m->top - m->edit[0].end >= FAR) {
		if (m->n > 1)
			forget_first(m);
		else
			draw_near(&m->edit[0], m->top);
	}
}

bool vs_seqmap_add(struct vs_seqmap *m, u32 start, u32 end, const char *text,
		   unsigned int len)
{
	struct vs_edit *e;
	s32 moved = 0;

	if (!len || len > VS_EDIT_TEXT || !after(end, start) ||
	    (m->moved && before(start, m->top)))
		return false;
	if (m->n)
		moved = moved_after(&m->edit[m->n - 1]);
	if (m->n == VS_EDITS)
		forget_first(m);
	e = &m->edit[m->n++];
	e->start = start;
	e->end = end;
	e->before = moved;
	e->len = len;
	memcpy(e->text, text, len);
	vs_seqmap_pass(m, end);
	return true;
}

void vs_seqmap_pass(struct vs_seqmap *m, u32 end)
{
	if (m->moved && !after(end, m->top))
		return;
	m->top = end;
	m->moved = true;
	age(m);
}
