import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Test } from 'tap'
import { type Program, program } from '../support/program.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
/** The first run builds an image, which compiles. Milliseconds. */
const AT_MOST = 20 * 60_000

const run = promisify(execFile)

export type Role = 'reader' | 'editor' | 'admin'

/** The containers of docker-compose.yml. */
export interface Stack {
  /** URL of the only published port. */
  readonly url: string
  /** Tokens that the services accept. */
  readonly tokens: Readonly<Record<Role, string>>
  /** Runs `docker compose` on this stack and resolves with its output. */
  readonly compose: (...args: string[]) => Promise<string>
  /** The ids of these services' containers, or of all containers. */
  readonly containers: (...services: string[]) => Promise<string[]>
  /**
   * Events of containers from now on, one per line: `die catalog`, `health_status: healthy
   * catalog`.
   */
  readonly watch: () => Program
}

/**
 * Builds and starts the whole suite as a project of its own, on a free port. Removed after the
 * test, with its volumes.
 */
export async function startStack (t: Test): Promise<Stack> {
  const project = `weir-test-${randomBytes(4).toString('hex')}`
  const env = {
    ...process.env,
    WEIR_PORT: '0',
    OPEN_METEO_ORIGIN: 'http://upstream:4190',
    // Variables of the shell must not reach these containers.
    REDIS_URL: '',
    JWT_SECRET: '',
    API_KEYS: '',
    SHOP_DEMO_USERS: '',
    SHOP_LAB: '',
    RATE_LIMIT_ALLOW: '',
    RATE_LIMIT_DENY: ''
  }
  const options = ['compose', '-p', project, '--profile', 'simulated']
  const down = [...options, 'down', '--volumes', '--remove-orphans', '--timeout', '1']
  const docker = async (...args: string[]): Promise<string> =>
    (await run('docker', args, { cwd: ROOT, env, timeout: AT_MOST, maxBuffer: 64 * 1024 * 1024 }))
      .stdout
  const compose = (...args: string[]) => docker(...options, ...args)

  t.teardown(() => docker(...down))
  // A test that is aborted has no teardown: it receives a signal, and is killed a second later.
  const abandon = (): void => {
    spawn('docker', down, { cwd: ROOT, env, stdio: 'ignore', detached: true }).unref()
  }
  const giveUp = (): void => { process.exit(1) }
  process.once('exit', abandon).once('SIGTERM', giveUp)
  t.teardown(() => { process.off('exit', abandon).off('SIGTERM', giveUp) })

  const watch = () =>
    program(
      t,
      spawn(
        'docker',
        [
          'events',
          '--since',
          String(Date.now() / 1000),
          '--filter',
          'type=container',
          '--filter',
          `label=com.docker.compose.project=${project}`,
          '--format',
          '{{.Action}} {{index .Actor.Attributes "com.docker.compose.service"}}'
        ],
        { env, stdio: ['ignore', 'pipe', 'pipe'] }
      )
    )

  const starting = watch()
  try {
    await compose('up', '--detach', '--build')
    await starting.line(/^health_status: healthy nginx/)
    // nginx does not wait for the shop.
    await starting.line(/^health_status: healthy storefront/)
  } catch (error) {
    throw new Error(`the stack did not start:\n${await compose('logs', '--tail', '50')}`, {
      cause: error
    })
  }
  await starting.stop()

  const exported = await compose('exec', '-T', 'catalog', 'tokens')
  const token = (role: Role) =>
    new RegExp(`${role.toUpperCase()}_TOKEN=(\\S+)`).exec(exported)?.[1] ?? ''
  return {
    url: `http://${(await compose('port', 'nginx', '8080')).trim()}`,
    tokens: { reader: token('reader'), editor: token('editor'), admin: token('admin') },
    compose,
    containers: async (...services) =>
      (await compose('ps', '-q', ...services)).split('\n').filter((id) => id !== ''),
    watch
  }
}
