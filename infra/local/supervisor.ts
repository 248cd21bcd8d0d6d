import { fileURLToPath } from 'node:url'
import { type FastifyInstance } from 'fastify'
import { banner, labelled } from './banner.js'
import { demoTokens, newSecret } from './demo-tokens.js'
import { buildFrontDoor } from './front-door.js'
import { Instance } from './instance.js'
import { newLoginCode } from './login-code.js'
import { LOW_MEMORY } from './memory.js'
import {
  FRONT_DOOR,
  HOST,
  type SuitePorts,
  assertFree,
  frontDoorPort,
  listenError
} from './ports.js'
import { type ServiceDefinition, type Settings } from './suite.js'
import { tracingOf } from './tracing.js'

const DATA_DIR = fileURLToPath(new URL('../../../.data', import.meta.url))

/** Returns the folder of the services' files. */
export const dataFolder = (env: NodeJS.ProcessEnv): string => env.DATA_DIR || DATA_DIR

interface Member {
  readonly service: ServiceDefinition
  readonly instance: Instance
  readonly port: number
}

/** Runs the suite: the instances of every service, and the front door. */
export class Supervisor {
  readonly #env: NodeJS.ProcessEnv
  readonly #dataDir: string
  readonly #redisUrl: string | undefined
  readonly #jwtSecret: string
  readonly #loginCode = newLoginCode(Date.now())
  readonly #members: readonly Member[]
  readonly #frontDoor: FastifyInstance
  readonly #say: (line: string) => void
  readonly #ports: Pick<SuitePorts, 'frontDoor' | 'note'> | undefined

  /**
   * `env`: reads DATA_DIR, REDIS_URL, JWT_SECRET, LOG_LEVEL and TRUST_PROXY, and PORT without
   * `ports`; passes all variables on to the instances.
   */
  constructor (
    services: readonly ServiceDefinition[],
    env: NodeJS.ProcessEnv,
    say: (line: string) => void,
    ports?: SuitePorts
  ) {
    this.#ports = ports
    this.#env = env
    this.#dataDir = dataFolder(env)
    this.#redisUrl = env.REDIS_URL || undefined
    this.#jwtSecret = env.JWT_SECRET || newSecret()
    this.#say = say
    this.#members = services.flatMap((service) =>
      Array.from({ length: service.instances }, (_, i) => {
        const name = `${service.name}-${i + 1}`
        const port = service.basePort === 0 ? 0 : service.basePort + i
        return {
          service,
          port,
          instance: new Instance({
            name,
            entry: service.entry,
            env: this.#instanceEnv(service, name, port),
            say
          })
        }
      })
    )
    this.#frontDoor = buildFrontDoor(
      services.map(({ name, prefixes, paths = [], docs }) => ({
        name,
        prefixes,
        paths,
        ...(docs !== undefined && { docs }),
        upstreams: this.#members
          .filter(({ service }) => service.name === name)
          .map(({ instance }) => instance)
      })),
      undefined,
      tracingOf(env)
    )
  }

  /**
   * Starts everything, prints the banner when all instances answer, and resolves with the front
   * door's URL. After a failure, `stop()` what did start.
   *
   * @throws StartError
   */
  async start (): Promise<string> {
    const port = this.#ports?.frontDoor ?? frontDoorPort(this.#env.PORT)
    for (const { instance, port, service } of this.#members) {
      if (service.pending === undefined) await assertFree(port, instance.name)
    }
    // The front door starts first, so that no other program takes the port while the instances
    // start; until they are ready it answers 503.
    const frontDoor = await this.#frontDoor.listen({ port, host: HOST }).catch((error: Error) => {
      throw listenError(error, port, FRONT_DOOR)
    })
    const [tokens, ...started] = await Promise.all([
      demoTokens(this.#jwtSecret),
      ...this.#members.map((member) => this.#launch(member, frontDoor))
    ])
    const up = started.filter((launched) => launched !== undefined)
    this.#say(
      banner({
        frontDoor,
        redisUrl: this.#redisUrl,
        dataDir: this.#dataDir,
        instances: up.map(({ instance }) => instance),
        notes: [
          ...(this.#ports?.note === undefined ? [] : [labelled('ports', this.#ports.note)]),
          ...new Set(
            up.flatMap(({ service, note }) =>
              note === undefined ? [] : [labelled(service.name, note)]
            )
          )
        ],
        tokens,
        ...(up.some(({ service }) => service.loginCodeIn !== undefined) && {
          loginCode: this.#loginCode
        })
      })
    )
    return frontDoor
  }

  /**
   * Starts one instance; resolves once it is ready, or with `undefined` if its service is not
   * needed.
   */
  async #launch (
    member: Member,
    frontDoor: string
  ): Promise<(Member & Pick<Settings, 'note'>) | undefined> {
    const { service, instance, port } = member
    const addresses = Object.fromEntries(
      (service.frontDoorIn ?? []).map((name) => [name, frontDoor])
    )
    if (service.pending === undefined) {
      await instance.start(addresses)
      return member
    }
    const settings = await service.pending
    if (settings === undefined) return undefined
    await assertFree(port, instance.name)
    await instance.start({ ...addresses, ...settings.env })
    return { ...member, ...settings }
  }

  /**
   * Lets requests in flight end, ends every instance; takes at most the 1.5 s that an instance has.
   */
  async stop (): Promise<void> {
    // Not awaited: its last requests end with the instances that answer them.
    this.#frontDoor.close().catch(() => {})
    await Promise.all(this.#members.map(({ instance }) => instance.stop()))
  }

  /** Kills every instance. */
  kill (): void {
    for (const { instance } of this.#members) instance.kill()
  }

  #instanceEnv (service: ServiceDefinition, name: string, port: number): NodeJS.ProcessEnv {
    const { REDIS_URL: _, ...env } = this.#env
    return {
      ...LOW_MEMORY,
      ...env,
      // An empty variable counts as unset.
      ...Object.fromEntries(Object.entries(service.env ?? {}).filter(([name]) => !env[name])),
      ...(service.loginCodeIn !== undefined && { [service.loginCodeIn]: this.#loginCode }),
      HOST,
      PORT: String(port),
      // The front door sends no request to an instance that is ending, and gives it little time.
      DRAIN_MS: '0',
      INSTANCE: name,
      INSTANCES: String(service.instances),
      JWT_SECRET: this.#jwtSecret,
      DATA_DIR: this.#dataDir,
      LOG_LEVEL: this.#env.LOG_LEVEL || 'warn',
      // Instances trust the front door's statements about clients.
      TRUST_PROXY: this.#env.TRUST_PROXY || 'loopback',
      ...(this.#redisUrl === undefined ? {} : { REDIS_URL: this.#redisUrl })
    }
  }
}
