// SPDX-License-Identifier: GPL-2.0
/*
 * Maps the sequence numbers of a TCP stream in which text is replaced by text
 * of another length. The mapping depends on the position of a byte in the
 * stream only: segmentation and retransmissions do not matter.
 */
#include <linux/export.h>
#include <linux/string.h>
#include <net/tcp.h>

#include "app/seqmap.h"

#define FAR	(1u << 30)	/* bytes; windows are smaller, see RFC 7323 */

/* Returns the shift of the bytes after @e. */
static s32 edit_shift(const struct vs_edit *e)
{
	return e->before + e->len - (s32)(e->end - e->start);
}

u32 vs_seqmap_seq(const struct vs_seqmap *m, u32 seq)
{
	for (int i = m->n; i--;) {
		const struct vs_edit *e = &m->edit[i];

		if (!before(seq, e->end))
			return seq + edit_shift(e);
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
			return ack - edit_shift(e);
		if (after(ack, start))
			return up ? e->end : e->start;
	}
	return m->n ? ack - m->edit[0].before : ack;
}

static void seqmap_forget_first(struct vs_seqmap *m)
{
	m->n--;
	memmove(m->edit, m->edit + 1, m->n * sizeof(m->edit[0]));
}

/* Turns the last edit into an empty one at @seq, so that its shift keeps
 * applying. */
static void edit_move_to(struct vs_edit *e, u32 seq)
{
	e->before = edit_shift(e);
	e->start = seq;
	e->end = seq;
	e->len = 0;
}

/* Forgets old edits in time: sequence numbers can only be compared up to a
 * distance of 2^31. */
static void seqmap_age(struct vs_seqmap *m)
{
	while (m->n && m->top - m->edit[0].end >= FAR) {
		if (m->n > 1)
			seqmap_forget_first(m);
		else
			edit_move_to(&m->edit[0], m->top);
	}
}

/* Appends an edit that begins at @start, or NULL if that was forwarded. */
static struct vs_edit *seqmap_append(struct vs_seqmap *m, u32 start)
{
	struct vs_edit *e;
	s32 shift = 0;

	if (m->has_top && before(start, m->top))
		return NULL;
	if (m->n)
		shift = edit_shift(&m->edit[m->n - 1]);
	if (m->n == VS_EDITS)
		seqmap_forget_first(m);
	e = &m->edit[m->n++];
	e->start = start;
	e->end = start;
	e->before = shift;
	return e;
}

/* Continues the edit that is held, or appends one. */
static bool seqmap_put(struct vs_seqmap *m, u32 start, u32 end, char prev,
		       const char *text, unsigned int len)
{
	struct vs_edit *e = vs_seqmap_held(m);

	if (e ? start != e->start || !after(end, e->end) : !after(end, start))
		return false;
	if (!e)
		e = seqmap_append(m, start);
	if (!e)
		return false;
	e->end = end;
	e->prev = prev;
	e->len = len;
	memcpy(e->text, text, len);
	vs_seqmap_pass(m, end);
	return true;
}

bool vs_seqmap_add(struct vs_seqmap *m, u32 start, u32 end, char prev,
		   const char *text, unsigned int len)
{
	return len && len <= VS_EDIT_TEXT &&
	       seqmap_put(m, start, end, prev, text, len);
}
EXPORT_SYMBOL_GPL(vs_seqmap_add);

bool vs_seqmap_hold(struct vs_seqmap *m, u32 start, u32 end, char prev)
{
	return seqmap_put(m, start, end, prev, "", 0);
}
EXPORT_SYMBOL_GPL(vs_seqmap_hold);

bool vs_seqmap_last(const struct vs_seqmap *m, u32 *end, s32 *shift,
		    s32 *before)
{
	const struct vs_edit *e;
	int n = m->n;

	/* bytes that are held are not edited yet */
	if (n && !m->edit[n - 1].len && m->edit[n - 1].start != m->edit[n - 1].end)
		n--;
	if (!n)
		return false;
	e = &m->edit[n - 1];
	*end = e->end;
	*shift = edit_shift(e);
	*before = e->before;
	return true;
}

void vs_seqmap_resume(struct vs_seqmap *m, u32 end, s32 shift, s32 before)
{
	/* an edit of no bytes, whose text has the difference in length: it was
	 * forwarded, and is not sent again */
	*m = (struct vs_seqmap) {
		.edit[0] = { .start = end, .end = end, .before = before },
		.edit[1] = { .start = end, .end = end, .before = shift },
		.n = 2,
		.has_top = true,
		.top = end,
	};
}

void vs_seqmap_pass(struct vs_seqmap *m, u32 end)
{
	if (m->has_top && !after(end, m->top))
		return;
	m->top = end;
	m->has_top = true;
	seqmap_age(m);
}
