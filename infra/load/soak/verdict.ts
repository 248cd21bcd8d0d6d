import { readFileSync } from 'node:fs'
import { type ProcessSample } from './processes.js'

const MEBIBYTE = 1024 * 1024
/** The part of the limit that a process may use. */
const MOST = 0.75
/** The part of the limit by which memory may rise in the last half. */
const RISE = 0.05

/** The figures that decide about one process, in bytes. */
export interface Verdict {
  readonly instance: string
  readonly limit: number
  readonly peak: number
  /** Rise of the least-squares line through the samples of the last half, within that half. */
  readonly rise: number
  readonly isLow: boolean
  readonly isFlat: boolean
}

/** The memory limit of an instance, in bytes, from docker-compose.yml. */
export function composeLimit (compose = readFileSync('docker-compose.yml', 'utf8')): number {
  const [, megabytes = ''] = /^x-service:.*(?:\n .*)*?\n {2}mem_limit: (\d+)m$/m.exec(compose) ?? []
  if (megabytes === '') throw new Error('docker-compose.yml has no mem_limit for services')
  return Number(megabytes) * MEBIBYTE
}

/**
 * Judges each process: its RSS must stay below three quarters of the limit, and be flat. Flat: the
 * least-squares line through the samples of the last half rises by less than 5% of the limit over
 * that half. Garbage comes and goes, a leak keeps rising.
 */
export function judge (samples: readonly ProcessSample[], limit: number): Verdict[] {
  const half = Math.max(0, ...samples.map(({ at }) => at)) / 2
  return [...new Set(samples.map(({ instance }) => instance))].map((instance) => {
    const own = samples.filter((sample) => sample.instance === instance)
    const peak = Math.max(...own.map(({ rssBytes }) => rssBytes))
    const rise = slope(own.filter(({ at }) => at >= half)) * half
    return { instance, limit, peak, rise, isLow: peak < MOST * limit, isFlat: rise < RISE * limit }
  })
}

/** Bytes per second. */
function slope (samples: readonly ProcessSample[]): number {
  const mean = (of: (sample: ProcessSample) => number) =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length
  const [time, size] = [mean(({ at }) => at), mean(({ rssBytes }) => rssBytes)]
  const [rising, along] = [
    samples.reduce((sum, { at, rssBytes }) => sum + (at - time) * (rssBytes - size), 0),
    samples.reduce((sum, { at }) => sum + (at - time) ** 2, 0)
  ]
  return along === 0 ? 0 : rising / along
}
