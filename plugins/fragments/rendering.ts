import { AsyncLocalStorage } from 'node:async_hooks'
import type { FastifyRequest } from 'fastify'
import type { Parts } from './parts.js'

/** Fragment being rendered, as seen by the fragments that its function requests. */
interface Surroundings {
  readonly parts: Parts
  readonly request: FastifyRequest
  isRendered: boolean
}

const current = new AsyncLocalStorage<Surroundings>()

/**
 * Number of functions in progress. While an AsyncLocalStorage is in use, Node 20 makes each `await`
 * of the process three times as expensive, so it is disabled without such a function.
 */
let running = 0

/**
 * Returns the fragment whose function the caller is part of; undefined outside of fragments, and
 * once it is rendered.
 */
export function surroundings (): Omit<Surroundings, 'isRendered'> | undefined {
  const around = running === 0 ? undefined : current.getStore()
  return around?.isRendered === false ? around : undefined
}

/** Runs the function of a fragment: fragments that it requests become parts of it. */
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
