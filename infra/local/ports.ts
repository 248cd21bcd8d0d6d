import { createServer } from 'node:net'
import { StartError } from './errors.js'

/** Everything `npm start` runs is reachable from this machine only. */
export const HOST = '127.0.0.1'

/**
 * The front door's port from the environment variable PORT.
 *
 * @throws StartError `WEIR_ERR_BAD_PORT`
 */
export function frontDoorPort (value: string | undefined): number {
  if (value === undefined || value === '') return 8080
  const port = Number(value)
  if (/^\d+$/.test(value) && port <= 65535) return port
  throw new StartError('WEIR_ERR_BAD_PORT', `PORT is "${value}", which is no port: give a number from 0 (any free port) to 65535.`)
}

/**
 * Rejects unless `port` can be listened on.
 *
 * @throws StartError `WEIR_ERR_PORT_TAKEN`, `WEIR_ERR_PORT_DENIED`
 */
export function assertFree (port: number, owner: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', (error) => { reject(listenError(error, port, owner)) })
    probe.listen({ port, host: HOST, exclusive: true }, () => { probe.close(() => { resolve() }) })
  })
}

/** What went wrong when `owner` could not listen on `port`. */
export function listenError (error: Error, port: number, owner: string): Error {
  const code = 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') {
    return new StartError('WEIR_ERR_PORT_TAKEN', `port ${port}, which ${owner} needs, is already in use: ${remedy(owner, 'stop what listens there')}.`)
  }
  if (code === 'EACCES') {
    return new StartError('WEIR_ERR_PORT_DENIED', `port ${port}, which ${owner} needs, may not be used by you: ${remedy(owner, 'allow it')}.`)
  }
  return error
}

/** Only the front door can be moved. */
const remedy = (owner: string, first: string) => owner === FRONT_DOOR ? `${first} or set PORT to another` : first

/** How the front door is called in messages. */
export const FRONT_DOOR = 'the front door'
