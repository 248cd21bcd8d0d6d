import { createServer, type Server } from 'node:net'
import { StartError } from './errors.js'

/** The suite of `npm start` is reachable from this machine only. */
export const HOST = '127.0.0.1'

const FRONT_DOOR_PORT = 8080
/** The preferred base, the distance to the next one, and the number of attempts. */
const FIRST_BASE = 4100
const STEP = 400
const MOST = 40
/** The front door's port, counted from a base other than the first. */
const FRONT_DOOR_OFFSET = 80

/**
 * The ports of a suite. Its instances count from `base`, which no other suite has while this
 * process runs.
 */
export interface SuitePorts {
  readonly base: number
  readonly frontDoor: number
  /** Why these are not the usual ports, for the banner. */
  readonly note?: string
  /** Releases the base for other suites. */
  readonly release: () => void
}

/**
 * Chooses the ports of a suite: from PORT_BASE on, otherwise from 4100 on, otherwise from the next
 * base whose ports are all free. The base itself is listened on without answering, so that two
 * suites that start at the same moment choose different ones.
 *
 * @param offsets the ports of the instances, counted from the base
 * @throws StartError `WEIR_ERR_BAD_PORT`; `WEIR_ERR_PORT_TAKEN` if PORT_BASE leaves no choice, or
 *   no base is free
 * @example const { base, frontDoor } = await choosePorts(process.env, [1, 2])
 */
export async function choosePorts (
  env: NodeJS.ProcessEnv,
  offsets: readonly number[]
): Promise<SuitePorts> {
  const given = portBase(env.PORT_BASE, Math.max(...offsets, FRONT_DOOR_OFFSET))
  const bases =
    given === undefined ? Array.from({ length: MOST }, (_, i) => FIRST_BASE + i * STEP) : [given]
  let taken: unknown
  for (const base of bases) {
    const isUsual = base === FIRST_BASE && given === undefined
    const frontDoor = env.PORT || isUsual ? frontDoorPort(env.PORT) : base + FRONT_DOOR_OFFSET
    const claimed = await claim(base).catch((error: unknown) => {
      taken ??= error
    })
    if (claimed === undefined) continue
    const release = (): void => {
      claimed.close()
    }
    try {
      for (const offset of offsets) await assertFree(base + offset, 'an instance')
      if (!env.PORT) await assertFree(frontDoor, FRONT_DOOR)
      const note =
        taken instanceof StartError
          ? `all from ${base} on, because ${taken.message.split(':', 1)[0]} (PORT_BASE chooses others)`
          : undefined
      return { base, frontDoor, release, ...(note !== undefined && { note }) }
    } catch (error) {
      release()
      taken ??= error
    }
  }
  throw taken
}

/** Holds a port for as long as the process runs. */
function claim (port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => { socket.destroy() }).unref()
    server.once('error', (error) => { reject(listenError(error, port, 'the suite')) })
    server.listen({ port, host: HOST, exclusive: true }, () => { resolve(server) })
  })
}

function portBase (value: string | undefined, highest: number): number | undefined {
  if (value === undefined || value === '') return undefined
  const base = Number(value)
  if (/^\d+$/.test(value) && base >= 1 && base + highest <= 65535) return base
  throw new StartError(
    'WEIR_ERR_BAD_PORT',
    `PORT_BASE is "${value}": use a number from 1 to ${65535 - highest}, the base of the suite's ports.`
  )
}

/**
 * The front door's port from the environment variable PORT.
 *
 * @throws StartError `WEIR_ERR_BAD_PORT`
 */
export function frontDoorPort (value: string | undefined): number {
  if (value === undefined || value === '') return FRONT_DOOR_PORT
  const port = Number(value)
  if (/^\d+$/.test(value) && port <= 65535) return port
  throw new StartError(
    'WEIR_ERR_BAD_PORT',
    `PORT is "${value}", which is not a port: use a number from 0 (any free port) to 65535.`
  )
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

/** Describes why `owner` could not listen on `port`. */
export function listenError (error: Error, port: number, owner: string): Error {
  const code = 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') {
    return new StartError(
      'WEIR_ERR_PORT_TAKEN',
      `port ${port}, which ${owner} needs, is already in use: ${remedy(owner, 'stop the program that listens there')}.`
    )
  }
  if (code === 'EACCES') {
    return new StartError(
      'WEIR_ERR_PORT_DENIED',
      `port ${port}, which ${owner} needs, is not permitted: ${remedy(owner, 'allow it')}.`
    )
  }
  return error
}

const remedy = (owner: string, first: string) =>
  `${first} or set ${owner === FRONT_DOOR ? 'PORT' : 'PORT_BASE'} to another`

/** The front door's name in messages. */
export const FRONT_DOOR = 'the front door'
