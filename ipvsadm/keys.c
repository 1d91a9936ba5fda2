// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fail.h"
#include "keys.h"
#include "parse.h"

#define KEY_FILE_MAX 16384
#define SECRET_DIGITS (2 * WEIR_KEY_LEN)
#define SPACES " \t\r\v\f"

/* A line of the file, for messages */
struct key_line {
	const char *path;
	size_t number;
};

static int fail_line(const struct key_line *line, const char *reason)
{
	return fail("%.400s: line %zu: %s", line->path, line->number, reason);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 'a' - 'A';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int parse_secret(const struct key_line *line, const char *text, uint8_t *secret)
{
	size_t len = strlen(text);

	if (text[strspn(text, "0123456789abcdefABCDEF")])
		return fail_line(line, "the secret has characters other than hexadecimal digits");
	if (len != SECRET_DIGITS)
		return fail("%.400s: line %zu: the secret has %zu hexadecimal digits instead of %d",
			    line->path, line->number, len, SECRET_DIGITS);
	for (size_t i = 0; i < WEIR_KEY_LEN; i++)
		secret[i] = hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]);
	return 0;
}

static int add_key(const struct key_line *line, const char *id_text, const char *secret_text,
		   struct ipvs_mesh_config *config)
{
	struct ipvs_key *key = &config->keys[config->n_keys];
	uint32_t id;

	if (parse_number(id_text, 0, 255, &id))
		return fail_line(line, "the id of the key is not a number from 0 to 255");
	if (!secret_text)
		return fail_line(line, "no secret after the id of the key");
	for (size_t i = 0; i < config->n_keys; i++) {
		if (config->keys[i].id == id)
			return fail("%.400s: line %zu: a second key with id %u",
				    line->path, line->number, id);
	}
	if (config->n_keys == WEIR_MESH_MAX_KEYS)
		return fail("%.400s: line %zu: more than %d keys",
			    line->path, line->number, WEIR_MESH_MAX_KEYS);
	if (parse_secret(line, secret_text, key->secret))
		return -1;
	key->id = id;
	config->n_keys++;
	return 0;
}

static int parse_key_line(const struct key_line *line, char *text,
			  struct ipvs_mesh_config *config)
{
	char *save, *id, *secret;

	text[strcspn(text, "#")] = '\0';
	id = strtok_r(text, SPACES, &save);
	if (!id)
		return 0;
	secret = strtok_r(NULL, SPACES, &save);
	if (secret && strtok_r(NULL, SPACES, &save))
		return fail_line(line, "text after the secret");
	return add_key(line, id, secret, config);
}

int keys_parse(const char *path, char *text, size_t len, struct ipvs_mesh_config *config)
{
	struct key_line line = { .path = path };
	char *next;

	config->n_keys = 0;
	text[len] = '\0';
	if (strlen(text) != len)
		return fail("%.400s: a NUL byte in the file", path);
	for (; text; text = next) {
		next = strchr(text, '\n');
		if (next)
			*next++ = '\0';
		line.number++;
		if (parse_key_line(&line, text, config))
			return -1;
	}
	if (!config->n_keys)
		return fail("%.400s: no key in the file (expected lines of an id and %d hexadecimal digits)",
			    path, SECRET_DIGITS);
	return 0;
}

static int check_key_file(const char *path, int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return fail("cannot read %.400s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fail("%.400s: not a regular file", path);
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return fail("%.400s: mode %04o lets group or others access the keys: chmod 600 %.400s",
			    path, st.st_mode & 07777, path);
	return 0;
}

/* Not with stdio, whose buffer cannot be wiped */
static int read_key_file(const char *path, int fd, char *buf, size_t *len)
{
	ssize_t n;

	*len = 0;
	do {
		n = read(fd, buf + *len, KEY_FILE_MAX + 1 - *len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail("cannot read %.400s: %s", path, strerror(errno));
		*len += n;
		if (*len > KEY_FILE_MAX)
			return fail("%.400s: more than %d bytes", path, KEY_FILE_MAX);
	} while (n);
	return 0;
}

int keys_read(const char *path, struct ipvs_mesh_config *config)
{
	/* O_NONBLOCK: to open a FIFO would wait for a writer */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char buf[KEY_FILE_MAX + 1];
	size_t len;
	int err;

	if (fd < 0)
		return fail("cannot open %.400s: %s", path, strerror(errno));
	err = check_key_file(path, fd);
	if (!err)
		err = read_key_file(path, fd, buf, &len);
	if (!err)
		err = keys_parse(path, buf, len, config);
	explicit_bzero(buf, sizeof(buf));
	close(fd);
	return err;
}
