import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { bare, type Environment, type Example, EXAMPLES, startExample } from './example.js'

const run = promisify(execFile)

/** Command of a README with its expected output. */
export interface Step {
  readonly command: string
  readonly output: readonly string[]
}

/**
 * Returns the commands in the `console` blocks of a document: each begins with `$ `, its output
 * follows.
 */
export function stepsOf (document: string): Step[] {
  return [...document.matchAll(/^```console\n(.*?)^```$/gms)].flatMap(([, block = '']) =>
    block.split(/^\$ /m).slice(1).map((step) => {
      const [command = '', ...output] = step.trimEnd().split('\n')
      return { command, output }
    }))
}

/** Normalizes figures that differ from run to run, and keys. */
const normalized = (line: string) =>
  line
    .trim()
    .replace(/\bttl=-?\d+/, 'ttl=N')
    .replace(/"ms":\d+/, '"ms":N')
    .replace(/^(age|retry-after): \d+$/, '$1: N')
    .replace(/;t=\d+/g, ';t=N')
    .replace(/\b(ann|ben)\.[\w-]{43}(?![\w-])/g, '$1.…')
    .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT')

/** Returns whether the lines are as expected; a line `...` stands for any number of lines. */
export function isAs (expected: readonly string[], actual: readonly string[]): boolean {
  const [first, ...rest] = expected
  if (first === undefined) return actual.length === 0
  if (first === '...') {
    return rest.length === 0 || actual.some((_, i) => isAs(rest, actual.slice(i)))
  }
  return (
    actual[0] !== undefined &&
    normalized(first) === normalized(actual[0]) &&
    isAs(rest, actual.slice(1))
  )
}

/** Returns the variables of lines such as `export A=1 B=2`. */
const exportsOf = (lines: readonly string[]): Environment =>
  Object.fromEntries(
    lines
      .filter((line) => line.startsWith('export '))
      .flatMap((line) => [...line.matchAll(/(\w+)=(\S+)/g)])
      .map(([, name = '', value = '']) => [name, value])
  )

/**
 * Runs the commands of a README in order, and compares their output. `npm run example` starts the
 * compiled example on other ports; everything else runs in a shell. Variables exported by the
 * example are in the environment of later commands.
 */
export async function followReadme (
  t: Test,
  name: string,
  env: Environment = {}
): Promise<Example> {
  let example: Example | undefined
  let exported: Environment = {}
  for (const { command, output } of stepsOf(
    await readFile(`${EXAMPLES}${name}/README.md`, 'utf8')
  )) {
    if (command.endsWith(`npm run example ${name}`)) {
      await example?.stop()
      example = await startExample(t, name, env, output.length)
      exported = exportsOf(example.lines)
      check(t, command, output, example.lines)
    } else {
      const [url = '', other = ''] = example?.urls ?? []
      const real = command.replaceAll('localhost:3000', url).replaceAll('localhost:3001', other)
      // Some commands are expected to fail with a message: curl of a server that has died.
      const { stdout } = await run('sh', ['-c', `{ ${real}\n} 2>&1; true`], {
        env: bare(exported)
      })
      const said = stdout.replaceAll('\r', '').trimEnd()
      check(t, command, output, said === '' ? [] : said.split('\n'))
    }
  }
  if (example === undefined) throw new Error(`The README of ${name} does not start it`)
  return example
}

function check (
  t: Test,
  command: string,
  expected: readonly string[],
  actual: readonly string[]
): void {
  const [wanted, found] = [expected.map(normalized), actual.map(normalized)]
  if (isAs(wanted, found)) t.pass(command)
  else t.strictSame(found, wanted, command)
}
