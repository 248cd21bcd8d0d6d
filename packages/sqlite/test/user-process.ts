import { fork, type ForkOptions } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'

/** Another process that uses a file of numbers. Ends with the test. */
export interface User {
  open (path: string): Promise<void>
  add (n: number): Promise<void>
  all (): Promise<number[]>
  /** Blocks the process for this many milliseconds. */
  sleep (ms: number): Promise<void>
  /** Number of files that this process has set aside. */
  warnings (): Promise<number>
}

interface Reply { readonly value?: unknown, readonly error?: string }

export async function startUser (t: Test, options?: ForkOptions): Promise<User> {
  const child = fork(fileURLToPath(new URL('user.js', import.meta.url)), {
    execArgv: [],
    ...options
  })
  t.teardown(() => child.kill('SIGKILL'))
  await once(child, 'message')
  const ask = async <R> (operation: string, argument?: unknown): Promise<R> => {
    const answered = once(child, 'message') as Promise<[Reply]>
    child.send([operation, argument])
    const [{ value, error }] = await answered
    if (error !== undefined) throw new Error(error)
    return value as R
  }
  return {
    open: (path) => ask('open', path),
    add: (n) => ask('add', n),
    sleep: (ms) => ask('sleep', ms),
    all: () => ask('all'),
    warnings: () => ask('warnings')
  }
}
