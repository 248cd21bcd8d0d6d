import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Test } from 'tap'

/** The work of one process. */
export interface Work {
  readonly place:
    | { readonly redis: string }
    | { readonly postgres: string }
    | { readonly file: string }
    | { readonly servers: readonly string[] }
  readonly increments: number
  readonly rounds: number
}

/** The results of one process: sums of a counter, and for each race whether it won. */
export interface Seen {
  readonly sums: readonly number[]
  readonly won: Readonly<Record<string, readonly boolean[]>>
}

/** Starts the processes, lets them begin together, and resolves with their results. */
export async function race (t: Test, count: number, work: Work): Promise<readonly Seen[]> {
  const children = Array.from({ length: count }, () => {
    const child = fork(new URL('verb-process.js', import.meta.url), [JSON.stringify(work)])
    t.teardown(() => { child.kill('SIGKILL') })
    return child
  })
  await Promise.all(children.map((child) => once(child, 'message')))
  return Promise.all(children.map(async (child) => {
    child.send('go')
    const [message] = await once(child, 'message') as [Seen | { readonly error: string }]
    if ('error' in message) throw new Error(message.error)
    return message
  }))
}
