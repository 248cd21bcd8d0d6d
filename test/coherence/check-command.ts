import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type Test } from 'tap'
import { program } from '../support/program.js'
import '../support/uncounted.js'

const MAIN = fileURLToPath(new URL('main.js', import.meta.url))

/** Runs the checker like its command. */
export async function check (t: Test, args: readonly string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const { output } = program(t, child)
  const [code] = await once(child, 'close') as [number | null]
  return { code, output: output() }
}
