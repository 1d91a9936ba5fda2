/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_FTP_TEXT_H
#define VS_FTP_TEXT_H

#include <linux/netfilter.h>
#include <linux/types.h>

#define FTP_LINE_MAX	240

/**
 * struct ftp_line - a line that is being received
 * @next:	sequence number of the byte that comes next
 * @start:	of the line's first byte
 * @len:	of @text
 * @began:	something was received
 * @skip:	the line's beginning was not seen
 * @text:	the line up to now, the end of a long one is left out
 */
struct ftp_line {
	u32 next;
	u32 start;
	u8 len;
	bool began;
	bool skip;
	char text[FTP_LINE_MAX];
};

/* Is given a line without its end, or (!@whole) what a segment has of one. */
typedef void (*ftp_line_fn)(void *arg, const char *text, unsigned int len,
			    u32 seq, bool whole);

/* Gives @fn the lines of the segment @data, which began in earlier ones
 * perhaps. A segment out of order is read alone, as if a line began with it. If
 * @strict, it is not, and after a gap it goes on with the next line: a receiver
 * can have the sender cut where it likes, and send again. */
void vs_ftp_read(struct ftp_line *l, u32 seq, const char *data,
		 unsigned int len, bool strict, ftp_line_fn fn, void *arg);

enum ftp_verb {
	FTP_OTHER,
	FTP_PASV = 0x1,
	FTP_EPSV = 0x2,
	FTP_PORT = 0x4,
	FTP_EPRT = 0x8,
};

struct ftp_end {
	union nf_inet_addr addr;
	__be16 port;
};

/* Whether a reply goes on after the whole @line (RFC 959, 4.2). *@code: of the
 * reply that goes on, 0 if none does; 0 to begin with. */
bool vs_ftp_goes_on(u16 *code, const char *line, unsigned int len);

/* What a client's line asks for; with FTP_PORT and FTP_EPRT where it listens:
 * @end. @af is the control connection's family: another is FTP_OTHER. */
enum ftp_verb vs_ftp_command(const char *line, unsigned int len, u8 af,
			     struct ftp_end *end);

/**
 * struct ftp_passive - a server's answer to PASV or EPSV
 * @port:	where it listens
 * @from:	offset of what tells so
 * @to:		and its end
 */
struct ftp_passive {
	__be16 port;
	unsigned int from;
	unsigned int to;
};

/* FTP_PASV or FTP_EPSV, if that is what @line answers and all of it is there;
 * the line may go on when it is not @whole. */
enum ftp_verb vs_ftp_reply(const char *line, unsigned int len, u8 af,
			   bool whole, struct ftp_passive *r);

#endif /* VS_FTP_TEXT_H */
