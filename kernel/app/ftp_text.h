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
 * @hole:	bytes from here to @hole_end may be missing in front of @next;
 *		none are if the two are equal
 * @hole_end:	see @hole
 * @len:	length of @text
 * @began:	at least one segment was received
 * @skip:	the beginning of the line was missed: it is not reported
 * @text:	the part of the line that was received; longer lines are truncated
 */
struct ftp_line {
	u32 next;
	u32 start;
	u32 hole;
	u32 hole_end;
	u8 len;
	bool began;
	bool skip;
	char text[FTP_LINE_MAX];
};

/* Called for each line, without the CRLF, and (!@whole) for an incomplete line
 * at the end of a segment. @seq is the sequence number of its first byte.
 * Returns false if the line cannot be handled now: the segment has to come
 * again. */
typedef bool (*ftp_line_fn)(void *arg, const char *text, unsigned int len,
			    u32 seq, bool whole);

/* The stream of @l, of which nothing was read yet, begins at @seq. */
void vs_ftp_begin(struct ftp_line *l, u32 seq);

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
 * Unless @strict, a segment that fills a gap is parsed on its own, as if a line
 * began there. @strict is for the real server's stream: the client controls, by
 * its window and acknowledgements, where the server's segments begin and what
 * is retransmitted, and could turn a part of a line into a reply. What was read
 * before is not read again.
 *
 * Return: true; or false if @fn has returned false: that line and what follows
 * it count as not received.
 */
bool vs_ftp_read(struct ftp_line *l, u32 seq, const char *data,
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

/* The class of a reply by its last line, complete: 1 preliminary, 2 or 3
 * positive, 4 or 5 negative, 0 not a reply (RFC 959, 4.2.1). */
unsigned int vs_ftp_reply_class(const char *line, unsigned int len);

/* Parses a client's line. FTP_PORT, FTP_EPRT: @end is set. FTP_OTHER: any other
 * command, or one for another family than @af, that of the control
 * connection. */
enum ftp_verb vs_ftp_command(const char *line, unsigned int len, u8 af,
			     struct ftp_end *end);

/**
 * struct ftp_passive - a server's reply to PASV or EPSV
 * @port:	port on which it listens; 0 if @partial
 * @from:	offset of the text that has to be edited: "h1,h2,h3,h4,p1,p2" or
 *		"|||port|"
 * @to:		offset of its end
 * @partial:	the text that was received may be the beginning of a longer one
 */
struct ftp_passive {
	__be16 port;
	unsigned int from;
	unsigned int to;
	bool partial;
};

/* Parses a server's line: FTP_PASV, FTP_EPSV: @r is set; or FTP_OTHER. More of
 * @line may come if it is not @whole. */
enum ftp_verb vs_ftp_reply(const char *line, unsigned int len, u8 af,
			   bool whole, struct ftp_passive *r);

#endif /* VS_FTP_TEXT_H */
