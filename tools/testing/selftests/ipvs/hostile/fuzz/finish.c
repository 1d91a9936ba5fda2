// SPDX-License-Identifier: GPL-2.0
/* Lengths and checksums of the layers of a packet. */
#include <string.h>

#include "fuzz.h"

static void store16(struct fuzz *f, unsigned int off, unsigned int v)
{
	if (off + 2 > f->len)
		return;
	f->data[off] = v >> 8;
	f->data[off + 1] = v;
}

static uint32_t sum(const uint8_t *p, unsigned int n, uint32_t s)
{
	uint64_t t = s;

	for (; n > 1; n -= 2, p += 2)
		t += p[0] << 8 | p[1];
	if (n)
		t += p[0] << 8;
	while (t >> 16)
		t = (t & 0xffff) + (t >> 16);
	return t;
}

static uint32_t pseudo(const struct fuzz *f, const struct fuzz_layer *l,
		       unsigned int proto)
{
	const uint8_t *ip = f->data + l->l3;
	bool v6 = ip[0] >> 4 == 6;
	uint32_t s = proto + f->len - l->off;

	return v6 ? sum(ip + 8, 32, s) : sum(ip + 12, 8, s);
}

static unsigned int proto_of(const struct fuzz *f, const struct fuzz_layer *l)
{
	if (l->kind == FUZZ_ICMP)
		return f->data[l->l3] >> 4 == 6 ? 58 : 0;
	return l->kind == FUZZ_TCP ? 6 : 17;
}

int fuzz_check_offset(enum fuzz_kind kind)
{
	switch (kind) {
	case FUZZ_TCP:
		return 16;
	case FUZZ_UDP:
		return 6;
	case FUZZ_ICMP:
		return 2;
	default:
		return -1;
	}
}

static void finish_transport(struct fuzz *f, const struct fuzz_layer *l)
{
	unsigned int check = l->off + fuzz_check_offset(l->kind), v;
	unsigned int proto = proto_of(f, l);

	if (check + 2 > f->len)
		return;
	if (l->kind == FUZZ_UDP) {
		store16(f, l->off + 4, f->len - l->off);
		if (!f->data[check] && !f->data[check + 1])
			return;
	}
	store16(f, check, 0);
	v = sum(f->data + l->off, f->len - l->off, proto ? pseudo(f, l, proto) : 0);
	v = ~v & 0xffff;
	store16(f, check, v || l->kind != FUZZ_UDP ? v : 0xffff);
}

static uint32_t crc32c(const uint8_t *p, unsigned int n)
{
	static uint32_t table[256];
	uint32_t crc = ~0u, v;
	unsigned int i, bit;

	for (i = 0; i < 256 && !table[255]; i++) {
		for (v = i, bit = 0; bit < 8; bit++)
			v = v >> 1 ^ (v & 1 ? 0x82f63b78 : 0);
		table[i] = v;
	}
	while (n--)
		crc = crc >> 8 ^ table[(crc ^ *p++) & 255];
	return ~crc;
}

static void finish_sctp(struct fuzz *f, unsigned int off)
{
	unsigned int i;
	uint32_t crc;

	if (off + 12 > f->len)
		return;
	memset(f->data + off + 8, 0, 4);
	crc = crc32c(f->data + off, f->len - off);
	for (i = 0; i < 4; i++)
		f->data[off + 8 + i] = crc >> 8 * i;
}

static void finish_ip4(struct fuzz *f, unsigned int off)
{
	unsigned int ihl = (f->data[off] & 15) * 4;

	if (off + ihl > f->len)
		return;
	store16(f, off + 2, f->len - off);
	store16(f, off + 10, 0);
	store16(f, off + 10, ~sum(f->data + off, ihl, 0));
}

static void finish_gre(struct fuzz *f, unsigned int off)
{
	if (off + 8 > f->len || !(f->data[off] & 0x80))
		return;
	store16(f, off + 4, 0);
	store16(f, off + 4, ~sum(f->data + off, f->len - off, 0));
}

/* From the inside out, as outer checksums cover the inner layers. */
void fuzz_finish(struct fuzz *f, unsigned int n)
{
	while (n--) {
		const struct fuzz_layer *l = &f->layers[n];

		if (l->off >= f->len)
			continue;
		switch (l->kind) {
		case FUZZ_IP4:
			finish_ip4(f, l->off);
			break;
		case FUZZ_IP6:
			store16(f, l->off + 4, f->len - l->off - 40);
			break;
		case FUZZ_SCTP:
			finish_sctp(f, l->off);
			break;
		case FUZZ_GRE:
			finish_gre(f, l->off);
			break;
		default:
			finish_transport(f, l);
		}
	}
}

const struct fuzz_layer *fuzz_transport(const struct fuzz *f)
{
	unsigned int i;

	for (i = 0; i < f->num_layers; i++)
		if (f->layers[i].kind == FUZZ_TCP ||
		    f->layers[i].kind == FUZZ_UDP)
			return &f->layers[i];
	return NULL;
}

void fuzz_partial(struct fuzz *f, const struct fuzz_layer *l)
{
	if (l->off + 20 <= f->len)
		store16(f, l->off + fuzz_check_offset(l->kind),
			pseudo(f, l, proto_of(f, l)));
}
