import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type Test } from 'tap'
import { type Answer, send, type Sent } from '../http/client.js'
import { PATIENT } from '../support/patience.js'
import { type Program, program } from '../support/program.js'

const SERVER = fileURLToPath(new URL('../../../examples/dist/proxy/server.js', import.meta.url))

/** examples/proxy as a process. */
export interface Example extends Program {
  readonly url: string
  readonly send: (method: string, path: string, sent?: Omit<Sent, 'method'>) => Promise<Answer>
}

/** Runs it with this environment and, from the test's own, only PATH. */
export function runExample (t: Test, env: Readonly<Record<string, string>>): Program {
  return program(t, fork(SERVER, [], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { PATH: process.env['PATH'] ?? '', LOG_LEVEL: 'warn', PORT: '0', ...PATIENT, ...env }
  }))
}

/** Resolves when it listens; it ends with the test. */
export async function startExample (
  t: Test,
  env: Readonly<Record<string, string>>
): Promise<Example> {
  const running = runExample(t, env)
  const port = await new Promise<number>((resolve, reject) => {
    running.process.once('message', (message) => {
      if (typeof message === 'object' && message !== null && 'port' in message) {
        resolve(Number(message.port))
      }
    })
    running.process.once('close', () => {
      reject(new Error(`it ended before it was ready:\n${running.output()}`))
    })
  })
  const url = `http://127.0.0.1:${port}`
  return {
    ...running,
    url,
    send: (method, path, sent = {}) => send(url + path, { ...sent, method })
  }
}
