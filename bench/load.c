/* A closed loop of clients in one epoll loop: each sends a mail, waits for all its replies, sends the next.
 *
 *     load PORT CONNECTIONS SIZE RECIPIENTS KIND
 *
 * KIND: `lines` one command a send; `segments` the same without newlines, as the original client; a number K: whole
 * transactions, K mails in one send; `smtp` one command of SMTP a send, `smtp-group` MAIL, RCPT and DATA in one, in both
 * mail after mail in one session. Says `ready` once connected; then each line `MAILS SECONDS` on standard input is
 * one phase: mails are begun until there were so many and the time is over, and when the last is answered it prints
 * `mails seconds p50_us p99_us`. So a first phase warms the server up and its caller can look at the server between.
 * Mail N goes to r<N modulo RECIPIENTS>@bench.example; its body holds a line `mail N` that no other has. Exits 1 when a
 * reply is not 200, or by SMTP none of 2xx and 354. Loopback only. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { STEPS = 4, EVENTS = 256, BUFFER = 65536, LINE = 78 };

struct client {
    int fd, step;       /* step: which send of the mail comes next, 0 when a mail begins */
    long mail;          /* number of the first mail under way */
    int awaited;        /* replies still to come for the last send */
    int inside;         /* the last octet that came was not the end of a reply */
    double began;
};

static int size, recipients, pipelined, segments, smtp, grouped, batch;
static long next_mail, last_mail, done, room;
static double until, *latencies;
static char *filler;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void die(const char *why) { fprintf(stderr, "load: %s\n", why), exit(1); }

static void send_all(int fd, const char *octets, size_t length)
{
    while (length) {
        ssize_t sent = send(fd, octets, length, MSG_NOSIGNAL);
        if (sent <= 0) die("send failed");
        octets += sent, length -= (size_t)sent;
    }
}

/* The same for SMTP: a session goes on from mail to mail. */
static int write_smtp_step(char **at, long mail, int step)
{
    switch (step) {
    case 0: *at += sprintf(*at, "MAIL FROM:<load@bench.example>\r\n"); return 1;
    case 1: *at += sprintf(*at, "RCPT TO:<r%ld@bench.example>\r\n", mail % recipients); return 1;
    case 2: *at += sprintf(*at, "DATA\r\n"); return 1;
    default: *at += sprintf(*at, "Subject: load\r\n\r\nmail %ld\r\n%s\r\n.\r\n", mail, filler); return 1;
    }
}

/* Write one step of a mail; return how many replies it will get. */
static int write_step(char **at, long mail, int step)
{
    const char *end = segments ? "" : "\n";
    if (smtp) return write_smtp_step(at, mail, step);
    switch (step) {
    case 0: *at += sprintf(*at, "HELO bench.example%s", end); return 1;
    case 1: *at += sprintf(*at, "MAIL FROM: load@bench.example%s", end); return 1;
    case 2: *at += sprintf(*at, "RCPT TO: r%ld@bench.example%s", mail % recipients, end); return 1;
    default:
        *at += sprintf(*at, "DATA\nmail %ld\n%s\n%s", mail, filler, segments ? "" : ".\n");
        return segments ? 1 : 2;
    }
}

static void go_on(struct client *c)
{
    static char *buffer;
    if (!buffer) buffer = malloc((size_t)batch * ((size_t)size + 1024));
    char *at = buffer;
    c->awaited = 0;
    if (pipelined) {
        for (int k = 0; k < pipelined; k++)
            for (int step = 0; step < STEPS; step++) c->awaited += write_step(&at, c->mail + k, step);
        c->step = 0;
    } else if (grouped && !c->step) {
        for (; c->step < STEPS - 1; c->step++) c->awaited += write_step(&at, c->mail, c->step);
    } else {
        c->awaited = write_step(&at, c->mail, c->step);
        c->step = (c->step + 1) % STEPS;
    }
    send_all(c->fd, buffer, (size_t)(at - buffer));
}

static int begin(struct client *c)
{
    double at = now();
    if (next_mail >= last_mail && at >= until) return 0;
    c->mail = next_mail, next_mail += batch, c->step = 0, c->began = at;
    go_on(c);
    return 1;
}

static void note(double took)
{
    if (done == room && !(latencies = realloc(latencies, (size_t)(room = room * 2 + 65536) * sizeof *latencies)))
        die("no memory");
    latencies[done++] = took;
}

/* Count the replies in what came; each must begin with 2, or in SMTP with 354. A segment is one reply. */
static void count_replies(struct client *c, const char *octets, ssize_t length)
{
    for (ssize_t i = 0; i < length; i++) {
        if (!c->inside && octets[i] != '2' && !(smtp && octets[i] == '3')) die(octets + i);
        c->inside = octets[i] != '\n';
        if (!c->inside) c->awaited--;
    }
    if (segments) c->awaited--, c->inside = 0;
}

/* Read replies; return 1 when a mail (or a batch) is complete. */
static int take(struct client *c)
{
    char buffer[BUFFER];
    ssize_t length = recv(c->fd, buffer, sizeof buffer - 1, 0);
    if (length <= 0) die("the server closed a connection");
    buffer[length] = 0;
    count_replies(c, buffer, length);
    if (c->awaited > 0) return 0;
    if (c->awaited < 0) die("more replies than commands");
    if (c->step) return go_on(c), 0;
    double took = now() - c->began;
    for (int k = 0; k < batch; k++) note(took);
    return 1;
}

/* Take one line before the loop begins: the greeting of SMTP, the reply to HELO. */
static void take_line(int fd)
{
    char octet = 0, first = 0;
    while (octet != '\n') {
        if (recv(fd, &octet, 1, 0) != 1) die("the server closed a connection");
        first = first ? first : octet;
    }
    if (first != '2') die("the server does not greet");
}

static void greet(int fd)
{
    take_line(fd);
    send_all(fd, "HELO bench.example\r\n", 20);
    take_line(fd);
}

/* Fill lines with x: one, or in SMTP as many as a mail of this size may have. */
static void fill(void)
{
    filler = malloc((size_t)size + 1);
    memset(filler, 'x', (size_t)size), filler[size] = 0;
    for (int at = LINE; smtp && at + 2 < size; at += LINE + 2) filler[at] = '\r', filler[at + 1] = '\n';
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void run_phase(int poll, struct client *clients, int connections, long mails, double seconds)
{
    int open = 0;
    double began = now();
    done = 0, last_mail = next_mail + mails, until = began + seconds;
    for (int i = 0; i < connections; i++) open += begin(&clients[i]);
    while (open) {
        struct epoll_event events[EVENTS];
        int ready = epoll_wait(poll, events, EVENTS, 30000);
        if (ready <= 0) die("no reply for 30 s");
        for (int i = 0; i < ready; i++)
            if (take(events[i].data.ptr) && !begin(events[i].data.ptr)) open--;
    }
    double took = now() - began;
    qsort(latencies, (size_t)done, sizeof *latencies, by_value);
    printf("%ld %.6f %.0f %.0f\n", done, took, latencies[done / 2] * 1e6, latencies[done * 99 / 100] * 1e6);
}

int main(int count, char **words)
{
    if (count != 6) return fprintf(stderr, "usage: load PORT CONNECTIONS SIZE RECIPIENTS KIND\n"), 2;
    int connections = atoi(words[2]), poll = epoll_create1(0), on = 1;
    size = atoi(words[3]), recipients = atoi(words[4]);
    segments = !strcmp(words[5], "segments"), pipelined = atoi(words[5]), batch = pipelined ? pipelined : 1;
    smtp = !strncmp(words[5], "smtp", 4), grouped = !strcmp(words[5], "smtp-group");
    fill();
    struct client *clients = calloc((size_t)connections, sizeof *clients);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(words[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < connections; i++) {
        struct client *c = &clients[i];
        c->fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(c->fd, (struct sockaddr *)&address, sizeof address)) die("connect failed");
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (smtp) greet(c->fd);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        epoll_ctl(poll, EPOLL_CTL_ADD, c->fd, &event);
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    puts("ready");
    long mails;
    double seconds;
    while (scanf("%ld %lf", &mails, &seconds) == 2) run_phase(poll, clients, connections, mails, seconds);
    return 0;
}
