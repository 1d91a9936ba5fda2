// SPDX-License-Identifier: GPL-2.0
/*
 * The order of listings: services by <mark, family, protocol, address, port>,
 * servers by <address, port>.
 *
 * As in 1.31, 32-bit words are compared by the sign of their difference, which
 * puts 192.0.2.1 before 10.0.0.1. Scripts diff listings, so the order is kept.
 */
#include <arpa/inet.h>
#include <stdlib.h>

#include "sort.h"

static int compare_words(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

static int compare_addrs(const struct ipvs_addr *a, const struct ipvs_addr *b)
{
	int words = a->af == AF_INET6 ? 4 : 1;
	int order = 0;

	for (int i = 0; i < words && !order; i++)
		order = compare_words(ntohl(a->word[i]), ntohl(b->word[i]));
	return order;
}

static int compare_services(const void *left, const void *right)
{
	const struct ipvs_service *a = left, *b = right;
	int order = compare_words(a->fwmark, b->fwmark);

	if (!order)
		order = a->addr.af - b->addr.af;
	if (!order)
		order = a->protocol - b->protocol;
	if (!order)
		order = compare_addrs(&a->addr, &b->addr);
	return order ? order : ntohs(a->port) - ntohs(b->port);
}

static int compare_dests(const void *left, const void *right)
{
	const struct ipvs_dest *a = left, *b = right;
	int order = compare_addrs(&a->addr, &b->addr);

	return order ? order : ntohs(a->port) - ntohs(b->port);
}

void sort_services(struct ipvs_services *services)
{
	if (services->n)
		qsort(services->v, services->n, sizeof(*services->v), compare_services);
}

void sort_dests(struct ipvs_dests *dests)
{
	if (dests->n)
		qsort(dests->v, dests->n, sizeof(*dests->v), compare_dests);
}
