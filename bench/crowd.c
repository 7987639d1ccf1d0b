/* Idle clients: connects and greets on each connection, then holds them all and says nothing more.
 *
 *     crowd PORT CONNECTIONS
 *
 * Says `ready` when every greeting was answered with 200. Holds until standard input ends, then looks whether all are
 * still there with nothing to read: exits 1 when the server said a word to one or closed it. Loopback only. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TOGETHER = 256 };    /* greetings under way at once */

static void die(const char *why) { fprintf(stderr, "crowd: %s\n", why), exit(1); }

static int open_one(unsigned short port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct timeval patience = {.tv_sec = 30};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address)) die("connect failed");
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (send(fd, "HELO idle.example\n", 18, MSG_NOSIGNAL) != 18) die("send failed");
    return fd;
}

static void await_greeting(int fd)
{
    char reply[1024];
    ssize_t length = recv(fd, reply, sizeof reply - 1, 0);
    if (length <= 0) die("no reply to a greeting");
    reply[length] = 0;
    if (strncmp(reply, "200", 3)) die(reply);
}

int main(int count, char **words)
{
    if (count != 3) return fprintf(stderr, "usage: crowd PORT CONNECTIONS\n"), 2;
    int connections = atoi(words[2]), *fds = calloc((size_t)connections, sizeof *fds);
    unsigned short port = (unsigned short)atoi(words[1]);
    for (int i = 0; i < connections; i++) {
        fds[i] = open_one(port);
        if (i >= TOGETHER) await_greeting(fds[i - TOGETHER]);
    }
    for (int i = connections > TOGETHER ? connections - TOGETHER : 0; i < connections; i++) await_greeting(fds[i]);
    puts("ready"), fflush(stdout);
    while (getchar() != EOF) { }
    for (int i = 0; i < connections; i++) {
        char octet;
        if (recv(fds[i], &octet, 1, MSG_DONTWAIT | MSG_PEEK) >= 0) die("the server did not leave an idle client alone");
        close(fds[i]);
    }
    return 0;
}
