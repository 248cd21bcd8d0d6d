import { AuditError } from '../errors.js'
import { type ObservedRoute, observed, observeHandlers, recording } from './observe.js'
import type { Answer, Method, Sent, Target } from './target.js'

/** The parts of a Fastify instance that the audit uses. */
export interface InjectableApp {
  inject (request: {
    method: Method
    url: string
    headers: Record<string, string | string[]>
    payload?: string
    signal: AbortSignal
  }): Promise<{
    readonly statusCode: number
    readonly headers: Readonly<Record<string, number | string | string[] | undefined>>
    readonly rawPayload: Buffer
  }>
  ready? (): PromiseLike<unknown>
  /** The response cache of Weir, which trials empty. */
  readonly responseCache?: {
    readonly cache: {
      clear (namespace?: string, options?: { consistency?: 'bounded' }): Promise<unknown>
    }
  }
  close? (): unknown
}

/** Builds the app under audit; may be called again for an app with empty caches. */
export type BuildApp = () => InjectableApp | Promise<InjectableApp>

const ORIGIN = 'http://127.0.0.1:3000'

/** An app in process. A build function is observed, and its apps are closed by `close`. */
export async function injectTarget (
  given: InjectableApp | BuildApp
): Promise<{ readonly target: Target, readonly routes: readonly ObservedRoute[] }> {
  const build = async () => {
    const { built, routes } = await observed(async () => {
      const app = isBuild(given) ? await given() : given
      if (typeof app?.inject !== 'function') {
        throw new AuditError(
          'WEIR_AUDIT_INVALID_OPTION',
          'The build function returned no app with inject(): return a Fastify instance'
        )
      }
      await app.ready?.()
      return app
    })
    return { app: built, routes }
  }
  let { app, routes } = await build()
  const stop = observeHandlers()
  const target: Target = {
    kind: 'inject',
    origin: ORIGIN,
    send: (sent, signal) => send(app, sent, signal),
    ...(app.responseCache !== undefined && {
      async clear () { await app.responseCache?.cache.clear(undefined, { consistency: 'bounded' }) }
    }),
    async close () {
      stop()
      if (isBuild(given)) await app.close?.()
    }
  }
  if (isBuild(given)) {
    target.renew = async () => {
      await app.close?.()
      app = (await build()).app
    }
  }
  return { target, routes }
}

const isBuild = (given: InjectableApp | BuildApp): given is BuildApp =>
  typeof given === 'function' && !('inject' in given)

async function send (app: InjectableApp, sent: Sent, signal: AbortSignal): Promise<Answer> {
  // A response without an end is never complete: the wait for it ends by the signal.
  const late = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => { reject(signal.reason as Error) }, {
      once: true
    })
  })
  const { result, reads } = await recording(() => Promise.race([late, app.inject({
    method: sent.method,
    url: sent.path,
    headers: Object.fromEntries(
      Object.entries(sent.headers).map(([name, value]) =>
        [name, typeof value === 'string' ? value : [...value]])
    ),
    ...(sent.body !== undefined && { payload: sent.body }),
    signal
  })]))
  const headers = new Map<string, string>()
  for (const [name, value] of Object.entries(result.headers)) {
    if (value !== undefined) headers.set(name.toLowerCase(), [value].flat().join(', '))
  }
  return {
    sent,
    status: result.statusCode,
    headers,
    text: result.rawPayload.toString('latin1'),
    reads
  }
}
