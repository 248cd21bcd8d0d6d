/**
 * Settings of a process that keep its memory low, for all instances: the image has the same (infra/docker/Dockerfile).
 *
 * - V8 makes new objects in three spaces of up to 16 MiB each, which stay once they have grown. With 4 MiB an instance takes 30 MiB less.
 * - glibc gives threads pools of their own (up to eight a core), from which freed memory returns late.
 */
export const LOW_MEMORY = { NODE_OPTIONS: '--max-semi-space-size=4', MALLOC_ARENA_MAX: '2' } as const
