import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { type Test } from 'tap'

/** Starts a compiled program of this service, by its path under dist. It ends with the test. */
export function startProgram (
  t: Test,
  program: string,
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = {}
): ChildProcess {
  const child = fork(fileURLToPath(new URL(`../../${program}`, import.meta.url)), args, {
    env: { ...process.env, ...env },
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc']
  })
  t.teardown(() => end(child))
  return child
}

/**
 * Starts a program that writes to the database, and resolves when it has been killed while writing.
 */
export const killedWhileWriting = killedBy('test/support/killed-while-writing.js')

/** The same, killed when it has committed its invalidation, and before it can do more. */
export const killedAfterCommit = killedBy('test/support/killed-after-commit.js')

function killedBy (killer: string) {
  return async (
    t: Test,
    database: string,
    program: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv = {}
  ): Promise<void> => {
    const module = new URL(`../../${program}`, import.meta.url).href
    const { signal } = await runProgram(t, killer, [database, module, ...args], env)
    t.equal(signal, 'SIGKILL', 'killed while it writes')
  }
}

/** Kills the process, like kill -9, and waits until it is gone. */
export async function end (child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}

/** Runs a program to its end. */
export async function runProgram (
  t: Test,
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {}
) {
  const child = startProgram(t, program, args, env)
  if (child.stdout === null || child.stderr === null) throw new Error('The program has no output')
  const [stdout, stderr] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit')
  ])
  return { stdout, stderr, code: child.exitCode, signal: child.signalCode }
}
