/* btvirt encrypts with the kernel (AF_ALG) and refuses to run without it, though advertising needs no encryption. Where
   the kernel has none, its two sockets are opened on /dev/null instead. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/socket.h>

int socket(int domain, int type, int protocol) {
  int (*next)(int, int, int) = dlsym(RTLD_NEXT, "socket");
  int fd = next(domain, type, protocol);
  return fd < 0 && domain == AF_ALG ? open("/dev/null", O_RDWR | O_CLOEXEC) : fd;
}

int bind(int fd, const struct sockaddr *address, socklen_t length) {
  int (*next)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "bind");
  int result = next(fd, address, length);
  return result < 0 && address->sa_family == AF_ALG ? 0 : result;
}
