import type { RouteAdvice, Verdict } from '@weir/metrics'

/** Verdicts in words. */
export const VERDICTS: Readonly<Record<Verdict, string>> = {
  cache: 'Cache',
  'do-not-share': 'Do not share',
  'no-gain': 'No gain',
  'more-data': 'Not enough data'
}

/** Returns the reason that decided, in one sentence. */
export const mainReason = ({ reasons: [first] }: Pick<RouteAdvice, 'reasons'>): string =>
  first?.text ?? ''

/** Finds the advice on a route, of one service if it is given. */
export const adviceOn = (
  routes: readonly RouteAdvice[],
  route: string,
  service: string
): RouteAdvice | undefined =>
  routes.find((one) => one.route === route && (service === '' || one.service === service))
