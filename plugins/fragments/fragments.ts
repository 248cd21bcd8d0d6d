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

/** Makes the HTML of a fragment, as its engine escapes it. */
export type Render = () => string | Promise<string>

/** Everything that one use of a fragment is about. */
interface Use {
  readonly name: string
  readonly options: FragmentOptions
  readonly render: Render
  readonly request: FastifyRequest
  readonly selection: Selection
}

/** A rendered fragment, and what it says to its surroundings. */
interface Rendered {
  readonly html: string
  readonly part: Part
}

/** Keeps fragments, and notes in what is made of them what follows from that. */
export class Fragments {
  readonly #complained = new Set<string>()

  constructor (
    readonly cache: Cache<string>,
    readonly identify: Identify
  ) {}

  /**
   * The HTML of a fragment: kept, or rendered.
   * @throws WEIR_ERR_FRAGMENT, WEIR_ERR_FRAGMENT_LATE, and what `render` throws
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
    // A fragment that is kept may not begin with a part that has ended.
    const isPart = surroundings() !== undefined
    if (!(outcome instanceof Fill) && outcome.stale && isPart) {
      outcome = await cache.acquire(key, { renew: true })
    }
    if (outcome instanceof Fill) return this.#filled(use, outcome)
    const { entry, stale } = outcome
    if (stale && !isPart) this.#refill(use, entry, key)
    // Past its window, a fill of another caller has failed.
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

  /** Renders a stale fragment anew, for those who ask later. */
  #refill (use: Use, stale: Entry<string>, key: string): void {
    this.cache
      .revalidate(key, stale)
      .then((fill) => fill && this.#filled(use, fill))
      .catch((error: unknown) => {
        use.request.log.warn(
          { err: error, fragment: use.name },
          'a stale fragment could not be rendered anew'
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
        'a fragment could not be rendered: a stale one stands in'
      )
      return { html: stale.value, part: partOf(stale, selection, options, true) }
    }
    const why = parts.uncovered({
      isPrivate: options.private === true,
      names: selection.names,
      functions: selection.functions
    })
    if (why !== undefined) {
      // Others wait for it, and are not to have it.
      fill.abandon()
      this.#complainUnkept(request, name, why)
      return { html, part: ownPart(use, parts) }
    }
    const { entry } = await fill.commit(html, () => lasting(use, parts))
    return { html, part: partOf(entry, selection, options, parts.isStandIn) }
  }

  /** Renders for this request alone, as it is not known whose it is or what it depends on. */
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

  /** Tells the surroundings of a fragment what it brings along. */
  #noted (reply: FastifyReply, name: string, { html, part }: Rendered): string {
    const { request } = reply
    const around = surroundings()
    if (around !== undefined) {
      around.parts.add(part)
      // Its function may have asked the application for another page.
      if (around.request === request) return html
    }
    // The page has no place for it any more.
    if (reply.raw.writableEnded) return html
    const page = ownPageOf(request)
    const head = decidedHead(reply, page)
    if (head !== undefined) this.#checkLate(request, name, part, head)
    else if (page.list.length === 0) followAtTheEnd(request, reply)
    page.add(part)
    page.texts.push(html)
    return html
  }

  /** Checks that a head is right although it was decided before the fragment was used. */
  #checkLate (request: FastifyRequest, name: string, part: Part, head: Head): void {
    const broken = brokenPromise(part, request, head)
    if (broken !== undefined) throw new WEIR_ERR_FRAGMENT_LATE(shown(name), broken)
    const now = Date.now()
    const [promised, left] = [promisedSeconds(head, now), secondsLeft(part, now)]
    if (promised !== undefined && promised > left + 1) {
      const message = `a fragment is fresh for ${left} s, and its page, whose head was decided before, says ${Math.floor(promised)} s`
      this.#complain(request, name, 'LATE', `${message}: use it before the first byte`)
    }
  }

  /**
   * Logs why fragments of a route are not kept, once: keys may be as many as there are products.
   */
  #complainUnkept (request: FastifyRequest, fragment: string, why: string): void {
    this.#complain(
      request,
      fragment,
      why.replace(/^"(?:[^"\\]|\\.)*"/, ''),
      `a fragment is not kept: ${why}`
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

/** The part of a fragment that is not kept: a fragment that contains it is not kept either. */
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
 * Options of keeping a fragment: at most as long as each of its parts, and ended by what ends one
 * of them.
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
