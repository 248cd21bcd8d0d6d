import { AsyncLocalStorage } from 'node:async_hooks'
import type { FastifyRequest } from 'fastify'
import type { Parts } from './parts.js'

/** The fragment that is being rendered, as those see it that its function asks for. */
interface Surroundings {
  readonly parts: Parts
  readonly request: FastifyRequest
  isRendered: boolean
}

const current = new AsyncLocalStorage<Surroundings>()

/**
 * Functions under way. While a storage is in use, Node 20 makes each `await` of the process cost
 * three times as much: without such a function the storage is off.
 */
let running = 0

/**
 * The fragment whose function the caller is part of; undefined outside of fragments, and once it is
 * rendered.
 */
export function surroundings (): Omit<Surroundings, 'isRendered'> | undefined {
  const around = running === 0 ? undefined : current.getStore()
  return around?.isRendered === false ? around : undefined
}

/** Runs the function of a fragment: those that it asks for are parts of it. */
export async function renderWithin<R> (
  parts: Parts,
  request: FastifyRequest,
  render: () => R | Promise<R>
): Promise<R> {
  const around = { parts, request, isRendered: false }
  running++
  try {
    return await current.run(around, render)
  } finally {
    around.isRendered = true
    if (--running === 0) current.disable()
  }
}
