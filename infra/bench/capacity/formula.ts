/** Requests that cost about the same: hits from memory, hits from Redis, computed ones. */
export interface RequestClass {
  readonly perSecond: number
  /** CPU time of an instance for one request, in milliseconds. */
  readonly cpuMs: number
}

export interface Traffic {
  readonly classes: readonly RequestClass[]
  /** Cores that an instance uses whatever the traffic: proofs, invalidations of others. */
  readonly standing: number
}

/** The share of its core that an instance may use: planned, and while one instance is missing. */
export const PLANNED = 0.6
export const ONE_MISSING = 0.8

/** The cores that the requests need. */
export const demandOf = (classes: readonly RequestClass[]): number => moment(classes, 1) / 1000

/** Returns the instances for the traffic by the formula of docs/scale.md, not rounded. */
export function instancesFor ({ classes, standing }: Traffic): number {
  const demand = demandOf(classes)
  return Math.max(demand / (PLANNED - standing), demand / (ONE_MISSING - standing) + 1)
}

/**
 * Returns the bound of docs/scale.md for the 99th percentile of the response times, in
 * milliseconds: a wait, by the approximation for heavy traffic of one server, and the costliest
 * request.
 * @param busy share of its core that an instance uses
 */
export function p99Bound (classes: readonly RequestClass[], busy = PLANNED): number {
  const wait = Math.log(100 * busy) / (2 * (1 - busy)) * moment(classes, 2) / moment(classes, 1)
  return Math.max(...classes.map(({ cpuMs }) => cpuMs)) + wait
}

const moment = (classes: readonly RequestClass[], power: number): number =>
  classes.reduce((sum, { perSecond, cpuMs }) => sum + perSecond * cpuMs ** power, 0)
