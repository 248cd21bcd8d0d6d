import { audit, AuditError } from '@weir/audit'
import { explain } from '#model/explain.js'
import { reasonOf } from '../define.js'
import { type Finding, ok, problem, warning } from './finding.js'
import { type Answer, Asking } from './asking.js'

/**
 * Checks an app by sending requests to one of its URLs, which must belong to a cached GET route.
 * On a loopback address the audit tries to poison its cache.
 */
export async function checkApp (url: URL, signal: AbortSignal): Promise<Finding[]> {
  const asking = new Asking(url, signal)
  try {
    const first = await asking.get()
    const second = await asking.get()
    const findings = cacheStatus(second)
    if (isHit(second)) findings.push(...await onHits(asking, first, second))
    if (second.headers.has('cache-status')) findings.push(...await poisoned(url))
    return findings
  } catch (error) {
    return [problem(
      'connection',
      `${url.origin} does not answer: ${reasonOf(error)}`,
      'Check that the app runs and that the URL is right.'
    )]
  }
}

const isHit = ({ headers }: Answer) => /;\s*hit\b/.test(headers.get('cache-status') ?? '')

function cacheStatus (answer: Answer): Finding[] {
  const field = answer.headers.get('cache-status')
  if (field === null) {
    return [problem(
      'cache-status',
      `The response (${answer.status}) has no Cache-Status`,
      'Register @weir/fastify/response-cache before the route, declare config.cache on it, and let proxies pass the field on.'
    )]
  }
  const { words } = explain({ status: answer.status, cacheStatus: field })
  return isHit(answer)
    ? [ok('cache-status', `the second request is a hit: ${field}`)]
    : [warning('cache-status', `The second request is no hit. ${words}`, 'See weir get URL --explain.')]
}

/** Checks the order of plugins on hits: plugins that run before the cache also run on hits. */
async function onHits (asking: Asking, miss: Answer, hit: Answer): Promise<Finding[]> {
  const findings: Finding[] = []
  const limit = ['ratelimit', 'ratelimit-policy', 'x-ratelimit-limit']
  if (!isHit(miss) && limit.some((name) => miss.headers.has(name) && !hit.headers.has(name))) {
    findings.push(problem(
      'order',
      'A miss has fields of a rate limit, and a hit has none: hits are not limited',
      'Register the rate limit before the response cache.'
    ))
  }
  if (hit.headers.has('set-cookie')) {
    findings.push(problem(
      'order',
      'A hit sets a cookie: one client may get the cookie of another',
      'Do not set cookies on cached routes, or say Cache-Control: private.'
    ))
  }
  const etag = hit.headers.get('etag')
  if (etag !== null) {
    const conditional = await asking.get({ 'if-none-match': etag })
    findings.push(conditional.status === 304
      ? ok('conditional', 'If-None-Match with the ETag is a 304')
      : warning(
        'conditional',
        `If-None-Match with the ETag is a ${conditional.status}, not a 304`,
        'Register the plugins that change the body before the response cache, and let proxies pass If-None-Match on.'
      ))
  }
  const encoding = hit.headers.get('content-encoding')
  if (encoding !== null && !varies(hit, 'accept-encoding')) {
    findings.push(problem(
      'order',
      `A hit is encoded (${encoding}) and does not vary by Accept-Encoding`,
      'Send Vary: Accept-Encoding with compressed responses.'
    ))
  }
  return findings
}

/** Whether Vary makes the header field part of the key. */
const varies = ({ headers }: Answer, name: string): boolean =>
  (headers.get('vary') ?? '').toLowerCase().split(',').some((field) => {
    const trimmed = field.trim()
    return trimmed === name.toLowerCase() || trimmed === '*'
  })

/** Looks for poisoning by the audit, which goes to loopback addresses only. */
async function poisoned (url: URL): Promise<Finding[]> {
  try {
    const { findings, incomplete } = await audit(url.origin, {
      routes: [url.pathname + url.search],
      maxTime: '1m'
    })
    if (incomplete !== undefined) {
      return [warning('audit', `The audit did not finish: ${incomplete}`, 'Run weir audit.')]
    }
    return findings.length === 0
      ? [ok('audit', 'no request changes a stored response unseen')]
      : findings.map(({ check, found, remedy }) => problem(check, found, remedy.weir))
  } catch (error) {
    if (!(error instanceof AuditError) || error.code !== 'WEIR_AUDIT_NOT_LOOPBACK') throw error
    return [warning(
      'audit',
      'Cache poisoning is not looked for: the address is not loopback',
      'Run weir audit against the app on this machine or in CI.'
    )]
  }
}
