import { parseArgs } from 'node:util'
import { UsageError } from './errors.js'
import { METRIC_NAMES, parseRequirement, type Requirement } from './requirement.js'
import { type Scenario } from './scenario.js'

/** The options of the command line. */
export interface Wish {
  /** Scheme and host. */
  readonly url: string
  readonly scenarios: readonly Scenario[]
  readonly seconds: number
  readonly connections: number | undefined
  readonly rate: number | undefined
  readonly token: string | undefined
  readonly requirements: readonly Requirement[]
  /** Files for the report. */
  readonly json: string | undefined
  readonly html: string | undefined
}

/**
 * Reads the command line; a token may also be in EDITOR_TOKEN.
 *
 * @throws UsageError
 */
export function parseArguments (
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  all: readonly Scenario[]
): Wish | 'help' {
  const values = parsed(args)
  if (values.help) return 'help'
  const scenarios =
    values.scenario === 'all'
      ? all.filter(({ alone }) => alone === undefined)
      : all.filter(({ name }) => name === values.scenario)
  if (scenarios.length === 0) {
    throw new UsageError(
      `--scenario ${values.scenario}: no such scenario; use one of ${[...all.map(({ name }) => name), 'all'].join(', ')}`
    )
  }
  const token = values.token || env['EDITOR_TOKEN'] || undefined
  const needy = scenarios.find(({ needsToken }) => needsToken === true)
  if (needy !== undefined && token === undefined) {
    throw new UsageError(
      `--scenario ${needy.name} writes, which needs a token: set --token or EDITOR_TOKEN to the editor's token that npm start prints`
    )
  }
  const scopes = [...new Set(scenarios.flatMap(({ name, parts }) => [name, ...parts]))]
  return {
    url: origin(values.url),
    scenarios,
    seconds:
      number('--duration', values.duration, { least: 0.1, most: 86_400, what: 'seconds' }) ??
      scenarios[0]?.alone?.seconds ??
      10,
    connections: number('--connections', values.connections, {
      least: 1,
      most: 10_000,
      isWhole: true,
      what: 'connections'
    }),
    rate:
      number('--rate', values.rate, {
        least: 1,
        most: 1_000_000,
        isWhole: true,
        what: 'requests a second'
      }) ?? scenarios[0]?.alone?.rate,
    token,
    requirements: values.require.map((text) => parseRequirement(text, scopes)),
    json: file('--json', values.json),
    html: file('--html', values.html)
  }
}

export function usage (all: readonly Scenario[]): string {
  return `npm run load [-- --scenario NAME] [--url URL] [--html FILE] [--json FILE] …

  --scenario NAME     one of these (default: warm), or all:
${all.map(({ name, about }) => `                        ${name.padEnd(12)} ${about}`).join('\n')}
  --url URL           the suite to load (http://localhost:8080); shop starts its own
  --duration SECONDS  how long each measurement takes (10; soak 1800, shop 22)
  --connections N     concurrent requests (10; stampede 100, limited 50, shop 8)
  --rate N            upper bound of requests per second (soak 220); mean of shop (5)
  --token TOKEN       of an editor, for writes (EDITOR_TOKEN)
  --require R         exit status 1 if it is not so, like 'hit-ratio>=0.9' or 'warm:p99<50'; may be given several times, of
                        ${METRIC_NAMES.join(', ')}
  --json FILE         also write all figures to FILE
  --html FILE         also write a report with charts to FILE
  --help              this`
}

function parsed (args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        url: { type: 'string', default: 'http://localhost:8080' },
        scenario: { type: 'string', default: 'warm' },
        duration: { type: 'string' },
        connections: { type: 'string' },
        rate: { type: 'string' },
        token: { type: 'string' },
        require: { type: 'string', multiple: true, default: [] },
        json: { type: 'string' },
        html: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false }
      }
    }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function origin (text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.href !== `${url.origin}/`) {
    throw new UsageError(`--url ${text}: use only scheme and host, such as http://localhost:8080`)
  }
  return url.origin
}

function number (
  option: string,
  text: string | undefined,
  { least, most, isWhole, what }: { least: number; most: number; isWhole?: true; what: string }
): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (
    /^\d+(\.\d+)?$/.test(text) &&
    value >= least &&
    value <= most &&
    (isWhole !== true || Number.isInteger(value))
  ) { return value }
  throw new UsageError(
    `${option} ${text}: give ${isWhole === true ? 'a whole' : 'a'} number of ${what} from ${least} to ${most}`
  )
}

function file (option: string, name: string | undefined): string | undefined {
  if (name === '') throw new UsageError(`${option} needs the name of a file`)
  return name
}
