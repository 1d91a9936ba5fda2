// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "fail.h"

static char text[1024];

int fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* One error is one line, whatever bytes the user's value brought along. */
	for (char *p = text; *p; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	}
	return -1;
}

const char *fail_text(void)
{
	return text;
}

void *grow(void *array, size_t count, size_t *cap, size_t size)
{
	size_t want = *cap ? *cap : 16;

	if (count < *cap)
		return array;
	while (want <= count)
		want *= 2;
	array = reallocarray(array, want, size);
	if (!array) {
		fputs("ipvsadm: out of memory\n", stderr);
		exit(EXIT_KERNEL);
	}
	*cap = want;
	return array;
}
