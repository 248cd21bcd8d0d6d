// node infra/dist/compatibility/main.js [NAME...]
//
// Runs compiled tests against other versions of peers and of Node, by hand and on Linux. Each row
// takes minutes.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installInto, overlay } from './overlay.js'
import { type Row, ROWS } from './rows.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const FILE_WITHIN_MS = 300_000

const chosen = process.argv.slice(2)
const unknown = chosen.filter((name) => !ROWS.some((row) => row.name === name))
if (unknown.length > 0) {
  console.error(
    `Unknown row ${unknown.join(', ')}; known rows are ${ROWS.map(({ name }) => name).join(', ')}.`
  )
  process.exitCode = 1
} else {
  const failures = ROWS.filter(({ name }) => chosen.length === 0 || chosen.includes(name)).map(run)
  if (failures.some((count) => count > 0)) process.exitCode = 1
}

/** Runs a row, prints the failures, and returns the number of failed files. */
function run ({ name, packages, node, folders, files = /./ }: Row): number {
  const folder = mkdtempSync(join(tmpdir(), 'weir-compatibility-'))
  try {
    // Some tests run as another user.
    chmodSync(folder, 0o755)
    overlay(ROOT, folder, packages)
    const binary = node === undefined ? process.execPath : nodeOf(folder, node)
    const tests = folders
      .flatMap((path) => readdirSync(`${folder}/${path}`).map((file) => `${path}/${file}`))
      .filter((file) => file.endsWith('.test.js') && files.test(file))
    const failed = tests.filter((file) => !passes(folder, binary, file))
    const version = spawnSync(binary, ['-v'], { encoding: 'utf8' }).stdout.trim()
    console.log(
      `${name}: ${packages.join(', ')} on Node ${version}: ${tests.length - failed.length} of ${tests.length} files pass`
    )
    for (const file of failed) console.log(`  ${file}`)
    return failed.length
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * Path of the binary of a major version of Node. Its package contains it, so no install script has
 * to run.
 */
function nodeOf (folder: string, major: string): string {
  const cpu = `${process.platform}-${process.arch}`
  installInto(`${folder}/.node`, [`node-${cpu}@${major}`])
  return `${folder}/.node/node_modules/node-${cpu}/bin/node`
}

function passes (cwd: string, binary: string, file: string): boolean {
  const { status, stdout } = spawnSync(
    binary,
    ['--require', './infra/tools/test-preload.cjs', file],
    {
      cwd,
      timeout: FILE_WITHIN_MS,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TAP_TIMEOUT: '280' }
    }
  )
  if (status !== 0) {
    console.log(
      stdout
        .split('\n')
        .filter((line) => /^ *not ok/.test(line))
        .slice(0, 10)
        .join('\n')
    )
  }
  return status === 0
}
