/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_SEQMAP_H
#define VS_SEQMAP_H

#include <linux/types.h>

#define VS_EDITS	4	/* remembered, for retransmissions */
#define VS_EDIT_TEXT	24

/**
 * struct vs_edit - bytes of a TCP stream that others take the place of
 * @start:	sequence number of the first byte that is replaced
 * @end:	and of the first that is not
 * @before:	by how much bytes up to @start have moved
 * @len:	of @text
 * @text:	what the receiver gets; it comes with the last byte replaced, so
 *		that a segment with a part of them carries nothing or all
 */
struct vs_edit {
	u32 start;
	u32 end;
	s32 before;
	u8 len;
	char text[VS_EDIT_TEXT];
};

/**
 * struct vs_seqmap - one direction of a TCP connection, as sent and as received
 * @edit:	the latest edits, in order
 * @n:		how many
 * @moved:	@top is set
 * @top:	end of what went through
 */
struct vs_seqmap {
	struct vs_edit edit[VS_EDITS];
	u8 n;
	bool moved;
	u32 top;
};

/* What the receiver knows the sender's sequence number @seq by. */
u32 vs_seqmap_seq(const struct vs_seqmap *m, u32 seq);

/* The reverse, for what the receiver acknowledges. Of a text that is there in
 * part the sender hears that nothing arrived, or (@up) all of it. */
u32 vs_seqmap_ack(const struct vs_seqmap *m, u32 ack, bool up);

/* From now on @text stands for the bytes from @start to @end. false: some of
 * them, or what follows, went through already. */
bool vs_seqmap_add(struct vs_seqmap *m, u32 start, u32 end, const char *text,
		   unsigned int len);

/* Bytes up to @end go through. */
void vs_seqmap_pass(struct vs_seqmap *m, u32 end);

#endif /* VS_SEQMAP_H */
