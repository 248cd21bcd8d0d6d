import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import {
  audit,
  AuditError,
  type AuditTarget,
  formatReport,
  formatSarif,
  type InjectableApp
} from '@weir/audit'
import { UsageError } from './command.js'
import { define, type Given, printJson, wholeNumber } from './define.js'
import { fieldOf } from './get.js'

/** `weir audit`: tries to poison the cache of the user's own app. */
export const auditCommand = define({
  name: 'audit',
  summary: 'Look for cache poisoning and leaks between users in your own app',
  usage: `URL|FILE [options]

  URL                of the app on a loopback address, such as http://127.0.0.1:3000
  FILE               a module whose default export, or whose buildApp, is a Fastify app or builds one
  --route PATH       example of a route; may be repeated. Default: all GET routes that are found
  --ignore PATH      beginning of paths that get no request; may be repeated
  --openapi FILE     OpenAPI description as JSON. Default: /docs/json of the app
  --param N=V        value of a path or query parameter; may be repeated
  --user 'N: V'      header field of one user; give two or more, whose data differ
  --max-requests N   default 50000
  --max-time T       such as 2m; default 5m
  --timeout T        for one response; default 5s
  --json             for scripts
  --sarif FILE       also write the report for code scanning, such as that of GitHub

Exit status: 0 no findings, 1 findings or not finished, 2 wrong arguments.`,
  options: {
    route: { type: 'string', multiple: true },
    ignore: { type: 'string', multiple: true },
    openapi: { type: 'string' },
    param: { type: 'string', multiple: true },
    user: { type: 'string', multiple: true },
    'max-requests': { type: 'string' },
    'max-time': { type: 'string' },
    timeout: { type: 'string' },
    sarif: { type: 'string' }
  },
  positionals: { least: 1, most: 1 },
  async run (given, io) {
    const routes = given.texts('route')
    const openapi = given.text('openapi')
    const report = await audit(targetOf(given.positionals[0] ?? ''), {
      ...(routes.length > 0 && { routes }),
      ...(openapi !== undefined && { openapi: await jsonIn(openapi) }),
      ignore: given.texts('ignore'),
      params: Object.fromEntries(given.texts('param').map(pairOf)),
      users: given.texts('user').map((text) => Object.fromEntries([fieldOf(text, 'user')])),
      maxRequests: wholeNumber(given, 'max-requests', 50_000),
      ...durations(given)
    }).catch((error: unknown) => {
      const isUsage = error instanceof AuditError &&
        ['WEIR_AUDIT_INVALID_OPTION', 'WEIR_AUDIT_NOT_LOOPBACK'].includes(error.code)
      throw isUsage ? new UsageError(error.message) : error
    })
    const [sarif, app = ''] = [given.text('sarif'), given.positionals[0]]
    if (sarif !== undefined) await writeFile(sarif, `${formatSarif(report, app)}\n`)
    if (given.flag('json')) printJson(io, report)
    else io.stdout.write(`${formatReport(report)}\n`)
    return report.findings.length === 0 && report.incomplete === undefined ? 0 : 1
  }
})

const durations = (given: Given) => {
  const [maxTime, timeout] = [given.text('max-time'), given.text('timeout')]
  return { ...(maxTime !== undefined && { maxTime }), ...(timeout !== undefined && { timeout }) }
}

function pairOf (text: string): [name: string, value: string] {
  const [, name, value] = /^([^=]+)=(.*)$/.exec(text) ?? []
  if (name === undefined || value === undefined) {
    throw new UsageError(`--param ${text} is not NAME=VALUE`)
  }
  return [name, value]
}

async function jsonIn (file: string): Promise<object> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'))
    if (typeof value === 'object' && value !== null) return value
  } catch (error) {
    throw new UsageError(`--openapi ${file} cannot be read: ${String(error)}`)
  }
  throw new UsageError(`--openapi ${file} is not a description: give an OpenAPI document as JSON`)
}

function targetOf (text: string): AuditTarget {
  if (/^https?:\/\//i.test(text)) return text
  const file = pathToFileURL(resolve(text)).href
  let apps = 0
  return async () => {
    // A module that exports an app, and no function, is loaded again for each new app.
    const found = await exportOf(apps === 0 ? file : `${file}?weir-audit=${apps}`, text)
    if (!isFunction(found)) apps++
    const app = isFunction(found) ? await found() : found
    if (isApp(app)) return app
    throw new UsageError(
      `${text} exports no app: export a Fastify app, or a function that builds one, as default ` +
      'or buildApp'
    )
  }
}

async function exportOf (url: string, text: string): Promise<unknown> {
  try {
    const { default: exported, buildApp } = await import(url) as Module
    return buildApp ?? exported
  } catch (error) {
    throw new UsageError(`${text} cannot be loaded: ${String(error)}`)
  }
}

interface Module {
  readonly default?: unknown
  readonly buildApp?: unknown
}

const isFunction = (value: unknown): value is () => unknown => typeof value === 'function'

const isApp = (value: unknown): value is InjectableApp =>
  typeof value === 'object' && value !== null && 'inject' in value &&
  typeof value.inject === 'function'
