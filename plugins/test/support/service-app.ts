import { fastify, type FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import service, {
  loadEnv,
  serverOptions,
  serviceEnv,
  type ServiceEnv
} from '../../service/index.js'

export interface LogLine extends Record<string, unknown> { level: number, msg: string }

export const options = {
  name: 'demo',
  version: '1.2.3',
  title: 'Demo',
  description: 'A service to try things on'
}

export function testEnv (variables: Record<string, string> = {}): ServiceEnv {
  return loadEnv(serviceEnv, { PORT: '0', ...variables })
}

/** Returns a service with only the plugin, and its log as objects; it closes with the test. */
export async function buildService (
  t: Test,
  env = testEnv(),
  more: Partial<Parameters<typeof service>[1]> = {}
) {
  const lines: LogLine[] = []
  const base = serverOptions(env, { service: 'demo' })
  const app: FastifyInstance = fastify({
    ...base,
    logger: {
      ...base.logger,
      stream: {
        write (text: string) {
          lines.push(parse(text))
        }
      }
    }
  })
  t.teardown(() => app.close())
  await app.register(service, { ...options, ...more })
  return { app, lines }
}

function parse (text: string): LogLine {
  const line: unknown = JSON.parse(text)
  if (typeof line !== 'object' || line === null || !('level' in line) || !('msg' in line)) {
    throw new Error(`no log line: ${text}`)
  }
  return { ...line, level: Number(line.level), msg: String(line.msg) }
}
