/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_FTP_TEXT_H
#define VS_FTP_TEXT_H

#include <linux/netfilter.h>
#include <linux/types.h>

#define FTP_LINE_MAX	240

/**
 * struct ftp_line - a line that is being received
 * @next:	sequence number of the next byte
 * @start:	sequence number of the line's first byte
 * @len:	length of @text
 * @began:	at least one segment was received
 * @skip:	the beginning of the line was missed: it is not reported
 * @text:	the part of the line that was received; longer lines are truncated
 */
struct ftp_line {
	u32 next;
	u32 start;
	u8 len;
	bool began;
	bool skip;
	char text[FTP_LINE_MAX];
};

/* Called for each line, without the CRLF, and (!@whole) for an incomplete line
 * at the end of a segment. @seq is the sequence number of its first byte. */
typedef void (*ftp_line_fn)(void *arg, const char *text, unsigned int len,
			    u32 seq, bool whole);

/**
 * vs_ftp_read - split a TCP stream into lines
 * @l: line of the stream
 * @seq: sequence number of @data
 * @data: payload of a segment
 * @len: length of @data
 * @strict: report lines only if all of their bytes were received in order
 * @fn: called for each line
 * @arg: passed to @fn
 *
 * Unless @strict, a segment out of order is parsed on its own, as if a line
 * began there. @strict is for the real server's stream: the client controls, by
 * its window and acknowledgements, where the server's segments begin and what
 * is retransmitted, and could turn a part of a line into a reply.
 */
void vs_ftp_read(struct ftp_line *l, u32 seq, const char *data,
		 unsigned int len, bool strict, ftp_line_fn fn, void *arg);

enum ftp_verb {
	FTP_OTHER,
	FTP_PASV = 0x1,
	FTP_EPSV = 0x2,
	FTP_PORT = 0x4,
	FTP_EPRT = 0x8,
};

/* Address and port on which the client listens. */
struct ftp_end {
	union nf_inet_addr addr;
	__be16 port;
};

/* Whether more lines of a multi-line reply follow @line, which is complete (RFC
 * 959, 4.2). *@code is the state between calls: the code of the multi-line
 * reply, or 0, as initially. */
bool vs_ftp_reply_continues(u16 *code, const char *line, unsigned int len);

/* Parses a client's line. FTP_PORT, FTP_EPRT: @end is set. FTP_OTHER: any other
 * command, or one for another family than @af, that of the control
 * connection. */
enum ftp_verb vs_ftp_command(const char *line, unsigned int len, u8 af,
			     struct ftp_end *end);

/**
 * struct ftp_passive - a server's reply to PASV or EPSV
 * @port:	port on which it listens
 * @from:	offset of the text that has to be edited: "h1,h2,h3,h4,p1,p2" or
 *		"|||port|"
 * @to:		offset of its end
 */
struct ftp_passive {
	__be16 port;
	unsigned int from;
	unsigned int to;
};

/* Parses a server's line: FTP_PASV, FTP_EPSV: @r is set; or FTP_OTHER. If @line
 * is not @whole, it must include all of the text to be edited. */
enum ftp_verb vs_ftp_reply(const char *line, unsigned int len, u8 af,
			   bool whole, struct ftp_passive *r);

#endif /* VS_FTP_TEXT_H */
