/* SPDX-License-Identifier: Apache-2.0
 * Receives frames in C and tells how bright they are, until Ctrl-C or until FRAMES have come.
 * Usage: client_basic_c SOCKET [FRAMES]. The other side: host_basic_c, or `videostream run`. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "videostream/client.h"

static volatile sig_atomic_t stop = 0;

static void OnSignal(int number) {
  (void)number;
  stop = 1;
}

/* Mean of the first plane: luma of YUV formats. Rows are `stride` bytes apart, which may be more than they hold. */
static uint64_t Brightness(const vstream_frame_view *view) {
  uint64_t sum = 0;
  for (uint32_t y = 0; y < view->height; ++y) {
    const uint8_t *row = view->data[0] + (size_t)y * view->stride[0];
    for (uint32_t x = 0; x < view->width; ++x) sum += row[x];
  }
  return sum / ((uint64_t)view->width * view->height);
}

/* Looks at a frame and gives it back. */
static void Show(vstream_client_frame *frame) {
  vstream_frame_view view = {.struct_size = sizeof view};
  if (vstream_client_frame_view(frame, &view) == VSTREAM_OK) {
    printf("frame %" PRIu64 ": %" PRIu32 "x%" PRIu32 ", brightness %" PRIu64 "\n", view.sequence, view.width,
           view.height, Brightness(&view));
  }
  /* Asked after the last look at the bytes: was the frame still ours? */
  uint32_t valid = 0;
  if (vstream_client_frame_valid(frame, &valid) == VSTREAM_OK && valid == 0) {
    printf("  (held for too long, taken back by the producer)\n");
  }
  vstream_client_frame_release(frame);
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: client_basic_c SOCKET [FRAMES]\n");
    return 2;
  }
  const uint64_t limit = argc > 2 ? strtoull(argv[2], NULL, 10) : UINT64_MAX;
  signal(SIGINT, OnSignal);
  setvbuf(stdout, NULL, _IOLBF, 0); /* each line at once, also into a pipe */

  vstream_client *client = NULL;
  vstream_error error;
  if (vstream_client_create(argv[1], NULL, &client, &error) != VSTREAM_OK) {
    fprintf(stderr, "client_basic_c: %s\n", error.message);
    return 1;
  }
  int32_t code = VSTREAM_OK;
  uint64_t received = 0;
  while (stop == 0 && received < limit) {
    vstream_client_frame *frame = NULL;
    code = vstream_client_wait(client, 1000000000, &frame, &error);
    if (code == VSTREAM_OK) {
      Show(frame);
      ++received;
    } else if (code == VSTREAM_E_TIMEOUT) {
      fprintf(stderr, "no frame for 1 s, still waiting\n");
    } else {
      fprintf(stderr, "client_basic_c: %s\n", error.message);
      break;
    }
  }
  vstream_client_stats stats = {.struct_size = sizeof stats};
  vstream_client_get_stats(client, &stats);
  printf("received %" PRIu64 " of %" PRIu64 " frames\n", stats.taken, stats.published);
  vstream_client_destroy(client);
  return code == VSTREAM_OK || code == VSTREAM_E_TIMEOUT ? 0 : 1;
}
