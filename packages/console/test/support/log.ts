import { type FastifyBaseLogger, fastify } from 'fastify'

/** Returns a log and the messages written to it. */
export function memoryLog (): { log: FastifyBaseLogger, lines: string[] } {
  const lines: string[] = []
  const { log } = fastify({
    logger: {
      stream: {
        write (line: string) {
          const entry: unknown = JSON.parse(line)
          if (typeof entry === 'object' && entry !== null && 'msg' in entry) {
            lines.push(String(entry.msg))
          }
        }
      }
    }
  })
  return { log, lines }
}
