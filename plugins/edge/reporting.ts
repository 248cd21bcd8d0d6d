import type { Edge } from '@weir/edge'
import {
  boundedEdge,
  edgeBox,
  type EdgeRequest,
  type EdgeState,
  MOST_LETTERS,
  parseEdgeRequest,
  type Requests
} from '@weir/metrics'
import type { FastifyBaseLogger } from 'fastify'

/** Dependencies of reporting. */
export interface ReportingParts {
  readonly edge: Edge
  readonly service: string
  readonly instance: string
  /** Requests of consoles and programs; undefined if the store of the metrics has none. */
  readonly requests: Requests | undefined
  /** Invalidates the fleet and tells the edge, without waiting for its confirmation. */
  readonly invalidate: (tags: readonly string[]) => Promise<unknown>
  readonly log: FastifyBaseLogger
}

/** Milliseconds between looks for requests, and looks after which the state is read again. */
const LOOK = 1000
const LOOKS = 5
/** Requests that are taken at once. */
const TAKEN = 20

/**
 * Tells consoles the state of the edge, and carries out what they and programs such as `weir purge`
 * ask for: they reach neither this service's database nor its destinations.
 */
export class EdgeReporting {
  readonly #parts: ReportingParts
  #state: EdgeState | undefined
  #timer: NodeJS.Timeout | undefined
  #look: Promise<void> = Promise.resolve()
  #isStopped = false
  #looks = 0

  constructor (parts: ReportingParts) {
    this.#parts = parts
  }

  /** The last state that was read. */
  get state (): EdgeState | undefined {
    return this.#state
  }

  start (): void {
    const next = (delay: number) => {
      this.#timer = setTimeout(() => {
        this.#look = this.look().then(() => { if (!this.#isStopped) next(LOOK) })
      }, delay).unref()
    }
    next(0)
  }

  /** Resolves when requests in progress have been carried out. */
  async stop (): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.#look
  }

  /** Carries out requests and reads the state, if it is time. Never rejects. */
  async look (): Promise<void> {
    const { edge, service, instance, log } = this.#parts
    try {
      const isChanged = await this.#carryOut(edgeBox(service), edge.isShared) ||
        await this.#carryOut(edgeBox(service, instance), true)
      if (!isChanged && this.#looks++ % LOOKS !== 0) return
      this.#state = await stateOf(edge)
    } catch (error) {
      log.debug({ err: error }, 'the edge has no requests or state: its store does not answer')
    }
  }

  /** Returns whether there were any requests. */
  async #carryOut (box: string, hasLetters: boolean): Promise<boolean> {
    const { requests, log } = this.#parts
    const taken = await requests?.take(box, TAKEN) ?? []
    // Together: none waits for another one.
    await Promise.all(taken.map(async (text) => {
      const request = parseEdgeRequest(text)
      try {
        if (request !== undefined) await this.#answer(request, hasLetters)
        await requests?.finish(box, text)
      } catch (error) {
        // Another instance takes it later.
        log.warn({ err: error }, 'a request to the edge was not carried out: it will be repeated')
      }
    }))
    return taken.length > 0
  }

  async #answer (request: EdgeRequest, hasLetters: boolean): Promise<void> {
    const { edge, invalidate } = this.#parts
    if (request.action === 'purge') {
      await invalidate(request.tags)
      return
    }
    for (const letter of hasLetters ? request.letters : []) {
      // One by one: letters that are gone hold up no others.
      await edge[request.action]([letter]).catch((error: unknown) => {
        if (!isGone(error)) throw error
      })
    }
  }
}

/** Whether it has been carried out already: by an instance that died, or for another visitor. */
const isGone = (error: unknown) =>
  error instanceof Error && 'code' in error && error.code === 'WEIR_EDGE_INVALID_OPTION'

async function stateOf (edge: Edge): Promise<EdgeState> {
  const [status, letters] = await Promise.all([
    edge.status(),
    edge.deadLetters(undefined, MOST_LETTERS)
  ])
  return boundedEdge({
    isShared: edge.isShared,
    destinations: status.map(({ oldest, error, ...rest }) =>
      ({ ...rest, oldestMs: oldest, ...(error !== undefined && { error }) })),
    letters
  })
}
