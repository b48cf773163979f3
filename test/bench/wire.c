// Both ends of a connection without a cost of their own, for throughput.js. `cc -O2 -pthread wire.c -o wire`
// wire sink [COLUMNS]  a CnosDB that accepts everything; the kernel discards bodies without a copy (MSG_TRUNC). Prints its port.
//                  COLUMNS: rows of information_schema.columns
// wire send PORT FILE  reads FILE and sends it in bodies of 1 MiB over one connection with blocking calls: the floor of a loader

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char settings[] = "[{\"ttl\":\"INF\",\"shard\":1,\"vnode_duration\":\"1year\",\"replica\":1,\"precision\":\"NS\","
                               "\"max_memcache_size\":\"128 MiB\",\"strict_write\":false}]";
static const char ping[] = "{\"version\":\"2.4.3, revision: sink, build_time: none\",\"status\":\"healthy\"}";

static const char *columns = "";

static const char *answer_to(const char *statement) {
  if (strncmp(statement, "DESCRIBE DATABASE", 17) == 0) return settings;
  return strstr(statement, "information_schema.columns") || strstr(statement, "DESCRIBE TABLE") ? columns : "";
}

static void answer(int fd, const char *head, const char *body) {
  const char *text = strstr(head, "/ping") ? ping : answer_to(body);
  char out[16384];
  int length = snprintf(out, sizeof out, "HTTP/1.1 200 OK\r\n%scontent-length: %zu\r\n\r\n%s",
                        *text ? "content-type: application/json\r\n" : "", strlen(text), text);
  if (write(fd, out, length) != length) close(fd);
}

static void *serve(void *argument) {
  int fd = (int)(long)argument;
  char head[16384];
  for (;;) {
    size_t have = 0;
    char *end = NULL;
    while (end == NULL) {
      ssize_t n = recv(fd, head + have, sizeof head - 1 - have, 0);
      if (n <= 0) { close(fd); return NULL; }
      head[have += n] = 0;
      end = strstr(head, "\r\n\r\n");
    }
    char *field = strcasestr(head, "content-length:");
    long left = (field != NULL && field < end ? atol(field + 15) : 0) - (long)(head + have - end - 4);
    if (strstr(head, "/write") == NULL) // A query is read.
      for (ssize_t n; left > 0 && (n = recv(fd, head + have, left, 0)) > 0; left -= n) head[have += n] = 0;
    for (ssize_t n; left > 0 && (n = recv(fd, NULL, left, MSG_TRUNC)) > 0;) left -= n;
    if (left > 0) { close(fd); return NULL; }
    answer(fd, head, end + 4);
  }
}

static int sink(void) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof at;
  int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  if (bind(listener, (struct sockaddr *)&at, length) || listen(listener, 64)) return 1;
  getsockname(listener, (struct sockaddr *)&at, &length);
  printf("%d\n", ntohs(at.sin_port));
  fflush(stdout);
  for (int fd; (fd = accept(listener, NULL, NULL)) >= 0;) {
    pthread_t thread;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    pthread_create(&thread, NULL, serve, (void *)(long)fd);
    pthread_detach(thread);
  }
  return 1;
}

static int sender(int port, const char *path) {
  enum { body = 1 << 20 };
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
  int file = open(path, O_RDONLY), fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  if (file < 0 || connect(fd, (struct sockaddr *)&at, sizeof at)) return 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  char *bytes = malloc(body), head[256], response[1024];
  for (ssize_t n; (n = read(file, bytes, body)) > 0;) {
    int length = snprintf(head, sizeof head, "POST /api/v1/write HTTP/1.1\r\nhost: sink\r\ncontent-length: %zd\r\n\r\n", n);
    if (write(fd, head, length) != length || write(fd, bytes, n) != n || read(fd, response, sizeof response) <= 0) return 1;
  }
  return 0;
}

int main(int count, char **arguments) {
  signal(SIGPIPE, SIG_IGN);
  if (count == 3) columns = arguments[2];
  if (count <= 3 && count >= 2 && strcmp(arguments[1], "sink") == 0) return sink();
  if (count == 4 && strcmp(arguments[1], "send") == 0) return sender(atoi(arguments[2]), arguments[3]);
  return 2;
}
