/* One client that asks the same again and again, each time after the whole answer is there.
 *
 *     ask PORT KIND COMMAND
 *
 * KIND: `lines` (a command ends with a newline, an answer with a lone dot) or `segments` (one send, one answer). Says
 * `ready` after its greeting; each number N on standard input asks N times and prints `p50_us p99_us octets lines`, the
 * last two of the last answer. Exits 1 when an answer does not begin with 200. Loopback only. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 64 << 20 };

static int fd, segments;
static char *answer;

static void die(const char *why) { fprintf(stderr, "ask: %s\n", why), exit(1); }

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Return the length of the answer to a command; `last` is how an answer ends, empty where one recv is one answer. */
static size_t ask(const char *command, const char *last)
{
    size_t length = 0, end = strlen(last);
    if (send(fd, command, strlen(command), MSG_NOSIGNAL) < 0) die("send failed");
    do {
        ssize_t got = recv(fd, answer + length, ROOM - length, 0);
        if (got <= 0) die("no answer");
        length += (size_t)got;
        if (memcmp(answer, "200", 3)) die("an answer was not 200");
    } while (end && (length < end || memcmp(answer + length - end, last, end)));
    return length;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void run_phase(const char *command, long times)
{
    double *took = calloc((size_t)times, sizeof *took);
    size_t length = 0, lines = 0;
    for (long i = 0; i < times; i++) {
        double began = now();
        length = ask(command, segments ? "" : "\n.\n");
        took[i] = now() - began;
    }
    qsort(took, (size_t)times, sizeof *took, by_value);
    for (size_t i = 0; i < length; i++) lines += answer[i] == '\n';
    printf("%.2f %.2f %zu %zu\n", took[times / 2] * 1e6, took[times * 99 / 100] * 1e6, length, lines + (size_t)segments);
    free(took);
}

int main(int count, char **words)
{
    if (count != 4) return fprintf(stderr, "usage: ask PORT KIND COMMAND\n"), 2;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(words[1]))};
    struct timeval patience = {.tv_sec = 60};
    int on = 1;
    char command[1024];
    segments = !strcmp(words[2], "segments"), answer = malloc(ROOM);
    snprintf(command, sizeof command, "%s%s", words[3], segments ? "" : "\n");
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address)) die("connect failed");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ask(segments ? "HELO bench.example" : "HELO bench.example\n", segments ? "" : "\n");
    setvbuf(stdout, NULL, _IOLBF, 0);
    puts("ready");
    long times;
    while (scanf("%ld", &times) == 1) run_phase(command, times);
    return 0;
}
