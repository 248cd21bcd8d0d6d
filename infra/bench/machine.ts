import { availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os'

/** What the figures depend on, for whoever compares two files. */
export function machine () {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 1024 ** 3),
    system: `${platform()} ${release()}`,
    node: process.version,
    v8: process.versions.v8
  }
}

/**
 * Processes that wanted a core in the last minute. More than the benchmark's own two and figures
 * spread.
 */
export const loadAverage = (): number => loadavg()[0] ?? 0
