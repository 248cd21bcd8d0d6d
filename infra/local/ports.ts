import { createServer, type Server } from 'node:net'
import { StartError } from './errors.js'

/** Everything `npm start` runs is reachable from this machine only. */
export const HOST = '127.0.0.1'

const FRONT_DOOR_PORT = 8080
/**
 * The base of a suite that nothing is in the way of, how far the next one is, and how many are
 * tried.
 */
const FIRST_BASE = 4100
const STEP = 400
const MOST = 40
/** The front door's port, counted from a base that is not the first one. */
const FRONT_DOOR_OFFSET = 80

/**
 * The ports of a suite. Its instances count from `base`, which no other suite has while this
 * process runs.
 */
export interface SuitePorts {
  readonly base: number
  readonly frontDoor: number
  /** Why these are not the usual ones, for the banner. */
  readonly note?: string
  /** Lets other suites have the base. */
  readonly release: () => void
}

/**
 * Chooses the ports of a suite: those from PORT_BASE on, else from 4100 on, else from the next base
 * of which all are free. The base itself is listened on and answers nothing: two suites that start
 * at the same moment do not choose the same.
 *
 * @param offsets the ports of the instances, counted from the base
 * @throws StartError `WEIR_ERR_BAD_PORT`; `WEIR_ERR_PORT_TAKEN` where PORT_BASE leaves no choice,
 *   or nothing is free
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
    `PORT_BASE is "${value}": give a number from 1 to ${65535 - highest}, from which on the ports of the suite are counted.`
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
    `PORT is "${value}", which is no port: give a number from 0 (any free port) to 65535.`
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

/** What went wrong when `owner` could not listen on `port`. */
export function listenError (error: Error, port: number, owner: string): Error {
  const code = 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') {
    return new StartError(
      'WEIR_ERR_PORT_TAKEN',
      `port ${port}, which ${owner} needs, is already in use: ${remedy(owner, 'stop what listens there')}.`
    )
  }
  if (code === 'EACCES') {
    return new StartError(
      'WEIR_ERR_PORT_DENIED',
      `port ${port}, which ${owner} needs, may not be used by you: ${remedy(owner, 'allow it')}.`
    )
  }
  return error
}

const remedy = (owner: string, first: string) =>
  `${first} or set ${owner === FRONT_DOOR ? 'PORT' : 'PORT_BASE'} to another`

/** How the front door is called in messages. */
export const FRONT_DOOR = 'the front door'
