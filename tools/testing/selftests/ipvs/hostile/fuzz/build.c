// SPDX-License-Identifier: GPL-2.0
/* Valid packets, as clients, servers and routers send them to and through a director. */
#include <string.h>

#include "fuzz.h"

enum {
	ICMP = 1, IPIP = 4, TCP = 6, UDP = 17, IPV6 = 41, GRE = 47, ESP = 50,
	AH = 51, ICMP6 = 58, SCTP = 132,
};

enum host { CLIENT, ROUTER, VIP, DIRECTOR, DIRECTOR_BACK, SERVER };

uint64_t fuzz_random(struct fuzz *f)
{
	uint64_t z = f->rng += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

unsigned int fuzz_below(struct fuzz *f, unsigned int below)
{
	return below ? (fuzz_random(f) >> 32) % below : 0;
}

bool fuzz_once_in(struct fuzz *f, unsigned int n)
{
	return !fuzz_below(f, n);
}

/* --- bytes --- */

static void put(struct fuzz *f, const void *bytes, unsigned int n)
{
	if (f->len + n > FUZZ_MAX - 64)
		return;
	memcpy(f->data + f->len, bytes, n);
	f->len += n;
}

static void field(struct fuzz *f, const void *bytes, unsigned int n)
{
	if (f->num_fields < FUZZ_FIELDS)
		f->fields[f->num_fields++] = (struct fuzz_field){ f->len, n };
	put(f, bytes, n);
}

static void put8(struct fuzz *f, unsigned int v)
{
	field(f, &(uint8_t){ v }, 1);
}

static void put16(struct fuzz *f, unsigned int v)
{
	field(f, (uint8_t[]){ v >> 8, v }, 2);
}

static void put32(struct fuzz *f, uint32_t v)
{
	field(f, (uint8_t[]){ v >> 24, v >> 16, v >> 8, v }, 4);
}

static void put_random(struct fuzz *f, unsigned int n)
{
	uint64_t v;

	for (; n >= 8; n -= 8) {
		v = fuzz_random(f);
		put(f, &v, 8);
	}
	v = fuzz_random(f);
	put(f, &v, n);
}

static void layer(struct fuzz *f, enum fuzz_kind kind, unsigned int l3)
{
	if (f->num_layers < FUZZ_LAYERS)
		f->layers[f->num_layers++] = (struct fuzz_layer){ kind, f->len, l3 };
}

/* --- IP --- */

static void put_host(struct fuzz *f, unsigned int af, enum host host,
		     unsigned int server)
{
	static const uint8_t net4[][4] = {
		[CLIENT] = { 192, 0, 2, 77 }, [ROUTER] = { 192, 0, 2, 2 },
		[VIP] = { 203, 0, 113, 10 }, [DIRECTOR] = { 192, 0, 2, 1 },
		[DIRECTOR_BACK] = { 198, 51, 100, 1 },
		[SERVER] = { 198, 51, 100, 101 },
	};
	/* the last two bytes as in the text of the address */
	static const uint8_t net6[][3] = {
		[CLIENT] = { 0xa, 0, 0x77 }, [ROUTER] = { 0xa, 0, 2 },
		[VIP] = { 0xf, 0, 0x10 }, [DIRECTOR] = { 0xa, 0, 1 },
		[DIRECTOR_BACK] = { 0xb, 0, 1 }, [SERVER] = { 0xb, 1, 1 },
	};
	uint8_t a[16] = { 0x20, 0x01, 0x0d, 0xb8, 0, net6[host][0] };

	a[14] = net6[host][1];
	a[15] = net6[host][2] + (host == SERVER ? server : 0);
	if (af == 4) {
		memcpy(a, net4[host], 4);
		a[3] += host == SERVER ? server : 0;
	}
	field(f, a, af == 4 ? 4 : 16);
}

static const uint8_t options4[][12] = {
	{ 1, 1, 1, 0 },					/* no-operation, end of list */
	{ 7, 7, 4, 0, 0, 0, 0, 0 },			/* record route */
	{ 0x44, 12, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0 },	/* time stamps */
	{ 0x94, 4, 0, 0 },				/* router alert */
	{ 0x44, 8, 13, 1, 0, 0, 0, 0 },			/* time stamps, addresses */
};

static unsigned int choose_options(struct fuzz *f, uint8_t *buf)
{
	unsigned int i, n = 0, size;

	if (!fuzz_once_in(f, 6))
		return 0;
	do {
		i = fuzz_below(f, 5);
		size = i == 1 || i == 4 ? 8 : i == 2 ? 12 : 4;
		memcpy(buf + n, options4[i], size);
		n += size;
	} while (n <= 28 && fuzz_once_in(f, 2));
	return n;
}

static void put_ip4(struct fuzz *f, enum host src, enum host dst,
		    unsigned int server, unsigned int proto)
{
	static const uint8_t ttls[] = { 64, 64, 64, 64, 64, 255, 2, 1 };
	uint8_t options[40];
	unsigned int i, n = choose_options(f, options);

	layer(f, FUZZ_IP4, f->len);
	put8(f, 0x45 + n / 4);
	put8(f, fuzz_once_in(f, 4) ? fuzz_random(f) : 0);
	put16(f, 0);
	put16(f, fuzz_random(f));
	put16(f, fuzz_once_in(f, 3) ? 0 : 0x4000);
	put8(f, ttls[fuzz_below(f, sizeof(ttls))]);
	put8(f, proto);
	put16(f, 0);
	put_host(f, 4, src, server);
	put_host(f, 4, dst, server);
	for (i = 0; i < n; i++)
		put8(f, options[i]);
}

/* One extension header with next header @next. */
static void put_extension(struct fuzz *f, unsigned int type, unsigned int next)
{
	unsigned int words = fuzz_below(f, 3);

	put8(f, next);
	switch (type) {
	case 44:		/* fragment: atomic, first, or non-first */
		put8(f, 0);
		put16(f, fuzz_once_in(f, 3) +
		      (fuzz_once_in(f, 6) ? 8 * fuzz_below(f, 200) : 0));
		put32(f, fuzz_random(f));
		return;
	case 51:
		put8(f, words * 2);
		put16(f, 0);
		put32(f, fuzz_random(f));
		put_random(f, words * 8);
		return;
	case 43:		/* routing, no segments left */
		put8(f, words);
		put8(f, fuzz_below(f, 5));
		put8(f, fuzz_once_in(f, 8));
		put32(f, 0);
		put_random(f, words * 8);
		return;
	default:		/* options: padding only */
		put8(f, words);
		put8(f, 1);
		put8(f, 4 + words * 8);
		put32(f, 0);
		put_random(f, words * 8);
	}
}

static void put_ip6(struct fuzz *f, enum host src, enum host dst,
		    unsigned int server, unsigned int proto)
{
	static const uint8_t types[] = { 0, 60, 43, 44, 60, 51 };
	unsigned int n = 0, chain[8], i;

	if (fuzz_once_in(f, 4))
		for (n = 1 + fuzz_below(f, fuzz_once_in(f, 4) ? 6 : 2), i = 0;
		     i < n; i++)
			chain[i] = types[fuzz_below(f, sizeof(types))];
	chain[n] = proto;
	layer(f, FUZZ_IP6, f->len);
	put32(f, 6u << 28 | (fuzz_once_in(f, 3) ? fuzz_below(f, 1 << 28) : 0));
	put16(f, 0);
	put8(f, chain[0]);
	put8(f, fuzz_once_in(f, 8) ? fuzz_below(f, 3) : 64);
	put_host(f, 6, src, server);
	put_host(f, 6, dst, server);
	for (i = 0; i < n; i++)
		put_extension(f, chain[i], chain[i + 1]);
}

static void put_ip(struct fuzz *f, unsigned int af, enum host src,
		   enum host dst, unsigned int server, unsigned int proto)
{
	if (af == 4)
		put_ip4(f, src, dst, server, proto);
	else
		put_ip6(f, src, dst, server, proto);
}

/* --- transport --- */

static void put_payload(struct fuzz *f)
{
	static const unsigned int sizes[] = {
		0, 8, 40, 100, 600, 1400, 1480, 1500,
	};
	unsigned int n = sizes[fuzz_below(f, 8)] + fuzz_below(f, 12);

	if (!f->depth && fuzz_once_in(f, 40))
		n = fuzz_below(f, 40000);
	put_random(f, n);
}

static void put_tcp(struct fuzz *f, unsigned int sport, unsigned int dport)
{
	static const uint8_t flags[] = {
		2, 2, 2, 0x12, 0x10, 0x10, 0x18, 0x11, 0x14, 4, 1, 0, 0x29, 0xc2,
	};
	unsigned int options = fuzz_once_in(f, 4) ? fuzz_below(f, 11) : 0;

	put16(f, sport);
	put16(f, dport);
	put32(f, fuzz_random(f));
	put32(f, fuzz_random(f));
	put8(f, (5 + options) << 4);
	put8(f, flags[fuzz_below(f, sizeof(flags))]);
	put16(f, 0xffff);
	put16(f, 0);
	put16(f, 0);
	put_random(f, options * 4);
	put_payload(f);
}

static void put_udp(struct fuzz *f, unsigned int sport, unsigned int dport)
{
	put16(f, sport);
	put16(f, dport);
	put16(f, 0);
	put16(f, fuzz_once_in(f, 8) ? 0 : 1);	/* 0: no checksum */
}

static void put_sctp(struct fuzz *f, unsigned int sport, unsigned int dport)
{
	static const uint8_t types[] = {
		1, 1, 1, 2, 10, 11, 0, 3, 6, 7, 8, 9, 14, 4, 5, 12, 255,
	};
	unsigned int n = 1 + fuzz_below(f, 3), size;

	put16(f, sport);
	put16(f, dport);
	put32(f, fuzz_random(f));
	put32(f, 0);
	while (n--) {
		size = fuzz_below(f, 30);
		put8(f, types[fuzz_below(f, sizeof(types))]);
		put8(f, fuzz_once_in(f, 3));
		put16(f, 4 + size);
		put_random(f, (size + 3) / 4 * 4);
	}
}

static void put_transport(struct fuzz *f, unsigned int l3, unsigned int proto,
			  unsigned int sport, unsigned int dport)
{
	switch (proto) {
	case TCP:
		layer(f, FUZZ_TCP, l3);
		put_tcp(f, sport, dport);
		break;
	case UDP:
		layer(f, FUZZ_UDP, l3);
		put_udp(f, sport, dport);
		put_payload(f);
		break;
	case SCTP:
		layer(f, FUZZ_SCTP, l3);
		put_sctp(f, sport, dport);
		break;
	default:		/* AH, ESP and unknown protocols */
		put32(f, fuzz_random(f));
		put32(f, fuzz_random(f));
		put_payload(f);
	}
}

/* --- packets --- */

struct flow {
	unsigned int af, proto, cport, vport, dport, server;
};

static struct flow choose_flow(struct fuzz *f, unsigned int af)
{
	static const uint8_t protos[] = {
		TCP, TCP, TCP, TCP, UDP, UDP, UDP, SCTP, SCTP, AH, ESP,
	};
	struct flow w = {
		.af = af,
		.proto = protos[fuzz_below(f, sizeof(protos))],
		.cport = FUZZ_CPORT + fuzz_below(f, FUZZ_CPORTS),
		.vport = FUZZ_VPORT + fuzz_below(f, FUZZ_VPORTS),
		.server = fuzz_below(f, 3),
	};

	if (fuzz_once_in(f, 16))
		w.vport = 21;
	if (w.proto == AH || w.proto == ESP || fuzz_once_in(f, 16))
		w.cport = w.vport = 500;
	/* half of the services change addresses, and ports with them; IPsec
	 * follows its key exchange, UDP from and to port 500 */
	w.dport = w.vport % 2 || w.vport == 500 ? w.vport :
						 w.vport + FUZZ_DPORT;
	return w;
}

static void segment(struct fuzz *f, const struct flow *w, enum host from,
		    enum host to, unsigned int sport, unsigned int dport)
{
	unsigned int l3 = f->len;

	put_ip(f, w->af, from, to, w->server, w->proto);
	put_transport(f, l3, w->proto, sport, dport);
}

static void request(struct fuzz *f, const struct flow *w)
{
	segment(f, w, CLIENT, VIP, w->cport, w->vport);
}

/* The request as a server behind NAT gets it. */
static void rewritten(struct fuzz *f, const struct flow *w)
{
	segment(f, w, CLIENT, SERVER, w->cport, w->dport);
}

static void reply(struct fuzz *f, const struct flow *w)
{
	segment(f, w, SERVER, CLIENT, w->dport, w->cport);
}

/* The reply as the client gets it. */
static void answer(struct fuzz *f, const struct flow *w)
{
	segment(f, w, VIP, CLIENT, w->vport, w->cport);
}

/*
 * Remote checksum offload only in tunnels that the director made, which are
 * quoted in ICMP errors: where the director itself decapsulates, the sender
 * chooses skb->csum_start, and the kernel warns about an invalid offset when
 * it forwards the inner packet.
 */
static void tunnel_header(struct fuzz *f, unsigned int l3, unsigned int proto,
			  unsigned int inner, bool sent)
{
	bool more = fuzz_once_in(f, 2) && (sent || proto != UDP);

	switch (proto) {
	case UDP:
		layer(f, FUZZ_UDP, l3);
		put_udp(f, 50000 + fuzz_below(f, 100), FUZZ_GUE_PORT);
		put8(f, more ? 2 : 0);
		put8(f, inner == 4 ? IPIP : IPV6);
		put16(f, more ? 0x0001 : 0);
		if (more) {	/* private flags: remote checksum */
			put32(f, 0x80000000u);
			put16(f, 20);
			put16(f, 36);
		}
		break;
	case GRE:
		layer(f, FUZZ_GRE, l3);
		put16(f, more ? 0x8000 : 0);
		put16(f, inner == 4 ? 0x0800 : 0x86dd);
		if (more)
			put32(f, 0);
		break;
	}
}

/* The request in a tunnel, to the server (@sent: by the director) or to the director. */
static void tunnelled(struct fuzz *f, const struct flow *w, bool sent)
{
	unsigned int outer = fuzz_once_in(f, 4) ? 10 - w->af : w->af;
	unsigned int plain = w->af == 4 ? IPIP : IPV6;
	unsigned int protos[] = { plain, UDP, GRE };
	unsigned int proto = protos[fuzz_below(f, 3)], l3 = f->len;

	if (f->len && sent)
		outer = w->af;
	put_ip(f, outer, sent ? DIRECTOR_BACK : CLIENT, sent ? SERVER : DIRECTOR,
	       w->server, proto);
	tunnel_header(f, l3, proto, w->af, sent);
	if (fuzz_once_in(f, 8) && f->depth < 4) {
		f->depth++;
		tunnelled(f, w, sent);
	} else {
		request(f, w);
	}
}

static void icmp_header(struct fuzz *f, unsigned int af, enum host from,
			enum host to, unsigned int server)
{
	static const uint8_t types4[] = { 3, 3, 3, 11, 4, 12, 5 };
	unsigned int l3 = f->len;

	f->depth++;
	put_ip(f, af, from, to, server, af == 4 ? ICMP : ICMP6);
	layer(f, FUZZ_ICMP, l3);
	put8(f, af == 4 ? types4[fuzz_below(f, sizeof(types4))] :
		fuzz_once_in(f, 8) ? 137 : 1 + fuzz_below(f, 4));
	put8(f, fuzz_below(f, 6));
	put16(f, 0);
	put32(f, fuzz_once_in(f, 2) ? fuzz_below(f, 1600) : fuzz_random(f));
}

/* An error about a packet of a connection, quoted at varying length. */
static void error(struct fuzz *f, const struct flow *w)
{
	unsigned int quoted, n, size;
	struct fuzz_layer *last;

	switch (fuzz_below(f, 5)) {
	case 0:
		icmp_header(f, w->af, CLIENT, VIP, 0);
		quoted = f->len;
		answer(f, w);
		break;
	case 1:
		icmp_header(f, w->af, SERVER, CLIENT, w->server);
		quoted = f->len;
		rewritten(f, w);
		break;
	case 2:
		icmp_header(f, w->af, SERVER, CLIENT, w->server);
		quoted = f->len;
		request(f, w);
		break;
	case 3:
		icmp_header(f, w->af, SERVER, DIRECTOR_BACK, w->server);
		quoted = f->len;
		tunnelled(f, w, true);
		break;
	default:
		icmp_header(f, w->af, ROUTER, VIP, 0);
		icmp_header(f, w->af, VIP, CLIENT, 0);
		quoted = f->len;
		if (fuzz_once_in(f, 2))
			answer(f, w);
		else
			reply(f, w);
	}
	fuzz_finish(f, f->num_layers);
	size = f->len - quoted;
	n = fuzz_once_in(f, 3) ? fuzz_below(f, size + 1) : size;
	if (n > 500)
		n = 28 + fuzz_below(f, 500);
	f->len = quoted + n;
	/* the quoted packet keeps its lengths and checksums */
	last = f->layers + f->num_layers;
	while (last > f->layers && last[-1].off >= quoted)
		last--;
	f->num_layers = last - f->layers;
}

static void other(struct fuzz *f, const struct flow *w)
{
	unsigned int l3 = f->len;

	if (fuzz_once_in(f, 2)) {
		put_ip(f, w->af, CLIENT, VIP, 0, fuzz_below(f, 256));
		put_random(f, fuzz_below(f, 100));
		return;
	}
	put_ip(f, w->af, CLIENT, VIP, 0, w->af == 4 ? ICMP : ICMP6);
	layer(f, FUZZ_ICMP, l3);
	put8(f, w->af == 4 ? 8 : 128);
	put8(f, 0);
	put16(f, 0);
	put32(f, 0);
	put_payload(f);
}

void fuzz_build(struct fuzz *f, uint64_t seed, uint64_t number)
{
	struct flow w;

	f->rng = seed * 0x2545f4914f6cdd1dull + number * 0xd1342543de82ef95ull;
	fuzz_random(f);
	f->len = f->num_fields = f->num_layers = f->depth = 0;
	f->request = true;
	w = choose_flow(f, fuzz_once_in(f, 2) ? 4 : 6);
	switch (fuzz_below(f, 16)) {
	case 0 ... 5:
		request(f, &w);
		break;
	case 6 ... 8:
		f->request = false;
		reply(f, &w);
		break;
	case 9 ... 13:
		error(f, &w);
		break;
	case 14:
		tunnelled(f, &w, false);
		break;
	default:
		other(f, &w);
	}
	f->af = f->data[0] >> 4;
	fuzz_finish(f, f->num_layers);
}
