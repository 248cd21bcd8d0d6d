import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Test } from 'tap'
import { program } from '../support/program.js'
import { tempDir } from '../support/temp-dir.js'

const MODEL = fileURLToPath(new URL('../../model/coherence.pml', import.meta.url))
/** All but the ends of the processes, most of which run for ever. */
const UNREACHED = /^\tcoherence\.pml:\d+, state \d+, "(?!-end-").*$/gm
/** In MiB. A search that needs more ends, and says that it is not complete. */
const MEMORY = 2048

/** What a search of the model found. */
export interface Verdict {
  readonly states: number
  readonly seconds: number
  readonly errors: number
  /** The assertion that was violated, as in the model. */
  readonly violated: string | undefined
  /** Every reachable state was looked at: nothing cut off by depth, memory or an error, no approximation. */
  readonly complete: boolean
  /** Statements that no run reaches: what they are there for was not checked. */
  readonly unreached: readonly string[]
  /** All that the search said. */
  readonly report: string
}

/** Searches the states of the model with these macros, given as `NAME` or `NAME=VALUE`, up to the first error. */
export async function verify (t: Test, macros: readonly string[]): Promise<Verdict> {
  const folder = await tempDir(t)
  // spin hands file names to a shell as they are, so it gets one without surprises.
  await copyFile(MODEL, join(folder, 'coherence.pml'))
  await run(t, folder, 'spin', ['-a', ...macros.map((macro) => `-D${macro}`), 'coherence.pml'])
  // SAFETY leaves out the search for cycles, which is for properties of what must happen some day. -w: the code is generated.
  await run(t, folder, 'gcc', ['-O2', '-w', '-DSAFETY', `-DMEMLIM=${MEMORY}`, '-o', 'pan', 'pan.c'])
  const report = await run(t, folder, './pan', [])
  return {
    states: numberIn(report, /^ *(\S+) states, stored/m),
    seconds: numberIn(report, /^pan: elapsed time (\S+) seconds/m),
    errors: numberIn(report, /, errors: (\d+)$/m),
    violated: /^pan:\d+: assertion violated \((.*)\) \(at depth \d+\)$/m.exec(report)?.[1],
    complete: /^Full statespace search for:$/m.test(report) && !/Search not completed|max search depth too small/.test(report),
    unreached: [...report.matchAll(UNREACHED)].map(([line]) => line.trim()),
    report
  }
}

/** Runs a program to its end. */
async function run (t: Test, cwd: string, command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  const { output } = program(t, child)
  const [code] = await once(child, 'close') as [number | null]
  if (code !== 0) throw new Error(`${command} ended with ${code}:\n${output()}`)
  return output()
}

function numberIn (report: string, pattern: RegExp): number {
  const found = Number(pattern.exec(report)?.[1])
  if (Number.isNaN(found)) throw new Error(`no ${pattern} in what the search said:\n${report}`)
  return found
}
