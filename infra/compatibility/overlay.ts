import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'

/** Parts of the repository that tests of packages and plugins need. */
const PARTS = ['node_modules', 'packages', 'plugins', 'package.json']

/** Runs a command in a folder; throws with its output if it fails. */
export function must (
  cwd: string,
  command: readonly string[],
  env: NodeJS.ProcessEnv = process.env
): void {
  const [file = '', ...args] = command
  const { status, stdout, stderr } = spawnSync(file, args, {
    cwd,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe']
  })
  if (status !== 0) throw new Error(`${command.join(' ')} failed (${status}):\n${stdout}${stderr}`)
}

/** Installs packages into a folder, without scripts. */
export function installInto (folder: string, packages: readonly string[]): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}/package.json`, '{"private":true}')
  must(folder, [
    'npm',
    'install',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--no-package-lock',
    ...packages
  ])
}

/**
 * Makes a copy of the repository, of hard links, in which other versions of packages replace its
 * own. Each package keeps its own dependencies.
 */
export function overlay (root: string, folder: string, packages: readonly string[]): void {
  mkdirSync(`${folder}/infra/tools`, { recursive: true })
  must(root, ['cp', '-al', ...PARTS, folder])
  cpSync(`${root}/infra/tools/test-preload.cjs`, `${folder}/infra/tools/test-preload.cjs`)
  for (const spec of packages) {
    const name = spec.slice(0, spec.lastIndexOf('@'))
    const from = `${folder}/.versions/${name}`
    installInto(from, [spec])
    const to = `${folder}/node_modules/${name}`
    rmSync(to, { recursive: true })
    cpSync(`${from}/node_modules/${name}`, to, { recursive: true })
    for (const other of readdirSync(`${from}/node_modules`)) {
      if (other === name || other.startsWith('.')) continue
      cpSync(`${from}/node_modules/${other}`, `${to}/node_modules/${other}`, {
        recursive: true,
        force: false
      })
    }
    if (spec.startsWith('kysely@0.29')) migratorsOf029(folder)
  }
}

/** Kysely 0.29 exports the migrator that our tests use from another path. */
function migratorsOf029 (folder: string): void {
  for (const tests of ['outbox', 'query'].map((name) => `${folder}/packages/${name}/dist/test`)) {
    for (const file of readdirSync(tests).filter((name) => name.endsWith('.js'))) {
      const source = readFileSync(`${tests}/${file}`, 'utf8')
      const ours = source.replace(
        /^(import \{.*)\bMigrator,? ?(.*\} from 'kysely';)$/m,
        "$1$2import { Migrator } from 'kysely/migration';"
      )
      if (ours === source) continue
      // Unlink first: the hard link shares the repository's own file.
      rmSync(`${tests}/${file}`)
      writeFileSync(`${tests}/${file}`, ours)
    }
  }
}
