import { UsageError } from '../command.js'
import { define, printJson, REDIS, redisUrl } from '../define.js'
import { urlOf } from '../get.js'
import { printable } from '../table.js'
import { checkApp } from './app.js'
import type { Finding } from './finding.js'
import { checkRedis } from './redis.js'

const MARKS = { ok: 'ok     ', warning: 'warning', problem: 'PROBLEM' } as const

/** `weir doctor`: checks a Redis and an app. */
export const doctor = define({
  name: 'doctor',
  summary: 'Check a Redis and an app: each finding says what to do',
  usage: `[URL] [options]

  URL          of a cached GET route of an app, such as http://localhost:3000/products
  --redis URL  the Redis to check; default REDIS_URL
  --prefix P   of the store; default weir
  --json       for scripts

Exit status: 0 all is well, 1 there are problems, 2 wrong arguments.`,
  options: REDIS,
  positionals: { least: 0, most: 1 },
  async run (given, io) {
    const [url] = given.positionals
    const hasRedis = given.text('redis') !== undefined || Boolean(io.env['REDIS_URL'])
    if (url === undefined && !hasRedis) {
      throw new UsageError('Nothing to check: give the URL of an app, or --redis URL')
    }
    const app = url === undefined ? undefined : urlOf(url)
    const groups: Record<string, readonly Finding[]> = {}
    if (hasRedis) {
      groups['redis'] = await checkRedis(redisUrl(given, io), given.text('prefix') ?? 'weir')
    }
    if (app !== undefined) groups['app'] = await checkApp(app, io.signal)
    const problems = Object.values(groups).flat().filter(({ level }) => level === 'problem').length
    if (given.flag('json')) printJson(io, { problems, ...groups })
    else {
      for (const [name, findings] of Object.entries(groups)) {
        io.stdout.write(`${name}\n${findings.map(lineOf).join('')}\n`)
      }
      io.stdout.write(problems === 0 ? 'No problems.\n' : `Problems: ${problems}\n`)
    }
    return problems === 0 ? 0 : 1
  }
})

const lineOf = ({ level, check, found, todo }: Finding) =>
  `  ${MARKS[level]}  ${check.padEnd(12)}  ${printable(found)}\n` +
  (todo === undefined ? '' : `${' '.repeat(25)}-> ${printable(todo)}\n`)
