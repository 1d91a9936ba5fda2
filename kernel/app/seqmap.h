/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_SEQMAP_H
#define VS_SEQMAP_H

#include <linux/types.h>

#define VS_EDITS	4	/* remembered for retransmissions */
#define VS_EDIT_TEXT	24

/**
 * struct vs_edit - replacement of a text in a TCP stream
 * @start:	sequence number of the first byte that is replaced
 * @end:	sequence number of the first byte that is not
 * @before:	shift of the bytes before @start
 * @prev:	the byte before @start
 * @len:	length of @text; 0: the bytes are held, see vs_seqmap_hold(), or
 *		@start equals @end
 * @text:	replacement. It takes the place of the last byte, the others are
 *		removed: a segment carries all of @text or none
 */
struct vs_edit {
	u32 start;
	u32 end;
	s32 before;
	char prev;
	u8 len;
	char text[VS_EDIT_TEXT];
};

/**
 * struct vs_seqmap - mapping of one direction of a TCP connection
 * @edit:	the latest edits, in stream order
 * @n:		number of edits
 * @has_top:	@top is valid
 * @top:	first sequence number not forwarded yet; edits begin there or later
 */
struct vs_seqmap {
	struct vs_edit edit[VS_EDITS];
	u8 n;
	bool has_top;
	u32 top;
};

/* Maps the sender's sequence number @seq to the receiver's. */
u32 vs_seqmap_seq(const struct vs_seqmap *m, u32 seq);

/* Maps the receiver's sequence number @ack to the sender's. A number inside a
 * replacement is rounded down to the start of the replaced text, or up (@up) to
 * its end. */
u32 vs_seqmap_ack(const struct vs_seqmap *m, u32 ack, bool up);

/* Replaces the bytes from @start to @end (sequence numbers), which follow the byte
 * @prev, by @text. Returns
 * false if @len is 0 or above VS_EDIT_TEXT, or if bytes from @start on were
 * forwarded already; held bytes are not forwarded. While bytes are held, @start
 * has to be the first of them and @end after the last. */
bool vs_seqmap_add(struct vs_seqmap *m, u32 start, u32 end, char prev,
		   const char *text, unsigned int len);

/* Holds back the bytes from @start to @end, until vs_seqmap_add() replaces them
 * and at least one more. The sender's bytes are acknowledged as usual, so they
 * have to be forwarded in the end, unless its stream ends before. May be called
 * again with a later @end. Returns false as vs_seqmap_add() does. */
bool vs_seqmap_hold(struct vs_seqmap *m, u32 start, u32 end, char prev);

/* The edit whose bytes are held, or NULL. */
static inline struct vs_edit *vs_seqmap_held(struct vs_seqmap *m)
{
	struct vs_edit *e;

	if (!m->n)
		return NULL;
	e = &m->edit[m->n - 1];
	return !e->len && e->start != e->end ? e : NULL;
}

/* What applies from the last complete edit on: sets *@end to the first sequence
 * number after it, and *@shift, *@before to the shifts there and before it.
 * Returns false if there is none. */
bool vs_seqmap_last(const struct vs_seqmap *m, u32 *end, s32 *shift,
		    s32 *before);

/* Replaces the mapping of a stream that another director has edited: bytes from
 * @end on are shifted by @shift, those before by @before. */
void vs_seqmap_resume(struct vs_seqmap *m, u32 end, s32 shift, s32 before);

/* Records that the bytes before @end are forwarded. */
void vs_seqmap_pass(struct vs_seqmap *m, u32 end);

#endif /* VS_SEQMAP_H */
