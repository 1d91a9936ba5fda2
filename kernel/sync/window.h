/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_WINDOW_H
#define VS_WINDOW_H

#include <linux/bitops.h>
#include <linux/types.h>

/*
 * Which numbered messages have been received: each number is accepted once, and
 * those that are missing are known. No locks.
 */

/* Numbers that a message may be behind the highest one. */
#define VS_WINDOW_SIZE	2048

/**
 * struct vs_window - numbers that were received
 * @base:	all numbers up to here were received, or given up
 * @top:	highest number that was received; @base if that is higher
 * @lost:	numbers that were given up
 * @bits:	numbers above @base, at their remainder by VS_WINDOW_SIZE
 */
struct vs_window {
	u64 base;
	u64 top;
	u64 lost;
	unsigned long bits[BITS_TO_LONGS(VS_WINDOW_SIZE)];
};

/**
 * struct vs_window_range - numbers that are missing
 * @first:	the first number
 * @count:	how many
 */
struct vs_window_range {
	u64 first;
	u32 count;
};

/* Begins after number @base. */
void vs_window_start(struct vs_window *w, u64 base);

/* Whether vs_window_accept() would accept number @n. */
bool vs_window_takes(const struct vs_window *w, u64 n);

/* Accepts number @n. Returns false if it was received before, is too old, or 0. A
 * number far ahead gives up those that the window loses sight of. */
bool vs_window_accept(struct vs_window *w, u64 n);

/* Gives up what is missing up to number @upto. */
void vs_window_give_up(struct vs_window *w, u64 upto);

/* Lists at most @max ranges that are missing up to number @upto. Returns their
 * number. */
unsigned int vs_window_missing(const struct vs_window *w, u64 upto,
			       struct vs_window_range *range, unsigned int max);

#endif /* VS_WINDOW_H */
