import { randomBytes } from 'node:crypto'
import { fastify, type FastifyInstance, type FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { memoryStore } from '@weir/cache/memory'
import conditional from '@weir/fastify/conditional'
import invalidation from '@weir/fastify/invalidation'
import responseCache from '@weir/fastify/response-cache'
import type { Certificate } from '@weir/internal/testing'
import { shop } from './shop.js'
import { State } from './state.js'
import type { Kit, Order, Subject } from './subject.js'
import type { Transport } from './transports.js'

/** The options for building an application, with or without Weir. */
export interface Build {
  readonly subject: Subject
  readonly isCached: boolean
  readonly isConditional: boolean
  /** Weir's plugins are registered before or after the subject's. */
  readonly order: Order
  readonly transport: Transport
  readonly certificate: Certificate
}

/** The means for a subject that starts an application by itself. */
export interface Assembly extends Build {
  /** Registers Weir, if the twin has it, and the common part of all applications. */
  readonly plugin: FastifyPluginAsync
}

/** A running application. */
export interface Twin {
  readonly port: number
  readonly close: () => Promise<void>
}

/** Builds an application that listens on a port of its own. */
export async function startTwin (build: Build): Promise<Twin> {
  const { transport, certificate } = build
  const kit = kitOf(build.isCached)
  const plugin = fp(async (app: FastifyInstance) => { await assemble(app, kit, build) })
  if (build.subject.start !== undefined) return build.subject.start({ ...build, plugin }, kit)
  const common = { forceCloseConnections: true, genReqId: counter() }
  switch (transport) {
    case 'http2': {
      const app = fastify({ ...common, http2: true, https: certificate })
      await app.register(plugin)
      return {
        port: portOf(await app.listen({ port: 0, host: '127.0.0.1' })),
        close: () => app.close()
      }
    }
    case 'tls': {
      const app = fastify({ ...common, https: certificate })
      await app.register(plugin)
      return { port: portOf(await app.listen({ port: 0, host: '127.0.0.1' })), close: () => app.close() }
    }
    default: {
      const app = fastify(common)
      await app.register(plugin)
      return { port: portOf(await app.listen({ port: 0, host: '127.0.0.1' })), close: () => app.close() }
    }
  }
}

async function assemble (app: FastifyInstance, kit: Kit, build: Build): Promise<void> {
  const { subject, order } = build
  if (order === 'before') await registerWeir(app, build)
  await subject.plugins(app, kit)
  if (order === 'after') await registerWeir(app, build)
  shop(app, kit, subject.guard?.(app) ?? {})
  await subject.routes?.(app, kit)
}

async function registerWeir (
  app: FastifyInstance,
  { isCached, isConditional }: Build
): Promise<void> {
  if (!isCached) return
  if (isConditional) await app.register(conditional)
  // Twins in one process share nothing.
  await app.register(responseCache, {
    store: memoryStore(),
    namespace: randomBytes(4).toString('hex')
  })
  await app.register(invalidation)
}

function kitOf (isCached: boolean): Kit {
  return {
    state: new State(),
    isCached,
    invalidate (reply, tags) { if (isCached) reply.invalidate(tags) }
  }
}

function counter (): () => string {
  let count = 0
  return () => `request-${++count}`
}

const portOf = (address: string) => Number(new URL(address).port)
