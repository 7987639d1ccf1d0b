/* The limit of the machine: the same conversation in one epoll loop, every command answered, nothing checked and
 * nothing stored. No server that takes these mails in one process and one thread can be faster.
 *
 *     echo PORT lines|segments
 *
 * Lines: a reply for each line, one for a body up to its lone dot; the replies of one recv go out in one send.
 * Segments: each recv gets a reply. Written for the benchmark only: loopback, trusted input. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 256, BUFFER = 65536, CLIENTS = 65536, HEAD = 8 };

struct client {
    int inside;         /* in a body */
    size_t length;      /* octets of the line so far, the first HEAD of them kept */
    char head[HEAD];
};

static struct client clients[CLIENTS];

/* Take one whole line; return its reply. */
static const char *reply_to(struct client *c)
{
    size_t length = c->length;
    c->length = 0;
    if (c->inside) {
        if (length != 1 || c->head[0] != '.') return "";
        return c->inside = 0, "200 Message stored successfully\n";
    }
    if (length != 4 || memcmp(c->head, "DATA", 4)) return "200 OK\n";
    return c->inside = 1, "200 Enter message, end with a single dot (.) on a line of its own\n";
}

static size_t answer_lines(struct client *c, const char *octets, size_t length, char *out)
{
    char *at = out;
    const char *end = octets + length;
    while (octets < end) {
        const char *stop = memchr(octets, '\n', (size_t)(end - octets));
        size_t more = (size_t)((stop ? stop : end) - octets);
        for (size_t i = c->length; i < HEAD && i < c->length + more; i++) c->head[i] = octets[i - c->length];
        c->length += more, octets += more + 1;
        if (stop) at = stpcpy(at, reply_to(c));
    }
    return (size_t)(at - out);
}

static int listen_on(unsigned short port)
{
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) perror("echo"), exit(1);
    return listener;
}

static void welcome(int poll, int listener)
{
    int fd = accept(listener, NULL, NULL), on = 1;
    if (fd < 0 || fd >= CLIENTS) exit(1);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    memset(&clients[fd], 0, sizeof clients[fd]);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
}

static void converse(int fd, int segments)
{
    static char in[BUFFER], out[BUFFER * 16];
    ssize_t got = recv(fd, in, sizeof in, 0);
    if (got <= 0) {
        close(fd);
        return;
    }
    size_t length = segments ? (size_t)(stpcpy(out, "200 OK") - out) : answer_lines(&clients[fd], in, (size_t)got, out);
    if (length) send(fd, out, length, MSG_NOSIGNAL);
}

int main(int count, char **words)
{
    if (count != 3) return fprintf(stderr, "usage: echo PORT lines|segments\n"), 2;
    int listener = listen_on((unsigned short)atoi(words[1])), poll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        struct epoll_event events[EVENTS];
        int ready = epoll_wait(poll, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            if (events[i].data.fd == listener) welcome(poll, listener);
            else converse(events[i].data.fd, !strcmp(words[2], "segments"));
        }
    }
}
