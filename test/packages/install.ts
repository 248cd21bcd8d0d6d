import { spawn, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Test } from 'tap'
import { pack } from '#infra/release/pack.js'
import { type LocalRegistry, serveTarballs } from '#infra/release/registry.js'
import { publicWorkspaces } from '#infra/release/workspaces.js'
import { program, type Program } from '../support/program.js'
import { ROOT } from '../support/compiled-example.js'

/** Milliseconds after which a command that waits for an unresponsive registry is ended. */
const INSTALL_WITHIN_MS = 180_000

/** Packs all public packages, and serves them as a registry until the test ends. */
export async function registryOf (t: Test): Promise<LocalRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-tarballs-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const upstream = run(ROOT, ['npm', 'config', 'get', 'registry']).output.trim()
  const registry = await serveTarballs(
    await pack(ROOT, await publicWorkspaces(ROOT), folder),
    upstream
  )
  t.teardown(() => registry.close())
  return registry
}

/**
 * An empty folder in which @weir packages come from the local registry, as a new user's come from
 * npm's.
 */
export async function emptyApp (t: Test, registry: LocalRegistry): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-app-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await writeFile(`${folder}/.npmrc`, `@weir:registry=${registry.url}\n`)
  return folder
}

/** Runs a command to its end, or kills it after minutes. `output` has everything that it wrote. */
export function run (
  cwd: string, command: readonly string[], env: Readonly<Record<string, string>> = {}
): { status: number | null, output: string } {
  const [file = '', ...args] = command
  const { status, stdout, stderr } = spawnSync(file, args, {
    cwd,
    encoding: 'utf8',
    timeout: INSTALL_WITHIN_MS,
    env: { ...clean(process.env), ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  return { status, output: stdout + stderr }
}

/** Like `run`, without blocking the event loop: the command may use the local registry. */
export async function runBeside (
  t: Test, cwd: string, command: readonly string[], env: Readonly<Record<string, string>> = {}
): Promise<{ status: number | null, output: string }> {
  const [file = '', ...args] = command
  const child = spawn(file, args, {
    cwd,
    timeout: INSTALL_WITHIN_MS,
    env: { ...clean(process.env), ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const watched = program(t, child)
  const status = await new Promise<number | null>((resolve) => { child.once('close', resolve) })
  return { status, output: watched.output() }
}

/** Starts a server with Node; it ends with the test. */
export function serve (
  t: Test,
  cwd: string,
  file: string,
  env: Readonly<Record<string, string>> = {}
): Program {
  return program(
    t,
    spawn(process.execPath, [file], {
      cwd,
      env: { ...clean(process.env), ...env },
      stdio: ['ignore', 'pipe', 'pipe']
    })
  )
}

/** The environment without variables of npm and tap, which an install would mistake for its own. */
function clean (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(?:npm_|tap_|NODE_)/i.test(name))
  )
}
