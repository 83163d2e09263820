/* SPDX-License-Identifier: Apache-2.0
 * Publishes 30 frames a second that it draws itself, in C, until Ctrl-C or until FRAMES are out.
 * Usage: host_basic_c SOCKET [FRAMES]. The other side: client_basic_c. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "videostream/host.h"

static volatile sig_atomic_t stop = 0;

static void OnSignal(int number) {
  (void)number;
  stop = 1;
}

/* A grey that gets brighter from frame to frame. NV12: a plane of luma, then one of chroma, where 128 is no colour.
 * Rows are `stride` bytes apart, which may be more than they hold. */
static void Draw(const vstream_host_buffer_view *view, uint64_t number) {
  const int luma = (int)(16 + number % 220);
  for (uint32_t y = 0; y < view->height; ++y) {
    memset(view->data[0] + (size_t)y * view->stride[0], luma, view->width);
  }
  memset(view->data[1], 128, view->size[1]);
}

/* One frame. AGAIN: every buffer is held by consumers, so this one is left out. */
static int32_t Publish(vstream_host *host, uint64_t number, vstream_error *error) {
  vstream_host_buffer *buffer = NULL;
  int32_t code = vstream_host_get_write_buffer(host, &buffer, error);
  if (code != VSTREAM_OK) return code;
  vstream_host_buffer_view view = {.struct_size = sizeof view};
  code = vstream_host_buffer_get_view(buffer, &view);
  if (code != VSTREAM_OK) {
    vstream_host_discard_buffer(buffer);
    return code;
  }
  Draw(&view, number);
  return vstream_host_publish_frame(host, buffer, NULL, error);
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: host_basic_c SOCKET [FRAMES]\n");
    return 2;
  }
  const uint64_t limit = argc > 2 ? strtoull(argv[2], NULL, 10) : UINT64_MAX;
  signal(SIGINT, OnSignal);

  const vstream_host_options options = {
      .struct_size = sizeof options, .width = 640, .height = 480, .rate = {.num = 30, .den = 1}};
  vstream_host *host = NULL;
  vstream_error error;
  if (vstream_host_create(argv[1], &options, &host, &error) != VSTREAM_OK) {
    fprintf(stderr, "host_basic_c: %s\n", error.message);
    return 1;
  }
  printf("publishing on %s\n", argv[1]);
  fflush(stdout);

  int failed = 0;
  uint64_t published = 0;
  while (stop == 0 && failed == 0 && published < limit) {
    const int32_t code = Publish(host, published, &error);
    if (code == VSTREAM_OK) {
      ++published;
    } else if (code != VSTREAM_E_AGAIN) {
      fprintf(stderr, "host_basic_c: %s\n", error.message);
      failed = 1;
    }
    nanosleep(&(const struct timespec){.tv_nsec = 33000000}, NULL);
  }
  vstream_host_stats stats = {.struct_size = sizeof stats};
  vstream_host_get_stats(host, &stats);
  printf("published %" PRIu64 " frames, left out %" PRIu64 "\n", stats.published, stats.refused);
  vstream_host_destroy(host);
  return failed;
}
