import type { CheckedOptions } from '../options.js'
import { type Budget, BudgetSpent } from '../probing/budget.js'
import { PARAMETERS } from '../probing/parameters.js'
import { newToken } from '../probing/token.js'
import type { ObservedRoute } from '../target/observe.js'
import { sendWithin } from '../target/send-within.js'
import type { Answer, Target } from '../target/target.js'
import { declaredRoutes } from './declared.js'
import { urlsOf, valuesIn } from './example.js'
import { exampleRoute, linksIn } from './links.js'
import { openapiRoutes } from './openapi.js'
import type { FoundRoute } from './schema.js'

/** A route, and an example of its URL that the app answers; undefined if none does. */
export interface Candidate {
  readonly route: FoundRoute
  readonly url: string | undefined
  readonly reason?: string
  readonly opening?: Opening
}

/** The first request to a route, with parameters of a marker that nothing else has. */
export interface Opening {
  readonly marker: string
  readonly filled: Answer
}

/** Paths where apps describe themselves. */
const DESCRIPTIONS = ['/docs/json', '/documentation/json', '/openapi.json']

/** Finds the routes of an app, with a URL for each. */
export class Finder {
  readonly #target: Target
  readonly #budget: Budget
  readonly #options: CheckedOptions

  constructor (target: Target, budget: Budget, options: CheckedOptions) {
    this.#target = target
    this.#budget = budget
    this.#options = options
  }

  async find (declared: readonly ObservedRoute[]): Promise<readonly Candidate[]> {
    const { routes: named, openapi } = this.#options
    const described = openapiRoutes(openapi ??
      (declared.length > 0 ? undefined : await this.#description()))
    const known = [...declaredRoutes(declared), ...described]
    if (named !== undefined) {
      const candidates: Candidate[] = []
      for (const { method, url } of named) {
        candidates.push({
          route: matching(known, method, url) ?? exampleRoute(method, url),
          url,
          ...(method === 'GET' && await this.#opened(url))
        })
      }
      return candidates
    }
    const { ignore } = this.#options
    const routes = distinct(known.length > 0 ? known : await this.#linked())
      .filter(({ pattern }) => !ignore.some((path) => pattern.startsWith(path)))
    return await this.#withUrls(routes)
  }

  async #description (): Promise<unknown> {
    for (const path of DESCRIPTIONS) {
      const answer = await this.#get(path).catch(() => undefined)
      if (answer?.status !== 200) continue
      try {
        return JSON.parse(answer.text)
      } catch {
        // A page that is no description.
      }
    }
    return undefined
  }

  async #linked (): Promise<readonly FoundRoute[]> {
    const root = await this.#get('/')
    const paths = root.status < 400 ? ['/', ...linksIn(root.text)] : linksIn(root.text)
    return [...new Set(paths)].map((path) => exampleRoute('GET', path))
  }

  /** Routes without parameters first: their responses have values for those of others. */
  async #withUrls (routes: readonly FoundRoute[]): Promise<readonly Candidate[]> {
    const values = new Map<string, readonly string[]>(
      Object.entries(this.#options.params).map(([name, value]) => [name, [value]]))
    const candidates: Candidate[] = []
    const depth = ({ pattern }: FoundRoute) => pattern.split(/[:{]/).length
    for (const route of routes.toSorted((a, b) => depth(a) - depth(b))) {
      const urls = [...new Set(urlsOf(route, values))]
      let found: Answer | undefined
      let reason = 'no example URL gets a response below 400: give one in routes, or params'
      let opened: { readonly opening?: Opening } = {}
      for (const url of urls) {
        opened = await this.#opened(url)
        const answer = await this.#get(url).catch((error: unknown) => {
          if (error instanceof BudgetSpent) throw error
          reason = error instanceof Error ? error.message : String(error)
        })
        if (answer === undefined) break
        found ??= answer
        if (answer.status < 400) {
          found = answer
          break
        }
      }
      // Routes that refuse anonymous clients, or fail, have faults of their own.
      const isAudited = found !== undefined &&
        (found.status < 400 || [401, 403].includes(found.status) || found.status >= 500)
      if (found !== undefined && found.status < 400) {
        for (const [name, some] of valuesIn(found.text)) {
          if (!values.has(name)) values.set(name, some)
        }
      }
      candidates.push(isAudited
        ? { route, url: found?.sent.path, ...opened }
        : { route, url: undefined, reason })
    }
    return candidates
  }

  /**
   * Requests a URL with parameters that no client has, before anything is stored for it: a cache
   * that ignores the query serves the response to everyone. A new app makes this unnecessary.
   */
  async #opened (url: string): Promise<{ readonly opening?: Opening }> {
    if (this.#target.renew !== undefined) return {}
    const marker = newToken()
    const query = PARAMETERS.map((name) => `${name}=${marker}`).join('&')
    const filled = await this.#get(url + (url.includes('?') ? '&' : '?') + query)
      .catch(() => undefined)
    return filled === undefined ? {} : { opening: { marker, filled } }
  }

  async #get (url: string): Promise<Answer> {
    this.#budget.spend()
    const sent = { method: 'GET', path: url, headers: {} } as const
    // Unlike the requests of trials, this one is that of a plain client.
    return await sendWithin(this.#target, sent, this.#options.timeout)
  }
}

const segments = (path: string) => (path.split('?')[0] ?? path).split('/')

/** The known route whose pattern an example matches. */
const matching = (routes: readonly FoundRoute[], method: string, url: string) =>
  routes.find((route) => {
    const [pattern, path] = [segments(route.pattern), segments(url)]
    const isLong = pattern.at(-1)?.endsWith('*') === true && path.length >= pattern.length
    return route.method === method && (isLong || pattern.length === path.length) &&
      pattern.every((part, i) => /[:{]/.test(part) || part === path[i] ||
        (part.endsWith('*') && path[i]?.startsWith(part.slice(0, -1)) === true))
  })

/** One route for each pattern: those of declarations and of descriptions are the same. */
const distinct = (routes: readonly FoundRoute[]): readonly FoundRoute[] => {
  const seen = new Map<string, FoundRoute>()
  for (const route of routes) {
    const key = route.pattern.replaceAll(/:(\w+)(?:\([^)]*\))?\??/g, '{$1}')
    if (!seen.has(key)) seen.set(key, route)
  }
  return [...seen.values()]
}
