import { CATALOGUE } from './catalogue.js'
import type { Check, Fault, Shared } from './checks/check.js'
import { headers } from './checks/headers.js'
import { paths } from './checks/paths.js'
import { query } from './checks/query.js'
import { representation, validators } from './checks/representation.js'
import { storing } from './checks/storing.js'
import { givenUsers, madeUpUsers } from './checks/users.js'
import { AuditError } from './errors.js'
import { type AuditOptions, checkedOptions, type CheckedOptions } from './options.js'
import { Budget, BudgetSpent } from './probing/budget.js'
import { evidenceOf } from './probing/curl.js'
import { RouteProbe } from './probing/route-probe.js'
import { newToken } from './probing/token.js'
import { placeOf } from './probing/view.js'
import type { AuditReport, Finding, RouteReport } from './report.js'
import { fill, parametersOf } from './routes/example.js'
import { type Candidate, Finder, type Opening } from './routes/find.js'
import { type BuildApp, type InjectableApp, injectTarget } from './target/inject.js'
import { loopbackTarget } from './target/loopback.js'
import type { ObservedRoute } from './target/observe.js'
import type { Target } from './target/target.js'

/** An app, a function that builds it, or its URL on a loopback address. */
export type AuditTarget = InjectableApp | BuildApp | string | URL

const CHECKS: readonly Check[] = [
  storing, givenUsers, madeUpUsers, headers, query, representation, validators, paths
]

/**
 * Tries to poison the cache of your own app, and reports each fault with its remedy.
 *
 * Requests are sent one after the other, by GET and HEAD, in process or to a loopback address, and
 * bounded in number and time. A build function finds most: its routes and the header fields that
 * the app reads are observed, and it is called again where only an empty cache gives a trial an
 * entry of its own. Apps that it builds are closed.
 * @throws AuditError for wrong options, addresses that are not loopback, apps that do not answer
 * @example
 * import { audit, formatReport } from '@weir/audit'
 * import { fastify } from 'fastify'
 * const report = await audit(() => fastify().get('/', async () => 'hello'))
 * console.log(formatReport(report))
 */
export async function audit (
  target: AuditTarget, options: AuditOptions = {}
): Promise<AuditReport> {
  const checked = checkedOptions(options)
  const opened = await open(target)
  try {
    return await new Audit(opened.target, checked).run(opened.routes)
  } finally {
    await opened.target.close()
  }
}

async function open (
  target: AuditTarget
): Promise<{ readonly target: Target, readonly routes: readonly ObservedRoute[] }> {
  if (typeof target !== 'string' && !(target instanceof URL)) return await injectTarget(target)
  const url = URL.canParse(String(target)) ? new URL(String(target)) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new AuditError(
      'WEIR_AUDIT_INVALID_OPTION',
      `${String(target)} is not a URL: use one such as http://127.0.0.1:3000`
    )
  }
  return { target: await loopbackTarget(url), routes: [] }
}

const parametersIn = (url: string) => new URL(url, 'http://localhost').searchParams.keys()

/** One run over the routes of one app. */
class Audit {
  readonly #target: Target
  readonly #options: CheckedOptions
  readonly #budget: Budget
  readonly #shared: Shared
  readonly #findings: Finding[] = []
  /** Inputs of the findings that have several, by check and route. */
  readonly #inputs = new Map<string, { readonly inputs: string[], readonly first: string }>()
  readonly #routes: RouteReport[] = []

  constructor (target: Target, options: CheckedOptions) {
    this.#target = target
    this.#options = options
    this.#budget = new Budget(options.maxRequests, options.maxTime)
    this.#shared = { users: options.users, etags: new Map() }
  }

  async run (declared: readonly ObservedRoute[]): Promise<AuditReport> {
    let incomplete: string | undefined
    try {
      const finder = new Finder(this.#target, this.#budget, this.#options)
      const candidates = await finder.find(declared).catch((error: unknown) => {
        if (error instanceof BudgetSpent || error instanceof AuditError) throw error
        throw new AuditError('WEIR_AUDIT_UNREACHABLE', `${this.#target.origin} does not answer`, {
          cause: error
        })
      })
      if (candidates.length === 0) {
        const { kind, origin } = this.#target
        throw new AuditError('WEIR_AUDIT_NO_ROUTES', kind === 'inject' ? 'the app' : origin)
      }
      for (const candidate of candidates) await this.#route(candidate)
    } catch (error) {
      if (!(error instanceof BudgetSpent)) throw error
      incomplete = error.message
    }
    const order = { high: 0, medium: 1, low: 2 }
    return {
      version: 1,
      target: this.#target.kind,
      findings: this.#findings.toSorted((a, b) => order[a.severity] - order[b.severity]),
      routes: this.#routes,
      requests: this.#budget.requests,
      took: Math.round(this.#budget.elapsed),
      ...(incomplete !== undefined && { incomplete })
    }
  }

  async #route ({ route, url, reason, opening }: Candidate): Promise<void> {
    const { method, pattern } = route
    const name = `${method} ${pattern}`
    const before = this.#budget.requests
    if (url === undefined) {
      this.#routes.push({
        route: name,
        url: pattern,
        cached: null,
        isolatedBy: null,
        requests: 0,
        ...(reason !== undefined && { skipped: reason })
      })
      return
    }
    const probe = new RouteProbe({
      method,
      name: pattern,
      url,
      query: [...Object.keys(route.query), ...parametersIn(url)],
      headers: route.headers,
      cookies: route.cookies,
      isPublic: route.isPublic
    }, { target: this.#target, budget: this.#budget, timeout: this.#options.timeout })
    let skipped: string | undefined
    try {
      if (opening !== undefined) await this.#checkOpening(probe, name, opening)
      await this.#check(probe, name, pattern)
      const { status } = probe.control
      if ((status === 401 || status === 403) && probe.sign !== undefined && !probe.isolation) {
        skipped = `its refusal (${status}) is stored and answers all trials: ` +
          'do not store it, and audit again'
      }
    } catch (error) {
      if (error instanceof BudgetSpent) {
        skipped = error.message
        throw error
      }
      skipped = `a request failed: ${error instanceof Error ? error.message : String(error)}`
    } finally {
      this.#routes.push({
        route: name,
        url,
        cached: probe.sign ?? null,
        isolatedBy: probe.isolation?.name ?? null,
        requests: this.#budget.requests - before,
        ...(skipped !== undefined && { skipped })
      })
    }
  }

  async #check (probe: RouteProbe, name: string, pattern: string): Promise<void> {
    const [last] = parametersOf(pattern).slice(-1)
    await probe.prepare(last === undefined
      ? undefined
      : (token) => fill(pattern, { [last]: token }))
    for (const check of CHECKS) {
      for await (const fault of check(probe, this.#shared)) this.#add(name, fault)
    }
  }

  /** Judges a first request whose query nothing else has, when nothing was stored before it. */
  async #checkOpening (
    probe: RouteProbe, name: string, { marker, filled }: Opening
  ): Promise<void> {
    if (placeOf(marker, filled) === undefined) return
    const key = { token: '', apply: <T>(change: T) => change }
    const read = await probe.ask(key)
    const again = await probe.ask(key, { query: { 'weir-audit': newToken() } })
    const place = placeOf(marker, read)
    if (place === undefined || placeOf(marker, again) === undefined) return
    this.#add(name, {
      check: 'unkeyed-query',
      input: 'the query',
      found: `The query of one request changes ${place} of the response to another request`,
      answers: [filled, read]
    })
  }

  #add (route: string, { check, input, found, answers }: Fault): void {
    const at = this.#findings.findIndex((one) => one.check === check && one.route === route)
    const known = this.#findings[at]
    if (known !== undefined) {
      const { inputs, first } = this.#inputs.get(`${check} ${route}`) ??
        { inputs: [known.input], first: known.found }
      if (inputs.includes(input)) return
      inputs.push(input)
      this.#inputs.set(`${check} ${route}`, { inputs, first })
      this.#findings[at] = { ...known, found: `${first}; all inputs: ${inputs.join(', ')}` }
      return
    }
    const { severity, explanation, weir, general } = CATALOGUE[check]
    this.#findings.push({
      check,
      severity,
      route,
      input,
      found,
      explanation,
      remedy: { weir, general },
      evidence: answers.map((answer) => evidenceOf(this.#target.origin, answer))
    })
  }
}
