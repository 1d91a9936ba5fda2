// SPDX-License-Identifier: GPL-2.0
#include <linux/bitmap.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "sync/window.h"

static bool number_is_set(const struct vs_window *w, u64 n)
{
	return test_bit(n % VS_WINDOW_SIZE, w->bits);
}

/* Takes over what was received directly after @base. */
static void window_settle(struct vs_window *w)
{
	while (w->base < w->top && number_is_set(w, w->base + 1)) {
		w->base++;
		__clear_bit(w->base % VS_WINDOW_SIZE, w->bits);
	}
	w->top = max(w->top, w->base);
}

void vs_window_start(struct vs_window *w, u64 base)
{
	memset(w, 0, sizeof(*w));
	w->base = base;
	w->top = base;
}

void vs_window_give_up(struct vs_window *w, u64 upto)
{
	while (w->base < upto && w->base < w->top) {
		w->base++;
		if (number_is_set(w, w->base))
			__clear_bit(w->base % VS_WINDOW_SIZE, w->bits);
		else
			w->lost++;
	}
	if (w->base < upto) {
		w->lost += upto - w->base;
		w->base = upto;
	}
	window_settle(w);
}

bool vs_window_takes(const struct vs_window *w, u64 n)
{
	return n > w->base && (n > w->top || !number_is_set(w, n));
}

bool vs_window_accept(struct vs_window *w, u64 n)
{
	if (!vs_window_takes(w, n))
		return false;
	if (n - w->base > VS_WINDOW_SIZE)
		vs_window_give_up(w, n - VS_WINDOW_SIZE);
	__set_bit(n % VS_WINDOW_SIZE, w->bits);
	w->top = max(w->top, n);
	window_settle(w);
	return true;
}

unsigned int vs_window_missing(const struct vs_window *w, u64 upto,
			       struct vs_window_range *range, unsigned int max)
{
	unsigned int n = 0;
	u64 i;

	for (i = w->base + 1; i <= w->top; i++) {
		if (i > upto || number_is_set(w, i))
			continue;
		if (n && range[n - 1].first + range[n - 1].count == i) {
			range[n - 1].count++;
			continue;
		}
		if (n == max)
			return n;
		range[n++] = (struct vs_window_range) { .first = i, .count = 1 };
	}
	if (upto <= w->top)
		return n;
	i = w->top + 1;
	if (n && range[n - 1].first + range[n - 1].count == i)
		range[n - 1].count += min_t(u64, upto - w->top, U32_MAX / 2);
	else if (n < max)
		range[n++] = (struct vs_window_range) {
			.first = i, .count = min_t(u64, upto - w->top, U32_MAX / 2),
		};
	return n;
}
