import {
  type Cache,
  type Entry,
  type EntryOptions,
  Fill,
  freshness,
  keyTag,
  parseDuration,
  servesError
} from '@weir/cache'
import { shown } from '@weir/internal'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { WEIR_ERR_FRAGMENT, WEIR_ERR_FRAGMENT_LATE } from '../errors.js'
import { followAtTheEnd, secondsLeft } from './follow.js'
import { brokenPromise, decidedHead, promisedSeconds } from './late.js'
import type { Head } from '../response-cache/head.js'
import { checkKeeping, checkSelecting, type FragmentOptions } from './options.js'
import { ownPageOf } from './page.js'
import { KeptPart, type Part, Parts } from './parts.js'
import { renderWithin, surroundings } from './rendering.js'
import { type Identify, type Selection, selectionOf } from './selection.js'

/** Renders the HTML of a fragment, escaped by its engine. */
export type Render = () => string | Promise<string>

/** One use of a fragment, with everything it depends on. */
interface Use {
  readonly name: string
  readonly options: FragmentOptions
  readonly render: Render
  readonly request: FastifyRequest
  readonly selection: Selection
}

/** Rendered fragment, with its consequences for the enclosing page or fragment. */
interface Rendered {
  readonly html: string
  readonly part: Part
}

/** Stores fragments, and records their consequences in the enclosing page or fragment. */
export class Fragments {
  readonly #complained = new Set<string>()

  constructor (
    readonly cache: Cache<string>,
    readonly identify: Identify
  ) {}

  /**
   * Returns the HTML of a fragment, stored or rendered.
   * @throws WEIR_ERR_FRAGMENT, WEIR_ERR_FRAGMENT_LATE, and errors of `render`
   */
  async use (
    reply: FastifyReply,
    name: string,
    options: FragmentOptions,
    render: Render
  ): Promise<string> {
    const { request } = reply
    checkSelecting(name, options)
    const selection = selectionOf(name, options, request, this.identify)
    const { key } = selection
    const hit = key === undefined ? undefined : this.cache.lookup(key)
    if (hit !== undefined && !hit.stale) {
      return this.#noted(reply, name, {
        html: hit.entry.value,
        part: partOf(hit.entry, selection, options)
      })
    }
    const use = { name, options, render, request, selection }
    checkKeeping(name, options, render)
    return this.#noted(
      reply,
      name,
      await (key === undefined ? this.#unkept(use) : this.#found(use, key))
    )
  }

  async #found (use: Use, key: string): Promise<Rendered> {
    const { cache } = this
    let outcome = await cache.acquire(key)
    // A fragment to be stored must not start out with a stale part.
    const isPart = surroundings() !== undefined
    if (!(outcome instanceof Fill) && outcome.stale && isPart) {
      outcome = await cache.acquire(key, { renew: true })
    }
    if (outcome instanceof Fill) return this.#filled(use, outcome)
    const { entry, stale } = outcome
    if (stale && !isPart) this.#refill(use, entry, key)
    // Past its stale window, the entry is here because a fill of another caller has failed.
    return {
      html: entry.value,
      part: partOf(
        entry,
        use.selection,
        use.options,
        stale && freshness(entry, Date.now()) === 'expired'
      )
    }
  }

  /** Renders a stale fragment anew, for later requests. */
  #refill (use: Use, stale: Entry<string>, key: string): void {
    this.cache
      .revalidate(key, stale)
      .then((fill) => fill && this.#filled(use, fill))
      .catch((error: unknown) => {
        use.request.log.warn(
          { err: error, fragment: use.name },
          'a stale fragment could not be re-rendered'
        )
      })
  }

  async #filled (use: Use, fill: Fill<string>): Promise<Rendered> {
    const { name, options, request, selection } = use
    const parts = new Parts()
    let html: string
    try {
      html = await fill.run(() => rendered(use, parts))
    } catch (error) {
      fill.fail()
      const mayStandIn = fill.stale !== undefined && servesError(fill.stale, Date.now())
      const stale = mayStandIn ? await fill.validStale() : undefined
      if (stale === undefined) throw error
      request.log.warn(
        { err: error, fragment: name },
        'a fragment could not be rendered: a stale one replaces it'
      )
      return { html: stale.value, part: partOf(stale, selection, options, true) }
    }
    const why = parts.uncovered({
      isPrivate: options.private === true,
      names: selection.names,
      functions: selection.functions
    })
    if (why !== undefined) {
      // Waiting requests must not get this fragment.
      fill.abandon()
      this.#complainUnkept(request, name, why)
      return { html, part: ownPart(use, parts) }
    }
    const { entry } = await fill.commit(html, () => lasting(use, parts))
    return { html, part: partOf(entry, selection, options, parts.isStandIn) }
  }

  /** Renders for this request alone, because the fragment's user or dependencies are unknown. */
  async #unkept (use: Use): Promise<Rendered> {
    const {
      name,
      request,
      selection: { unclear }
    } = use
    if (unclear !== undefined) this.#complainUnkept(request, name, unclear)
    const parts = new Parts()
    return { html: await rendered(use, parts), part: ownPart(use, parts) }
  }

  /** Records the consequences of a fragment in its surroundings. */
  #noted (reply: FastifyReply, name: string, { html, part }: Rendered): string {
    const { request } = reply
    const around = surroundings()
    if (around !== undefined) {
      around.parts.add(part)
      // The fragment's function may have requested another page of the application.
      if (around.request === request) return html
    }
    // The page has ended and cannot include the fragment.
    if (reply.raw.writableEnded) return html
    const page = ownPageOf(request)
    const head = decidedHead(reply, page)
    if (head !== undefined) this.#checkLate(request, name, part, head)
    else if (page.list.length === 0) followAtTheEnd(request, reply)
    page.add(part)
    page.texts.push(html)
    return html
  }

  /** Checks that a head decided before the fragment was used is still correct. */
  #checkLate (request: FastifyRequest, name: string, part: Part, head: Head): void {
    const broken = brokenPromise(part, request, head)
    if (broken !== undefined) throw new WEIR_ERR_FRAGMENT_LATE(shown(name), broken)
    const now = Date.now()
    const [promised, left] = [promisedSeconds(head, now), secondsLeft(part, now)]
    if (promised !== undefined && promised > left + 1) {
      const message = `a fragment is fresh for ${left} s, and its page, whose head was decided ` +
        `before, declares ${Math.floor(promised)} s`
      this.#complain(request, name, 'LATE', `${message}: use it before the first byte`)
    }
  }

  /**
   * Logs once why fragments of a route are not stored, because keys may be as numerous as products.
   */
  #complainUnkept (request: FastifyRequest, fragment: string, why: string): void {
    this.#complain(
      request,
      fragment,
      why.replace(/^"(?:[^"\\]|\\.)*"/, ''),
      `a fragment is not stored: ${why}`
    )
  }

  #complain (request: FastifyRequest, fragment: string, about: string, message: string): void {
    const { url } = request.routeOptions
    const place = `${url} ${about}`
    if (this.#complained.has(place)) return
    this.#complained.add(place)
    request.log.warn({ fragment, route: url }, message)
  }
}

async function rendered ({ name, render, request }: Use, parts: Parts): Promise<string> {
  const html: unknown = await renderWithin(parts, request, render)
  if (typeof html === 'string') return html
  throw new WEIR_ERR_FRAGMENT(
    shown(name),
    `render returned ${shown(html)}: return its HTML as text, as viewAsync() and include() do`
  )
}

const partOf = (
  entry: Entry<string>,
  selection: Selection,
  options: FragmentOptions,
  isStandIn = false
): Part => new KeptPart(entry, selection, options.private === true, isStandIn)

/**
 * Returns the part of a fragment that is not stored; a fragment that contains it is not stored
 * either.
 */
function ownPart (
  { options, selection: { of, names, functions, unclear } }: Use,
  parts: Parts
): Part {
  return {
    key: of,
    tags: [...(options.tags ?? []), ...parts.tags],
    freshUntil: 0,
    renderedAt: Date.now(),
    isPrivate: options.private === true || parts.isPrivate,
    isOwn: unclear !== undefined || parts.isOwn,
    isStandIn: parts.isStandIn,
    names: [...new Set([...names, ...parts.names])],
    functions: [...new Set([...functions, ...parts.functions])]
  }
}

/**
 * Returns the options for storing a fragment: its lifetime is limited by each part's, and it is
 * invalidated with each part.
 */
function lasting ({ options, selection: { of } }: Use, parts: Parts): EntryOptions {
  const { ttl, tags = [], staleWhileRevalidate = 0, staleIfError = 0 } = options
  const left = Math.max(0, parts.freshUntil - Date.now())
  return {
    ttl: Math.min(parseDuration(ttl, 'ttl'), left),
    staleWhileRevalidate,
    staleIfError,
    tags: [...new Set([...tags, keyTag(of), ...parts.tags])]
  }
}
