import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type Test } from 'tap'
import { program } from '../support/program.js'

/** Runs the checker like its command. */
export async function runChecker (
  t: Test,
  main: string,
  args: readonly string[]
): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const { output } = program(t, child)
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output: output() }
}
