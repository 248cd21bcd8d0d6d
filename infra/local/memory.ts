/**
 * Settings of a process that keep its memory low, for all instances: the image has the same
 * (infra/docker/Dockerfile). An idle catalog has 75 to 85 MB in place of 107 to 115, besides mapped
 * files, by a smaller young generation and fewer arenas. What was seen under load is in
 * infra/load/README.md.
 *
 * - V8 makes new objects in three spaces of up to 16 MiB each, which stay once they have grown; and
 *   on a large machine it lets garbage lie.
 * - glibc gives threads pools of their own, up to eight a core, and keeps what is freed, in case it
 *   is wanted again.
 */
export const LOW_MEMORY = {
  NODE_OPTIONS: '--max-semi-space-size=4 --max-old-space-size=160',
  MALLOC_ARENA_MAX: '2',
  MALLOC_TRIM_THRESHOLD_: '131072',
  MALLOC_MMAP_THRESHOLD_: '131072'
} as const
