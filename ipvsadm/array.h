/* SPDX-License-Identifier: GPL-2.0 */
/* Growable arrays: { T *v; size_t n, cap; }. */
#ifndef IPVSADM_ARRAY_H
#define IPVSADM_ARRAY_H

#include <stddef.h>

/*
 * Makes room for element number @count and returns the array, which may have
 * moved. Exits when memory is exhausted.
 */
void *array_grow(void *array, size_t count, size_t *cap, size_t size);

#endif
