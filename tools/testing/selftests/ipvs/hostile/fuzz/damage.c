// SPDX-License-Identifier: GPL-2.0
/* Damage: lengths, offsets, flags, nesting, truncation. */
#include <string.h>

#include "fuzz.h"

static const struct fuzz_field *some_field(struct fuzz *f)
{
	const struct fuzz_field *e = NULL;
	unsigned int i, head = f->af == 4 ? 20 : 40;

	/* spare the outermost header: the stack itself drops the packet if it is wrong */
	for (i = 0; i < 4; i++) {
		e = &f->fields[fuzz_below(f, f->num_fields)];
		if (e->off >= head && e->off + e->size <= f->len)
			break;
	}
	return e->off + e->size <= f->len ? e : &f->fields[0];
}

static uint64_t load(const struct fuzz *f, const struct fuzz_field *e)
{
	unsigned int i, n = e->size < 8 ? e->size : 8;
	uint64_t v = 0;

	for (i = 0; i < n; i++)
		v = v << 8 | f->data[e->off + i];
	return v;
}

static void store(struct fuzz *f, const struct fuzz_field *e, uint64_t v)
{
	unsigned int i = e->size < 8 ? e->size : 8;

	for (; i--; v >>= 8)
		f->data[e->off + i] = v;
}

static void change_field(struct fuzz *f)
{
	static const uint64_t edges[] = {
		0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 20, 28, 40, 44, 51, 59, 60, 63,
		64, 127, 128, 255, 0x1fff, 0x2000, 0x4000, 0x7fff, 0x8000,
		0xfff8, 0xffff, 0x80000000, 0xffffffff, ~0ull,
	};
	const struct fuzz_field *e = some_field(f);
	uint64_t v = load(f, e);

	switch (fuzz_below(f, 6)) {
	case 0:
		v = fuzz_random(f);
		break;
	case 1:
		v = edges[fuzz_below(f, sizeof(edges) / sizeof(*edges))];
		break;
	case 2:
		v += fuzz_below(f, 17) - 8ull;
		break;
	case 3:
		v ^= 1ull << fuzz_below(f, e->size < 8 ? e->size * 8 : 64);
		break;
	case 4:
		v = load(f, some_field(f));
		break;
	default:		/* a plausible length */
		v = f->len - e->off + fuzz_below(f, 9) - 4ull;
	}
	store(f, e, v);
}

static void change_byte(struct fuzz *f)
{
	unsigned int at = fuzz_below(f, f->len < 160 || fuzz_once_in(f, 4) ?
					f->len : 160);

	f->data[at] = fuzz_random(f);
}

/* An offset at or near the border of a field. */
static unsigned int some_border(struct fuzz *f)
{
	unsigned int at = some_field(f)->off;

	if (fuzz_once_in(f, 4))
		at += fuzz_below(f, 5);
	return at < f->len ? at : f->len;
}

static void cut_off(struct fuzz *f)
{
	f->len = fuzz_once_in(f, 2) ? some_border(f) : fuzz_below(f, f->len + 1);
}

static void append(struct fuzz *f)
{
	unsigned int n = 1 + fuzz_below(f, 64);

	if (f->len + n < FUZZ_MAX - 64)
		while (n--)
			f->data[f->len++] = fuzz_random(f);
}

static void insert(struct fuzz *f)
{
	unsigned int n = 4 * (1 + fuzz_below(f, 10)), at = some_border(f);

	if (f->len + n >= FUZZ_MAX - 64)
		return;
	memmove(f->data + at + n, f->data + at, f->len - at);
	f->len += n;
	if (fuzz_once_in(f, 2))		/* duplicate the rest */
		return;
	for (; n; n--, at++)
		f->data[at] = fuzz_once_in(f, 2) ? fuzz_random(f) : 0;
}

static void take_out(struct fuzz *f)
{
	unsigned int at = some_border(f), n = 1 + fuzz_below(f, 24);

	if (at + n > f->len)
		return;
	memmove(f->data + at, f->data + at + n, f->len - at - n);
	f->len -= n;
}

/* Nest the whole packet in another one of its kind. */
static void nest(struct fuzz *f)
{
	unsigned int n = f->layers[0].kind == FUZZ_IP4 ?
			 (f->data[0] & 15) * 4u : 40;

	if (f->len < n || f->len + n >= FUZZ_MAX - 64)
		return;
	memmove(f->data + n, f->data, f->len);
	f->len += n;
	f->data[f->af == 4 ? 9 : 6] = f->af == 4 ? 4 : 41;
}

void fuzz_damage(struct fuzz *f)
{
	unsigned int times = fuzz_below(f, 5), layers = f->num_layers;

	while (times-- && f->len) {
		switch (fuzz_below(f, 24)) {
		case 0 ... 12:
			change_field(f);
			break;
		case 13 ... 15:
			change_byte(f);
			break;
		case 16 ... 18:
			cut_off(f);
			break;
		case 19:
			append(f);
			break;
		case 20:
			insert(f);
			layers = 1;
			break;
		case 21:
			take_out(f);
			layers = 1;
			break;
		case 22:
			nest(f);
			layers = 1;
			break;
		default:
			if (layers)
				layers = fuzz_below(f, layers);
		}
	}
	if (fuzz_once_in(f, 8))
		return;			/* send the damaged outermost header as it is */
	/* repair the outermost header, so that the packet gets through */
	if (f->len >= 20 && f->af == 4) {
		unsigned int ihl = f->data[0] & 15;

		if (ihl < 5 || ihl * 4 > f->len)
			ihl = 5;
		f->data[0] = 0x40 | ihl;
	} else if (f->len >= 40) {
		f->data[0] = 0x60 | (f->data[0] & 15);
	}
	fuzz_finish(f, layers ? layers : 1);
}

static void send_part(struct fuzz *f, const struct fuzz *whole,
		      unsigned int head, unsigned int off, unsigned int n,
		      void (*send)(struct fuzz *f))
{
	bool more = head + off + n < whole->len;
	unsigned int frag = f->af == 4 ? off / 8 | more << 13 : off | more;
	uint8_t *p = f->data;

	memcpy(p, whole->data, head);
	f->len = head;
	if (f->af == 4) {
		p[6] = frag >> 8;
		p[7] = frag;
	} else {
		const uint8_t ext[8] = { p[6], 0, frag >> 8, frag,
					 whole->data[3], 1, 2, whole->rng };

		p[6] = 44;
		memcpy(p + 40, ext, 8);
		f->len += 8;
	}
	memcpy(p + f->len, whole->data + head + off, n);
	f->len += n;
	f->num_layers = 1;
	fuzz_finish(f, 1);
	send(f);
}

void fuzz_split(struct fuzz *f, void (*send)(struct fuzz *f))
{
	static struct fuzz whole;
	unsigned int head = f->af == 4 ? (f->data[0] & 15) * 4u : 40;
	unsigned int parts = 2 + fuzz_below(f, 3), size, i, at, n;
	bool backwards = fuzz_once_in(f, 2);

	if (f->len < head + 16 || f->len > 30000) {
		send(f);
		return;
	}
	memcpy(&whole, f, sizeof(whole));
	size = ((f->len - head) / parts + 8) / 8 * 8;
	for (i = 0; i < parts; i++) {
		at = (backwards ? parts - 1 - i : i) * size;
		if (at >= whole.len - head || fuzz_once_in(f, 30))
			continue;
		n = whole.len - head - at;
		if (n > size)		/* sometimes overlapping */
			n = size + (fuzz_once_in(f, 30) ? 8 : 0);
		if (at + n > whole.len - head)
			n = whole.len - head - at;
		send_part(f, &whole, head, at, n, send);
	}
}
