/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A packet fuzzer: packets as they cross a director, then damaged. Packet N of
 * a seed depends on these two numbers only.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FUZZ_MAX	65536
#define FUZZ_FIELDS	256
#define FUZZ_LAYERS	32

/* As in topology.sh and fuzz.py. */
#define FUZZ_CPORT	40000	/* first client port */
#define FUZZ_CPORTS	8	/* number of client ports */
#define FUZZ_VPORT	80	/* first service port */
#define FUZZ_VPORTS	16	/* number of service ports */
#define FUZZ_DPORT	8000	/* added at the server, where NAT translates it */
#define FUZZ_GUE_PORT	5555

/* A header with a length or a checksum. */
enum fuzz_kind {
	FUZZ_IP4, FUZZ_IP6, FUZZ_TCP, FUZZ_UDP, FUZZ_SCTP, FUZZ_ICMP, FUZZ_GRE,
};

struct fuzz_layer {
	enum fuzz_kind kind;
	unsigned int off;
	unsigned int l3;	/* its IP header */
};

struct fuzz_field {
	unsigned int off;
	unsigned int size;
};

struct fuzz {
	uint64_t rng;
	uint8_t data[FUZZ_MAX];
	unsigned int len;
	uint8_t af;			/* 4 or 6 */
	bool request;			/* from the client's side */
	struct fuzz_field fields[FUZZ_FIELDS];
	unsigned int num_fields;
	struct fuzz_layer layers[FUZZ_LAYERS];
	unsigned int num_layers;
	unsigned int depth;
};

/* A valid packet of the seed; a packet that may be damaged. */
void fuzz_build(struct fuzz *f, uint64_t seed, uint64_t number);
void fuzz_damage(struct fuzz *f);

/* Set lengths and checksums of all layers, or of the first @n. */
void fuzz_finish(struct fuzz *f, unsigned int n);

/* The first transport header, or NULL. */
const struct fuzz_layer *fuzz_transport(const struct fuzz *f);
/* Set its checksum as for a device that completes it. */
void fuzz_partial(struct fuzz *f, const struct fuzz_layer *l);
/* Offset of the Internet checksum in a header of @kind, -1: none. */
int fuzz_check_offset(enum fuzz_kind kind);

/* Send @f's packet in fragments with @send. */
void fuzz_split(struct fuzz *f, void (*send)(struct fuzz *f));

uint64_t fuzz_random(struct fuzz *f);
/* 0 ... below - 1 */
unsigned int fuzz_below(struct fuzz *f, unsigned int below);
/* True with probability 1/@n. */
bool fuzz_once_in(struct fuzz *f, unsigned int n);

#endif /* FUZZ_H */
