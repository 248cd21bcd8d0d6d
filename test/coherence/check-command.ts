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

/** Checks that a run ends without violations, and that its report matches. */
export async function passes (
  t: Test, args: readonly string[], ...report: readonly RegExp[]
): Promise<void> {
  const { code, output } = await check(t, [...args, '--seed', 'short'])
  t.equal(code, 0, output)
  for (const line of [/^0 violations$/m, ...report]) t.match(output, line)
  t.comment(output)
}
