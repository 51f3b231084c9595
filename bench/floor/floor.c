//go:build ignore

/* The floor: the least that the kernel allows for Bayeux over long-polling and websockets,
 * and for plain event-streams (GET /events).
 *
 * One thread, one epoll set, tables of fixed rows, answers put together by memcpy. It
 * believes everything it reads, knows one channel, and is right only for the load
 * generator's own requests; it is a yardstick and not a server. What it does do is
 * real: every request is read, framed, told apart, held and answered with the bytes
 * that a server would send, and no message is lost between two polls. What goes to
 * websockets and event-streams is put together once and written to each.
 *
 *   floor [--listen 127.0.0.1:8080] [--hold SECONDS]
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_FD = 1 << 20, MAX_SESSIONS = 1 << 20, BACKLOG = 4096, INPUT = 1 << 18, LOG = 1 << 12, ID = 12, BEAT = 25000 };
enum { HTTP, SOCKET, EVENTS }; /* what a connection has become */

struct session {
  int fd;            /* that holds its connect, -1 when none does */
  int prev, next;    /* in the list of held sessions, oldest first; next also links the free ones */
  unsigned cursor;   /* number of the first message that it has not got */
  unsigned deadline; /* milliseconds, when the hold ends */
  char subscribed;   /* 2 when by a websocket: then messages do not wait for a connect */
  char idlen, id[ID];
};

struct message { char *text; int len; };

static struct session *sessions;
static int used, freelist = -1, oldest = -1, newest = -1;
static int *holder;   /* descriptor -> session whose connect it holds, -1 */
static char **rest;   /* descriptor -> the beginning of a request, NULL mostly */
static int *restlen;
static struct message messages[LOG];
static unsigned head; /* messages published so far */
static unsigned hold = 30000, next_beat;
static char *kind;    /* descriptor -> what it has become */
static int *pushed;   /* the descriptors of event-streams and subscribed websockets */
static int *place;    /* descriptor -> where it stands in pushed, -1 */
static int pushing;   /* how many there are */
static char input[INPUT], output[INPUT + 4096];

static unsigned now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (unsigned)(t.tv_sec * 1000 + t.tv_nsec / 1000000);
}

static void die(const char *what) { perror(what); exit(1); }

static void send_all(int fd, const char *bytes, int len) {
  if (write(fd, bytes, len) < 0 && errno != EAGAIN) shutdown(fd, SHUT_RDWR);
}

/* Writes the head of a text frame in front of text, where ten bytes are free, and returns how many it took. */
static int frame_head(char *text, int len) {
  unsigned char *head = (unsigned char *)text;
  if (len < 126) { head[-2] = 0x81; head[-1] = len; return 2; }
  if (len < 1 << 16) { head[-4] = 0x81; head[-3] = 126; head[-2] = len >> 8; head[-1] = len; return 4; }
  head -= 10;
  memcpy(head, "\x81\x7f\0\0\0\0", 6);
  for (int i = 0; i < 4; i++) head[6 + i] = len >> (24 - 8 * i);
  return 10;
}

/* A response is written behind this head, whose length field has a fixed width. */
static const char HEAD[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=utf-8\r\nContent-Length: ";

static void respond(int fd, const char *body, int len) {
  static char out[sizeof output];
  if (kind[fd] == SOCKET) {
    memcpy(out + 10, body, len);
    int head = frame_head(out + 10, len);
    send_all(fd, out + 10 - head, head + len);
    return;
  }
  int n = sizeof HEAD - 1;
  memcpy(out, HEAD, n);
  char digits[12];
  int d = 0, v = len;
  do digits[d++] = '0' + v % 10; while (v /= 10);
  while (d) out[n++] = digits[--d];
  memcpy(out + n, "\r\n\r\n", 4);
  memcpy(out + n + 4, body, len);
  send_all(fd, out, n + 4 + len);
}

#define PUT(text) (memcpy(output + n, text, sizeof text - 1), n += sizeof text - 1)

static int put(int n, const char *text, int len) { memcpy(output + n, text, len); return n + len; }

static int put_reply(int n, const char *channel, const char *id, int idlen) {
  PUT("{\"channel\":\"");
  n = put(n, channel, strlen(channel));
  PUT("\",\"successful\":true,\"id\":\"");
  n = put(n, id, idlen);
  PUT("\"}");
  return n;
}

static void unlink_session(int s) {
  struct session *p = &sessions[s];
  if (p->prev >= 0) sessions[p->prev].next = p->next; else oldest = p->next;
  if (p->next >= 0) sessions[p->next].prev = p->prev; else newest = p->prev;
}

static void release(int s) { /* the connect is no longer held */
  holder[sessions[s].fd] = -1;
  sessions[s].fd = -1;
  unlink_session(s);
}

/* Answers a connect with all that the session has not got. */
static void answer_connect(int s, int fd, const char *id, int idlen) {
  struct session *p = &sessions[s];
  int n = 0;
  PUT("[");
  if (p->subscribed == 1) {
    if (head - p->cursor > LOG) p->cursor = head - LOG;
    for (; p->cursor != head; p->cursor++) {
      struct message *m = &messages[p->cursor % LOG];
      if (n + m->len > INPUT) break;
      n = put(n, m->text, m->len);
      PUT(",");
    }
  }
  n = put_reply(n, "/meta/connect", id, idlen);
  PUT("]");
  respond(fd, output, n);
}

static void push_from_now_on(int fd) {
  if (place[fd] >= 0) return;
  place[fd] = pushing;
  pushed[pushing++] = fd;
}

static void push_no_more(int fd) {
  if (place[fd] < 0) return;
  int last = pushed[--pushing];
  pushed[place[fd]] = last;
  place[last] = place[fd];
  place[fd] = -1;
}

static int session_of(const char *body, const char *end) {
  const char *p = memmem(body, end - body, "\"clientId\":\"floor", 17);
  if (!p) return -1;
  int s = atoi(p + 17);
  return s >= 0 && s < used ? s : -1;
}

static int new_session(void) {
  int s = freelist;
  if (s >= 0) freelist = sessions[s].next;
  else if (used < MAX_SESSIONS) s = used++;
  else return -1;
  memset(&sessions[s], 0, sizeof sessions[s]);
  sessions[s].fd = -1;
  return s;
}

static void handshake(int fd, const char *id, int idlen) {
  char client[16];
  int s = new_session(), n = 0;
  if (s < 0) { shutdown(fd, SHUT_RDWR); return; }
  int len = snprintf(client, sizeof client, "floor%d", s);
  PUT("[{\"channel\":\"/meta/handshake\",\"version\":\"1.0\",\"minimumVersion\":\"1.0\","
      "\"supportedConnectionTypes\":[\"long-polling\"],\"clientId\":\"");
  n = put(n, client, len);
  PUT("\",\"successful\":true,\"advice\":{\"reconnect\":\"retry\",\"interval\":0,\"timeout\":30000},\"id\":\"");
  n = put(n, id, idlen);
  PUT("\"}]");
  respond(fd, output, n);
}

static void connect_or_hold(int fd, int s, const char *body, const char *end, const char *id, int idlen) {
  struct session *p = &sessions[s];
  if (p->subscribed == 2) push_from_now_on(fd); /* it may be another one than before */
  if (memmem(body, end - body, "\"timeout\":0", 11) || (p->subscribed == 1 && p->cursor != head)) {
    answer_connect(s, fd, id, idlen);
    return;
  }
  if (p->fd >= 0) release(s);
  p->fd = fd;
  p->deadline = now_ms() + hold;
  p->idlen = idlen < ID ? idlen : ID;
  memcpy(p->id, id, p->idlen);
  p->prev = newest;
  p->next = -1;
  if (newest >= 0) sessions[newest].next = s; else oldest = s;
  newest = s;
  holder[fd] = s;
}

/* Writes the messages from number first on to all that are not polled for: one frame, one chunk. */
static void push(unsigned first) {
  static char frames[sizeof output], events[sizeof output];
  int f = 10, e = 10; /* behind the room for their heads */
  frames[f++] = '[';
  for (unsigned i = first; i != head; i++) {
    struct message *m = &messages[i % LOG];
    if (f + e + 2 * m->len + 64 > INPUT) break;
    memcpy(frames + f, m->text, m->len);
    f += m->len;
    frames[f++] = i + 1 == head ? ']' : ',';
    e += sprintf(events + e, "data: %.*s\n\n", m->len, m->text);
  }
  int before = frame_head(frames + 10, f - 10);
  char size[10];
  int digits = sprintf(size, "%x\r\n", e - 10);
  memcpy(events + 10 - digits, size, digits);
  memcpy(events + e, "\r\n", 2);
  for (int i = 0; i < pushing; i++) {
    int fd = pushed[i];
    if (kind[fd] == SOCKET) send_all(fd, frames + 10 - before, before + f - 10);
    else send_all(fd, events + 10 - digits, digits + e + 2 - 10);
  }
}

/* Every message of the batch loses its clientId and id and goes into the log. */
static void publish(int fd, const char *body, const char *end) {
  int n = 0;
  unsigned first = head;
  const char *at = body;
  PUT("[");
  for (const char *stop; (stop = memmem(at, end - at, ",\"clientId\":\"", 13)); ) {
    const char *begin = memchr(at, '{', stop - at);
    const char *channel = begin + 12, *quote = memchr(channel, '"', stop - channel);
    const char *id = memmem(stop, end - stop, "\"id\":\"", 6) + 6, *close = memchr(id, '"', end - id);
    struct message *m = &messages[head++ % LOG];
    m->len = stop - begin + 1;
    m->text = realloc(m->text, m->len);
    memcpy(m->text, begin, m->len - 1);
    m->text[m->len - 1] = '}';
    if (n > 1) PUT(",");
    PUT("{\"channel\":\"");
    n = put(n, channel, quote - channel);
    PUT("\",\"successful\":true,\"id\":\"");
    n = put(n, id, close - id);
    PUT("\"}");
    at = close;
  }
  PUT("]");
  respond(fd, output, n);
  for (int s = oldest, next; s >= 0; s = next) {
    struct session *p = &sessions[s];
    int held = p->fd;
    next = p->next;
    if (p->subscribed != 1) continue;
    release(s);
    answer_connect(s, held, p->id, p->idlen);
  }
  if (pushing) push(first);
}

static void forget(int s) {
  if (sessions[s].fd >= 0) release(s);
  sessions[s].next = freelist;
  freelist = s;
}

/* Tells the request apart by its first message and answers or holds it. */
static void serve(int fd, const char *body, const char *end) {
  const char *channel = body + 13, *id = memrchr(body, ':', end - body);
  if (end - body < 40 || !id || end - id < 5) { shutdown(fd, SHUT_RDWR); return; }
  id += 2;
  int idlen = end - id - 3, n = 0, s = session_of(body, end);
  if (!memcmp(channel, "/meta/handshake", 15)) { handshake(fd, id, idlen); return; }
  if (s < 0) { shutdown(fd, SHUT_RDWR); return; }
  if (!memcmp(channel, "/meta/connect", 13)) { connect_or_hold(fd, s, body, end, id, idlen); return; }
  if (memcmp(channel, "/meta/", 6)) { publish(fd, body, end); return; }
  PUT("[");
  if (channel[6] == 's') {
    sessions[s].subscribed = kind[fd] == SOCKET ? 2 : 1;
    sessions[s].cursor = head;
    if (kind[fd] == SOCKET) push_from_now_on(fd);
    n = put_reply(n, "/meta/subscribe", id, idlen);
  } else {
    forget(s);
    n = put_reply(n, "/meta/disconnect", id, idlen);
  }
  PUT("]");
  respond(fd, output, n);
}

static void gone(int fd) {
  if (holder[fd] >= 0) release(holder[fd]);
  push_no_more(fd);
  free(rest[fd]);
  rest[fd] = NULL;
  restlen[fd] = 0;
  close(fd);
}

/* The generator asks for all its websockets with one key. */
static const char UPGRADED[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
  "Sec-WebSocket-Accept: 8CrYO5VWvqj30eb92Khq13hRMVc=\r\n\r\n";
static const char STREAM[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream;charset=utf-8\r\nCache-Control: no-store\r\n"
  "X-Accel-Buffering: no\r\nTransfer-Encoding: chunked\r\n\r\nd\r\nretry: 5000\n\n\r\n";

/* A request without a body makes its connection a websocket or an event-stream. */
static int become(int fd, const char *head, const char *end) {
  if (memmem(head, end - head, "\r\nSec-WebSocket-Key: aGFsbGV5LWJlbmNoLWtleQ==", 45)) {
    kind[fd] = SOCKET;
    send_all(fd, UPGRADED, sizeof UPGRADED - 1);
    return 0;
  }
  if (memcmp(head, "GET /events?channel=", 20)) return -1;
  kind[fd] = EVENTS;
  send_all(fd, STREAM, sizeof STREAM - 1);
  push_from_now_on(fd);
  return 0;
}

/* Serves the complete frames in buf, as serve_requests does with requests. */
static int serve_frames(int fd, char *buf, int len) {
  int at = 0;
  while (len - at >= 6) {
    unsigned char *p = (unsigned char *)buf + at;
    int size = p[1] & 127, opcode = p[0] & 15, skip = 6;
    if (!(p[1] & 128) || size == 127) return -1;
    if (size == 126) { size = p[2] << 8 | p[3]; skip = 8; }
    if (len - at < skip + size) break;
    char *body = (char *)p + skip, *mask = body - 4;
    for (int i = 0; i < size; i++) body[i] ^= mask[i & 3];
    if (opcode == 1) serve(fd, body, body + size);
    else if (opcode != 10) return -1;
    at += skip + size;
  }
  return at;
}

/* Serves the complete requests in buf and returns how many bytes they took, -1 for junk. */
static int serve_requests(int fd, char *buf, int len) {
  int at = 0;
  while (at < len) {
    char *headend = memmem(buf + at, len - at, "\r\n\r\n", 4);
    if (!headend) break;
    char *length = memmem(buf + at, headend - buf - at, "Content-Length: ", 16);
    if (!length) {
      if (become(fd, buf + at, headend)) return -1;
      return headend + 4 - buf;
    }
    int size = atoi(length + 16);
    char *body = headend + 4;
    if (size < 0 || body + size > buf + len) break;
    serve(fd, body, body + size);
    at = body + size - buf;
  }
  return at;
}

static void readable(int fd) {
  int kept = restlen[fd];
  if (kept) memcpy(input, rest[fd], kept);
  int n = read(fd, input + kept, INPUT - kept);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) { gone(fd); return; }
  int took = kind[fd] == SOCKET ? serve_frames(fd, input, kept + n) : serve_requests(fd, input, kept + n), left = kept + n - took;
  if (took < 0 || left == INPUT) { gone(fd); return; }
  if (!left && !kept) return;
  free(rest[fd]);
  rest[fd] = left ? memcpy(malloc(left), input + took, left) : NULL;
  restlen[fd] = left;
}

static void accept_one(int listener, int epoll) {
  int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), one = 1;
  if (fd < 0 || fd >= MAX_FD) { if (fd >= 0) close(fd); return; }
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  holder[fd] = place[fd] = -1;
  kind[fd] = HTTP;
  struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e)) close(fd);
}

/* Pings and comments keep alive what is silent. */
static void beat(unsigned now) {
  if ((int)(now - next_beat) < 0) return;
  next_beat = now + BEAT;
  for (int i = 0; i < pushing; i++) {
    if (kind[pushed[i]] == SOCKET) send_all(pushed[i], "\x89\0", 2);
    else send_all(pushed[i], "3\r\n:\n\n\r\n", 8);
  }
}

static void expire(void) {
  unsigned now = now_ms();
  beat(now);
  while (oldest >= 0 && (int)(now - sessions[oldest].deadline) >= 0) {
    int s = oldest, fd = sessions[s].fd;
    release(s);
    answer_connect(s, fd, sessions[s].id, sessions[s].idlen);
  }
}

static int listen_on(char *address) {
  char *colon = strrchr(address, ':');
  struct sockaddr_in a = {.sin_family = AF_INET};
  if (!colon) { fprintf(stderr, "floor: %s is not host:port\n", address); exit(2); }
  *colon = 0;
  a.sin_port = htons(atoi(colon + 1));
  if (inet_pton(AF_INET, address, &a.sin_addr) != 1) { fprintf(stderr, "floor: %s is not an IPv4 address\n", address); exit(2); }
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) || listen(fd, BACKLOG)) die("floor: listen");
  return fd;
}

int main(int argc, char **argv) {
  static char fallback[] = "127.0.0.1:8080";
  char *address = fallback;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!strcmp(argv[i], "--listen")) address = argv[i + 1];
    else if (!strcmp(argv[i], "--hold")) hold = (unsigned)(atof(argv[i + 1]) * 1000);
    else { fprintf(stderr, "usage: floor [--listen HOST:PORT] [--hold SECONDS]\n"); return 2; }
  }
  signal(SIGPIPE, SIG_IGN);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  sessions = calloc(MAX_SESSIONS, sizeof *sessions);
  holder = malloc(MAX_FD * sizeof *holder);
  rest = calloc(MAX_FD, sizeof *rest);
  restlen = calloc(MAX_FD, sizeof *restlen);
  kind = calloc(MAX_FD, sizeof *kind);
  pushed = calloc(MAX_FD, sizeof *pushed);
  place = malloc(MAX_FD * sizeof *place);
  if (!sessions || !holder || !rest || !restlen || !kind || !pushed || !place) die("floor: memory");
  next_beat = now_ms() + BEAT;

  int listener = listen_on(address), epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event e = {.events = EPOLLIN, .data.fd = listener}, ready[512];
  if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &e)) die("floor: epoll");
  for (;;) {
    int n = epoll_wait(epoll, ready, 512, 100);
    for (int i = 0; i < n; i++) {
      if (ready[i].data.fd == listener) accept_one(listener, epoll);
      else readable(ready[i].data.fd);
    }
    expire();
  }
}
