// node infra/dist/local/start.js
// `npm start`: builds what has changed since the last time, then runs the suite from its bundles.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fingerprint } from './fingerprint.js'
import { PROGRAMS } from './programs.js'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const FOLDERS = ['packages', 'plugins', 'services', 'infra'].map((folder) => join(ROOT, folder))
/** In node_modules: where others are installed, what was built with these does not count. */
const STAMP = join(ROOT, 'node_modules/.cache/weir/built')

const isOutput = (path: string): boolean => path.includes(`${sep}dist${sep}`)
const sources = (): string => fingerprint(FOLDERS, (path) => !isOutput(path))
const outputs = (): string => fingerprint(FOLDERS, (path) => isOutput(path) && /\.(?:js|css|html|svg)$/.test(path))

if (stamp() !== `${sources()} ${outputs()}`) await build()
await import(PROGRAMS.suite.bundle)

/** The state that the last build left; undefined where there was none. */
function stamp (): string | undefined {
  try {
    return readFileSync(STAMP, 'utf8')
  } catch {
    return undefined
  }
}

async function build (): Promise<void> {
  const before = sources()
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
  // As it has just been built.
  const { bundleSuite } = await import('./bundle.js')
  await bundleSuite()
  mkdirSync(dirname(STAMP), { recursive: true })
  // A source that was changed meanwhile is part of no stamp: the next start builds again.
  writeFileSync(STAMP, `${before} ${outputs()}`)
}
