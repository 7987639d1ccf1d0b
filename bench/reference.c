/* The design that mysmtp replaces, to measure against: a thread for each connection, one recv is one command, a mail is
 * appended to its file with fopen and fclose under one lock, nothing is synced, a look-up scans the whole file.
 *
 *     reference PORT FOLDER
 *
 * Replies carry no newline. Written for the benchmark only: loopback, trusted input, no limits. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER = 65536, NAME = 256, ANSWER = 4096 };

static const char *folder;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void say(int fd, const char *text) { send(fd, text, strlen(text), MSG_NOSIGNAL); }

static void path_of(char *path, const char *mailbox) { snprintf(path, NAME * 2, "%s/%s.txt", folder, mailbox); }

static void today(char *date)
{
    time_t now = time(NULL);
    struct tm parts;
    strftime(date, 16, "%d-%m-%Y", localtime_r(&now, &parts));
}

static int store(const char *mailbox, const char *sender, const char *body)
{
    char path[NAME * 2], date[16];
    path_of(path, mailbox);
    today(date);
    pthread_mutex_lock(&lock);
    FILE *file = fopen(path, "a");
    if (file) {
        fprintf(file, "===START_EMAIL===\nFrom: %s\nDate: %s\n%s===END_EMAIL===\n\n", sender, date, body);
        fclose(file);
    }
    pthread_mutex_unlock(&lock);
    return file != NULL;
}

/* Scan the file: copy the wanted mail (id > 0) or the list of all (id 0) into the answer, cut where it is full. */
static void look_up(int fd, const char *mailbox, int id)
{
    char path[NAME * 2], line[ANSWER], answer[ANSWER], sender[NAME] = "", date[32] = "";
    size_t used = (size_t)snprintf(answer, sizeof answer, "200 OK");
    int count = 0, inside = 0, found = id == 0;
    path_of(path, mailbox);
    FILE *file = fopen(path, "r");
    if (!file) {
        say(fd, "401 Requested email does not exist");
        return;
    }
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        if (!strncmp(line, "===START_EMAIL===", 17)) {
            count++, inside = 1;
        } else if (strstr(line, "===END_EMAIL===")) {
            if (!id && used < sizeof answer - 1)
                used += (size_t)snprintf(answer + used, sizeof answer - used, "\n%d: Email from %s (%s)", count, sender, date);
            inside = 0;
        } else if (inside) {
            if (!strncmp(line, "From: ", 6)) snprintf(sender, sizeof sender, "%.255s", line + 6);
            if (!strncmp(line, "Date: ", 6)) snprintf(date, sizeof date, "%.31s", line + 6);
            if (id && count == id && used < sizeof answer - 1)
                found = 1, used += (size_t)snprintf(answer + used, sizeof answer - used, "\n%s", line);
        }
        if (used > sizeof answer - 1) used = sizeof answer - 1;
    }
    fclose(file);
    say(fd, found ? answer : "401 Email not found");
}

static void converse(int fd)
{
    char buffer[BUFFER], sender[NAME] = "", recipient[NAME] = "", mailbox[NAME];
    int id;
    ssize_t size;
    while ((size = recv(fd, buffer, sizeof buffer - 1, 0)) > 0) {
        buffer[size] = 0;
        if (!strncasecmp(buffer, "HELO ", 5)) {
            say(fd, "200 OK");
        } else if (sscanf(buffer, "MAIL FROM: %255s", sender) == 1) {
            say(fd, "200 OK");
        } else if (sscanf(buffer, "RCPT TO: %255s", recipient) == 1) {
            say(fd, "200 OK");
        } else if (!strncasecmp(buffer, "DATA\n", 5)) {
            say(fd, store(recipient, sender, buffer + 5) ? "200 Message stored successfully" : "500 Failed to store message");
        } else if (sscanf(buffer, "LIST %255s", mailbox) == 1) {
            look_up(fd, mailbox, 0);
        } else if (sscanf(buffer, "GET_MAIL %255s %d", mailbox, &id) == 2) {
            look_up(fd, mailbox, id);
        } else if (!strncasecmp(buffer, "QUIT", 4)) {
            say(fd, "200 Goodbye");
            return;
        } else {
            say(fd, "400 Unknown command");
        }
    }
}

static void *serve(void *argument)
{
    int fd = (int)(long)argument, on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    converse(fd);
    close(fd);
    return NULL;
}

int main(int count, char **words)
{
    if (count != 3) return fprintf(stderr, "usage: reference PORT FOLDER\n"), 2;
    folder = words[2];
    signal(SIGPIPE, SIG_IGN);
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(words[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) return perror("reference"), 1;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 256 * 1024);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        pthread_t thread;
        if (fd >= 0 && pthread_create(&thread, &attributes, serve, (void *)(long)fd)) close(fd);
    }
}
