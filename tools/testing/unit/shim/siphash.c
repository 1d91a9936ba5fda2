// SPDX-License-Identifier: GPL-2.0
/*
 * SipHash (Aumasson, Bernstein 2012) as implemented by 64-bit kernels.
 */

struct state {
	u64 v[4];
};

static u64 rol(u64 v, int n)
{
	return v << n | v >> (64 - n);
}

static void round_(struct state *s)
{
	u64 *v = s->v;

	v[0] += v[1];
	v[2] += v[3];
	v[1] = rol(v[1], 13) ^ v[0];
	v[3] = rol(v[3], 16) ^ v[2];
	v[0] = rol(v[0], 32) + v[3];
	v[2] += v[1];
	v[3] = rol(v[3], 21) ^ v[0];
	v[1] = rol(v[1], 17) ^ v[2];
	v[2] = rol(v[2], 32);
}

static void begin(struct state *s, const u64 *key)
{
	s->v[0] = 0x736f6d6570736575ull ^ key[0];
	s->v[1] = 0x646f72616e646f6dull ^ key[1];
	s->v[2] = 0x6c7967656e657261ull ^ key[0];
	s->v[3] = 0x7465646279746573ull ^ key[1];
}

static void word(struct state *s, u64 w, int rounds)
{
	s->v[3] ^= w;
	while (rounds--)
		round_(s);
	s->v[0] ^= w;
}

static u64 end(struct state *s, int rounds)
{
	s->v[2] ^= 0xff;
	while (rounds--)
		round_(s);
	return s->v[0] ^ s->v[1] ^ s->v[2] ^ s->v[3];
}

u32 hsiphash(const void *data, size_t len, const hsiphash_key_t *key)
{
	u64 k[2] = { key->key[0], key->key[1] }, w, last = (u64)len << 56;
	const u8 *p = data;
	struct state s;

	begin(&s, k);
	for (; len >= sizeof(w); len -= sizeof(w), p += sizeof(w)) {
		memcpy(&w, p, sizeof(w));
		word(&s, w, 1);
	}
	w = 0;
	memcpy(&w, p, len);
	word(&s, last | w, 1);
	return end(&s, 3);
}

u32 hsiphash_2u32(u32 a, u32 b, const hsiphash_key_t *key)
{
	u32 w[] = { a, b };

	return hsiphash(w, sizeof(w), key);
}

u32 hsiphash_4u32(u32 a, u32 b, u32 c, u32 d, const hsiphash_key_t *key)
{
	u32 w[] = { a, b, c, d };

	return hsiphash(w, sizeof(w), key);
}

u64 siphash_2u64(u64 a, u64 b, const siphash_key_t *key)
{
	struct state s;

	begin(&s, key->key);
	word(&s, a, 2);
	word(&s, b, 2);
	word(&s, 16ull << 56, 2);
	return end(&s, 4);
}
