import { availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os'

/** The properties of the machine that the figures depend on, for comparing two files. */
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
 * Processes that waited for a core in the last minute. Above the benchmark's own two, figures
 * spread.
 */
export const loadAverage = (): number => loadavg()[0] ?? 0
