/* Lines to stderr with the journal's priority prefix (sd-daemon(3)); no prefix on a terminal. */
#ifndef NETPOL_BASE_LOG_H
#define NETPOL_BASE_LOG_H

/* Values of syslog(3). */
enum log_level { LOG_ERROR = 3, LOG_WARN = 4, LOG_NOTE = 5, LOG_INFO = 6 };

/* subject: the subsystem, "conntrack", "store" …; one call is one line, newlines in it become
 * spaces. Any thread. */
void log_line(enum log_level level, const char *subject, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
