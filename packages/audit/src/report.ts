import type { CheckId, Severity } from './catalogue.js'
import { AuditError } from './errors.js'
import { formatFindings } from './format.js'
import type { HitSign } from './probing/hit.js'

/** One kind of fault of one route. */
export interface Finding {
  /** Identifies the check; the guide has a section for each. */
  readonly check: CheckId
  readonly severity: Severity
  /** Method and pattern of the route, such as `GET /products/:id`. */
  readonly route: string
  /** The header field, parameter, cookie or path that causes it; the first, if several do. */
  readonly input: string
  /** One sentence that states the fault, with all inputs that cause it. */
  readonly found: string
  /** Effect of the fault on clients. */
  readonly explanation: string
  /** Remedies: with Weir, and with any cache. */
  readonly remedy: { readonly weir: string, readonly general: string }
  /** The requests that show it, in order, as curl lines, each with what the app answered. */
  readonly evidence: readonly Evidence[]
}

/** One request that shows a fault. */
export interface Evidence {
  readonly curl: string
  readonly answer: string
}

/** The audit of one route. */
export interface RouteReport {
  readonly route: string
  /** Path and query of the example that was requested. */
  readonly url: string
  /** Sign by which a cache was seen, or null if there was none. */
  readonly cached: HitSign | null
  /** Part of the request that gave each trial an entry of its own, or null if nothing did. */
  readonly isolatedBy: string | null
  readonly requests: number
  /** Reason why the route was not audited, or not to the end. */
  readonly skipped?: string
}

/** The result of an audit. The shape is stable: fields may be added, none is changed. */
export interface AuditReport {
  readonly version: 1
  readonly target: 'inject' | 'loopback'
  readonly findings: readonly Finding[]
  readonly routes: readonly RouteReport[]
  readonly requests: number
  /** Duration in ms. */
  readonly took: number
  /** Reason why the audit ended before its last check. */
  readonly incomplete?: string
}

/**
 * Fails a test if an audit found a fault, or did not get to its end.
 * @throws AuditError `WEIR_AUDIT_FINDINGS`, with the whole report as its message
 * @example
 * import { assertNoFindings, audit } from '@weir/audit'
 * import { fastify } from 'fastify'
 * assertNoFindings(await audit(() => fastify().get('/', async () => 'hello')))
 */
export function assertNoFindings (report: AuditReport): void {
  if (report.findings.length === 0 && report.incomplete === undefined) return
  throw new AuditError('WEIR_AUDIT_FINDINGS', formatFindings(report))
}
