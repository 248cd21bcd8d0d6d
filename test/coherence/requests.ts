import type { Dispatcher } from 'undici'
import type { WriteAnswer } from './engine.js'
import type { Random } from './random.js'
import { type Resource, type Way, workload } from './resources.js'

/** The response of an instance. */
export interface Response {
  readonly status: number
  readonly text: string
  readonly etag: string
  readonly cacheStatus: string
  /** True for an answer of the cache before the instances, without asking one. */
  readonly isEdgeHit: boolean
  /** Number of the fetch by which that cache got it; empty without one. */
  readonly fetch: string
  /** True for a write whose purge the destination has not confirmed. */
  readonly isUnconfirmed: boolean
}

export interface Answer {
  readonly id: number
  readonly version: number
  readonly cacheStatus: string
  /** When the value was put into the cache; undefined if it was computed. */
  readonly setAt?: number | undefined
}

const LANGUAGES = ['de', 'en', 'fr'] as const

const isHttp = ({ workload }: Resource) =>
  workload === 'versions' || workload === 'variants' || workload === 'errors'

/** Delay of the origin, in ms, and whether it must fail. */
export interface Origin {
  readonly delay: number
  readonly fails: boolean
}

/** A read of one resource by one client. */
export class ReadRequest {
  readonly options: Dispatcher.RequestOptions
  readonly #language: string

  /** @param etag the client's entity tag */
  constructor (
    readonly resource: Resource,
    { delay, fails }: Origin,
    random: Random,
    etag: string | undefined
  ) {
    // Drawn in any case, so that choices do not depend on responses.
    const language = random.pick(LANGUAGES)
    this.#language = resource.workload === 'variants' ? language : ''
    const isConditional = etag !== undefined && resource.workload === 'versions'
    this.options = {
      method: 'GET',
      path: isHttp(resource) ? `/versions/${resource.id}` : `/engine/${resource.id}`,
      headers: {
        'x-delay': String(Math.round(delay)),
        ...(fails && { 'x-fail': '1' }),
        ...(isConditional && { 'if-none-match': etag }),
        ...(this.#language !== '' && { 'accept-language': this.#language })
      }
    }
  }

  get isHttp (): boolean {
    return isHttp(this.resource)
  }

  /** @throws Error if the response does not match the request */
  answer (
    { status, text, etag, cacheStatus }: Pick<Response, 'status' | 'text' | 'etag' | 'cacheStatus'>
  ): Answer {
    const answer =
      status === 304
        ? this.#ofEtag(etag)
        : (JSON.parse(text) as Partial<Answer> & { readonly language?: string })
    const { id, version, language = '' } = answer
    if (
      id !== this.resource.id ||
      version === undefined ||
      !(version > 0) ||
      language !== this.#language
    ) {
      throw new Error(
        `asked for ${this.resource.workload} ${this.resource.id} ${this.#language} and got ${status} ${etag} ${text.slice(0, 200)}`
      )
    }
    return { id, version, setAt: answer.setAt, cacheStatus: answer.cacheStatus ?? cacheStatus }
  }

  #ofEtag (etag: string): Partial<Answer> & { readonly language: string } {
    const [id, version, language = ''] = etag.replaceAll('"', '').split('.')
    return { id: Number(id), version: Number(version), language }
  }
}

/** A write of one or several resources of one workload, in one of the workload's ways. */
export class WriteRequest {
  readonly options: Dispatcher.RequestOptions

  constructor (readonly resources: readonly Resource[], readonly way: Way, delay: number) {
    const ids = resources.map(({ id }) => id).join(',')
    this.options = {
      method: 'PUT',
      path: way === 'put' ? `/versions/${ids}` : `/engine?way=${way}&ids=${ids}`,
      headers: { 'x-delay': String(Math.round(delay)) }
    }
  }

  static draw (resources: readonly Resource[], random: Random, delay: number): WriteRequest {
    const [first] = resources
    if (first === undefined) throw new RangeError('nothing to write')
    const { ways, atOnce, skewed } = workload(first.workload)
    const one = () =>
      resources[
        skewed ? random.skewed(resources.length) : Math.floor(random.between(0, resources.length))
      ] ?? first
    return new WriteRequest(
      [...new Set(Array.from({ length: atOnce }, one))],
      random.pick(ways),
      delay
    )
  }

  answer ({ text }: Response): WriteAnswer {
    return JSON.parse(text) as WriteAnswer
  }
}
