/**
 * Settings that keep the memory of all instances low; the image has the same ones
 * (infra/docker/Dockerfile). An idle catalog uses 75 to 85 MB instead of 107 to 115, besides mapped
 * files, thanks to a smaller young generation and fewer arenas. infra/load/README.md has figures
 * under load.
 *
 * - V8 creates objects in three spaces of up to 16 MiB each, which never shrink; and on a large
 *   machine it leaves garbage uncollected for long.
 * - glibc gives threads pools of their own, up to eight per core, and keeps freed memory for reuse.
 */
export const LOW_MEMORY = {
  NODE_OPTIONS: '--max-semi-space-size=4 --max-old-space-size=160',
  MALLOC_ARENA_MAX: '2',
  MALLOC_TRIM_THRESHOLD_: '131072',
  MALLOC_MMAP_THRESHOLD_: '131072'
} as const
