import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Test } from 'tap'
import { program } from '../support/program.js'
import { tempDir } from '../support/temp-dir.js'

/** Matches unreached states except the ends of processes, most of which run forever. */
const UNREACHED = /^\t[\w-]+\.pml:\d+, state \d+, "(?!-end-").*$/gm
/** Memory limit in MiB. A search that needs more ends, and reports that it is not complete. */
const MEMORY = 2048
/** Limit of a run's length in steps. A search that meets it reports that it is not complete. */
const DEPTH = 1_000_000

/**
 * The compiler's optimization level, and the size of the state table as a power of two. For a short
 * search, compiling takes longer than running, and clearing a large table longer than filling it.
 */
const LENGTHS = {
  short: { optimize: '-O0', table: '-w20' },
  long: { optimize: '-O2', table: '-w24' }
} as const

/** The result of one search. */
export interface Verdict {
  readonly states: number
  readonly seconds: number
  readonly errors: number
  /** The violated assertion, as in the model. */
  readonly violated: string | undefined
  /** No state was cut off by depth, memory or an error, and none was approximated. */
  readonly complete: boolean
  /** Statements that no run reaches. Their rules were not checked. */
  readonly unreached: readonly string[]
  /** The output of the search. */
  readonly report: string
}

/**
 * Searches the states of a model up to the first error.
 * @param model its file in `test/model`, without `.pml`
 * @param macros given as `NAME` or `NAME=VALUE`
 * @param length expected length of the search
 */
export async function verify (
  t: Test, model: string, macros: readonly string[], length: keyof typeof LENGTHS = 'long'
): Promise<Verdict> {
  const { optimize, table } = LENGTHS[length]
  const folder = await tempDir(t)
  const file = `${model}.pml`
  // spin passes file names to a shell unescaped, so it gets a plain one.
  await copyFile(fileURLToPath(new URL(`../../model/${file}`, import.meta.url)), join(folder, file))
  await run(t, folder, 'spin', ['-a', ...macros.map((macro) => `-D${macro}`), file])
  // SAFETY leaves out the search for cycles, which serves liveness properties.
  // -w: the code is generated.
  const options = [optimize, '-w', '-DSAFETY', `-DMEMLIM=${MEMORY}`]
  await run(t, folder, 'gcc', [...options, '-o', 'pan', 'pan.c'])
  const report = await run(t, folder, './pan', [`-m${DEPTH}`, table])
  return {
    states: numberIn(report, /^ *(\S+) states, stored/m),
    seconds: numberIn(report, /^pan: elapsed time (\S+) seconds/m),
    errors: numberIn(report, /, errors: (\d+)$/m),
    violated: /^pan:\d+: assertion violated \((.*)\) \(at depth \d+\)$/m.exec(report)?.[1],
    complete: /^Full statespace search for:$/m.test(report) &&
      !/Search not completed|max search depth too small/.test(report),
    unreached: [...report.matchAll(UNREACHED)].map(([line]) => line.trim()),
    report
  }
}

/** Runs a program to its end. */
async function run (
  t: Test, cwd: string, command: string, args: readonly string[]
): Promise<string> {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  const { output } = program(t, child)
  const [code] = await once(child, 'close') as [number | null]
  if (code !== 0) throw new Error(`${command} ended with ${code}:\n${output()}`)
  return output()
}

function numberIn (report: string, pattern: RegExp): number {
  const found = Number(pattern.exec(report)?.[1])
  if (Number.isNaN(found)) throw new Error(`no ${pattern} in the output:\n${report}`)
  return found
}
