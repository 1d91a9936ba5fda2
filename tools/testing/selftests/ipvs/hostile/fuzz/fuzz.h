/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A packet fuzzer: packets as they cross a director, then damaged. What packet
 * number N of a seed is depends on these two numbers only.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FUZZ_MAX	65536
#define FUZZ_FIELDS	256
#define FUZZ_LAYERS	32

/* Where the topology and the services of fuzz.py have them. */
#define FUZZ_CPORT	40000	/* clients' ports, so many: */
#define FUZZ_CPORTS	8
#define FUZZ_VPORT	80	/* services' ports, so many: */
#define FUZZ_VPORTS	16
#define FUZZ_DPORT	8000	/* more at the server, where NAT changes it */
#define FUZZ_GUE_PORT	5555

/* A header of which a length or a checksum can be told. */
enum fuzz_kind {
	FUZZ_IP4, FUZZ_IP6, FUZZ_TCP, FUZZ_UDP, FUZZ_SCTP, FUZZ_ICMP, FUZZ_GRE,
};

struct fuzz_layer {
	enum fuzz_kind kind;
	unsigned int off;
	unsigned int l3;	/* the IP header that it belongs to */
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

/* A valid packet of the seed, and one that may be damaged. */
void fuzz_build(struct fuzz *f, uint64_t seed, uint64_t number);
void fuzz_damage(struct fuzz *f);

/* Lengths and checksums of all layers, or of the first @n. */
void fuzz_finish(struct fuzz *f, unsigned int n);

/* The first transport header, or NULL. */
const struct fuzz_layer *fuzz_transport(const struct fuzz *f);
/* Its checksum becomes what it is when the device is to complete it. */
void fuzz_partial(struct fuzz *f, const struct fuzz_layer *l);
/* Offset of the checksum in a header of @kind, -1: none that is like that. */
int fuzz_check_offset(enum fuzz_kind kind);

/* @f's packet in fragments, sent by @send. */
void fuzz_split(struct fuzz *f, void (*send)(struct fuzz *f));

uint64_t fuzz_random(struct fuzz *f);
/* 0 ... below - 1 */
unsigned int fuzz_below(struct fuzz *f, unsigned int below);
/* True once in @n times. */
bool fuzz_once_in(struct fuzz *f, unsigned int n);

#endif /* FUZZ_H */
