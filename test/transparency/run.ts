import { Random } from '../coherence/random.js'
import { type Certificate, certificate } from '@weir/internal/testing'
import { differencesOf } from './compare.js'
import { Coverage } from './coverage.js'
import { Crashes } from './crashes.js'
import type { Exchange, Intent } from './exchange.js'
import { History } from './history.js'
import { type Setting, startTwins } from './pair.js'
import { nextIntent } from './requests.js'
import { DOT_SEGMENTS, Session } from './session.js'
import { SHOP_TARGETS, SHOP_WRITES } from './shop.js'
import type { Order, Subject } from './subject.js'
import { type Transport, TRANSPORTS } from './transports.js'
import { MEANS } from './users.js'

// Each of them costs a timeout.
const MOST_CRASHES = 3

/** A client-visible difference. */
export interface Finding {
  readonly setting: Setting
  readonly exchange: Exchange
  readonly differences: readonly string[]
  /** The previous exchanges for that path. */
  readonly before: readonly Exchange[]
}

/** The result of one application under test. */
export interface Result {
  readonly setting: Setting
  readonly comparisons: number
  readonly findings: readonly Finding[]
  readonly coverage: Coverage
}

export interface Options {
  readonly subjects: readonly Subject[]
  readonly seconds: number
  readonly seed: string
  readonly requests: number | undefined
  readonly transport: Transport | undefined
  readonly order: Order | undefined
  readonly folder: string
  readonly onResult?: (result: Result) => void
}

/**
 * Runs each subject in turn, over one transport after the other, until the time is over; each at
 * least once.
 */
export async function run ({
  subjects,
  seconds,
  seed,
  requests,
  folder,
  onResult,
  ...fixed
}: Options): Promise<Result[]> {
  const random = new Random(seed)
  const tls = await certificate(folder)
  const results: Result[] = []
  const end = Date.now() + seconds * 1000
  // Each application is started several times, if there is time.
  const slice = Math.min(4000, Math.max(200, (seconds * 1000) / subjects.length))
  const first = Math.floor(random.next() * TRANSPORTS.length)
  for (let round = 0; round === 0 || Date.now() < end; round++) {
    for (const [i, subject] of random.shuffled(subjects).entries()) {
      if (round > 0 && Date.now() >= end) break
      const setting = settingFor(subject, random, first + round + i, fixed)
      const until = Date.now() + slice
      const isOver = (count: number) =>
        requests === undefined ? Date.now() >= until : count >= requests
      const result = await runOne(setting, {
        random: random.of(`${round} ${subject.name}`),
        tls,
        folder,
        isOver
      })
      results.push(result)
      onResult?.(result)
    }
    if (requests !== undefined) break
  }
  return results
}

function settingFor (
  subject: Subject,
  random: Random,
  turn: number,
  { transport, order }: Pick<Options, 'transport' | 'order'>
): Setting {
  const transports = subject.transports ?? TRANSPORTS
  return {
    subject,
    transport: transport ?? transports[turn % transports.length] ?? 'http1',
    order: order ?? random.pick(['before', 'after']),
    isConditional: subject.conditional ?? random.chance(0.6)
  }
}

interface Course {
  readonly random: Random
  readonly tls: Certificate
  readonly folder: string
  readonly isOver: (count: number) => boolean
}

async function runOne (setting: Setting, { random, tls, folder, isOver }: Course): Promise<Result> {
  const { subject } = setting
  const { targets = [], writes = [], momentary = {} } = subject
  // A subject's own routes get half as many requests as all others together.
  const own = Array.from(
    { length: Math.ceil(SHOP_TARGETS.length / 2 / Math.max(1, targets.length)) },
    () => targets
  ).flat()
  const mix = { targets: [...SHOP_TARGETS, ...own], writes: [...SHOP_WRITES, ...writes, ...writes] }
  const twins = await startTwins(setting, tls, folder)
  const session = new Session(twins, subject)
  const crashes = new Crashes()
  const history = new History()
  const coverage = new Coverage()
  const findings: Finding[] = []
  let comparisons = 0
  try {
    const differencesIn = async (exchange: Exchange) => {
      const found = differencesOf(exchange, momentary)
      if (found.length === 0 || !DOT_SEGMENTS.test(exchange.intent.path)) return found
      return differencesOf(await session.withoutDots(exchange), momentary).length === 0 ? [] : found
    }
    const look = async (intent: Intent) => {
      const exchange = await session.exchange(intent)
      comparisons++
      const differences = [...crashes.take(), ...await differencesIn(exchange)]
      if (differences.length > 0) {
        findings.push({ setting, exchange, differences, before: [...history.of(intent.path)] })
      }
      history.add(exchange)
      coverage.note(exchange)
    }
    for (const intent of logins(subject)) await look(intent)
    while (!isOver(comparisons) && crashes.count < MOST_CRASHES) {
      await look(nextIntent(random, mix, history))
    }
  } finally {
    crashes.stop()
    await twins.stop()
  }
  return { setting, comparisons, findings, coverage }
}

function logins ({ logins }: Subject): Intent[] {
  if (logins === undefined) return []
  return Object.entries(MEANS).filter(([, means]) => means === 'cookie').map(([user]) => {
    const { method, path, type, body } = logins(user)
    return {
      user,
      method,
      path,
      headers: type === undefined ? {} : { 'content-type': type },
      body: body === undefined ? undefined : Buffer.from(body)
    }
  })
}
