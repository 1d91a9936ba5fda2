// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>

#include "array.h"
#include "fail.h"

void *array_grow(void *array, size_t count, size_t *cap, size_t size)
{
	size_t new_cap = *cap ? *cap : 16;

	if (count < *cap)
		return array;
	while (new_cap <= count)
		new_cap *= 2;
	array = reallocarray(array, new_cap, size);
	if (!array) {
		fputs("ipvsadm: out of memory\n", stderr);
		exit(EXIT_KERNEL);
	}
	*cap = new_cap;
	return array;
}
