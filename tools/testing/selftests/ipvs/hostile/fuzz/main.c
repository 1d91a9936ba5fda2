// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz [-s SEED] [-f FIRST] [-n PACKETS] [-t SECONDS] [-p] [FILE...]: sends the
 * packets in the files (one per line, in hexadecimal), then PACKETS packets of
 * SEED from number FIRST on, for at most SECONDS. -p: prints them instead.
 */
#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "send.h"

static enum way way;
static bool print;

static void show(const struct fuzz *f)
{
	unsigned int i;

	printf("%s ", way_names[way]);
	for (i = 0; i < f->len; i++)
		printf("%02x", f->data[i]);
	putchar('\n');
}

static void send_it(struct fuzz *f)
{
	if (print)
		show(f);
	else if (f->len)
		way_send(f, way, true);
}

static enum way some_way(struct fuzz *f)
{
	static const enum way ways[] = {
		WAY_FRAGS, WAY_FRAGS, WAY_FRAGS, WAY_TAP, WAY_TAP, WAY_VETH,
		WAY_VETH, WAY_LOCAL,
	};

	return ways[fuzz_below(f, 8)];
}

static void one_packet(struct fuzz *f, uint64_t seed, uint64_t number)
{
	fuzz_build(f, seed, number);
	way = some_way(f);
	if (!fuzz_once_in(f, 4))
		fuzz_damage(f);
	if (way != WAY_LOCAL && fuzz_once_in(f, 16))
		fuzz_split(f, send_it);
	else
		send_it(f);
}

static unsigned int unhex(const char *s, uint8_t *to)
{
	unsigned int n = 0, byte;

	while (n < FUZZ_MAX && sscanf(s, "%2x", &byte) == 1 && s[1]) {
		to[n++] = byte;
		s += 2;
	}
	return n;
}

/* Sends each packet of a file in every way; in pages with several layouts. */
static unsigned long replay(struct fuzz *f, const char *path)
{
	FILE *file = fopen(path, "r");
	unsigned long packets = 0;
	static struct fuzz copy;
	char *line = NULL;
	size_t size = 0;
	int i;

	if (!file)
		err(1, "%s", path);
	while (getline(&line, &size, file) > 0) {
		if (!isxdigit(*line))
			continue;
		memset(f, 0, offsetof(struct fuzz, data));
		f->num_layers = 0;
		f->len = unhex(line, f->data);
		f->af = f->data[0] >> 4 == 6 ? 6 : 4;
		for (i = 0; i < WAYS + 8; i++) {
			memcpy(&copy, f, sizeof(copy));
			copy.rng = i;
			way_send(&copy, i < WAYS ? i : WAY_FRAGS, false);
		}
		packets++;
	}
	free(line);
	fclose(file);
	return packets;
}

static void report(uint64_t number)
{
	int w;

	printf("packet %llu", (unsigned long long)number);
	for (w = 0; w < WAYS; w++)
		printf(", %s %lu + %lu refused", way_names[w],
		       way_counts[w].sent, way_counts[w].refused);
	putchar('\n');
	fflush(stdout);
}

int main(int argc, char **argv)
{
	unsigned long long seed = time(NULL), first = 0, packets = 100000, i;
	time_t seconds = 3600, end, said;
	unsigned long replayed = 0;
	static struct fuzz f;
	int c;

	while ((c = getopt(argc, argv, "s:f:n:t:p")) != -1) {
		switch (c) {
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 'f':
			first = strtoull(optarg, NULL, 0);
			break;
		case 'n':
			packets = strtoull(optarg, NULL, 0);
			break;
		case 't':
			seconds = atol(optarg);
			break;
		case 'p':
			print = true;
			break;
		default:
			return 2;
		}
	}
	if (!print) {
		printf("seed %llu\n", seed);
		ways_open();
		for (; optind < argc; optind++)
			replayed += replay(&f, argv[optind]);
		printf("corpus: %lu packets\n", replayed);
	}
	said = time(NULL);
	end = said + seconds;
	for (i = first; i < first + packets && time(NULL) < end; i++) {
		one_packet(&f, seed, i);
		if (!print && time(NULL) >= said + 5) {
			said = time(NULL);
			report(i);
		}
	}
	if (!print)
		report(i);
	return 0;
}
