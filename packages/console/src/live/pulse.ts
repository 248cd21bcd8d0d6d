import { type FastifyInstance } from 'fastify'
import { within } from '@weir/internal'
import { type Collector } from '../collector/collector.js'
import { type RedisFigures } from '../redis/figures.js'
import { type EventLog } from '../events/log.js'
import { noAnswer } from '../no-answer.js'
import { NewInvalidations } from './invalidations.js'
import { Ticker } from './ticker.js'
import { type Viewers } from './viewers.js'

export interface PulseOptions {
  readonly collector: Collector
  readonly events: EventLog
  readonly redis: RedisFigures | undefined
  readonly viewers: Viewers
}

/** Interval between readings, in ms. */
const EVERY = 1000
/** Maximum time that the boot waits for the first reading, in ms. */
const BOOT_WAITS = 3000

/**
 * Reads the reports of instances once a second and sends them to viewers, from when the app is
 * ready until it closes.
 */
export function addPulse (
  app: FastifyInstance,
  { collector, events, redis, viewers }: PulseOptions
): void {
  const ticker = new Ticker()
  const invalidations = new NewInvalidations()
  let timer: NodeJS.Timeout | undefined

  /**
   * Sends a tick after each reading, even an empty one: a viewer without ticks can tell that the
   * connection is dead.
   */
  async function beat (): Promise<void> {
    redis?.refresh().catch(() => {})
    const reading = await collector.collect(Date.now())
    for (const invalidated of reading === undefined ? [] : invalidations.next(reading.states)) {
      viewers.send('invalidated', invalidated)
    }
    const now = Date.now()
    const figures = redis === undefined ? null : figuresOf(redis)
    viewers.send('tick', {
      ...ticker.next(reading, now),
      ...collector.currency(now),
      redis: figures
    })
    for (const event of await events.update(reading, redis?.isConnected, now)) {
      viewers.send('event', event)
    }
  }

  app.addHook('onReady', async () => {
    const first = Promise.all([beat().then(() => collector.settled()), redis?.refresh()])
    try {
      await within(BOOT_WAITS, first, noAnswer('the store of metrics', BOOT_WAITS))
    } catch (error) {
      app.log.warn(
        { err: error },
        'what the instances have counted is not known yet: starting without it'
      )
    }
    timer = setInterval(() => {
      beat().catch((error: unknown) => {
        app.log.error({ err: error }, 'what happens could not be told')
      })
    }, EVERY)
  })
  app.addHook('preClose', async () => {
    clearInterval(timer)
    viewers.end()
  })
  app.addHook('onClose', async () => {
    await Promise.all([collector.stop(), events.stop()])
  })
}

function figuresOf ({ current }: RedisFigures) {
  return {
    connected: current !== undefined,
    usedMemoryBytes: current?.usedMemoryBytes ?? null,
    evictedKeys: current?.evictedKeys ?? null,
    opsPerSecond: current?.opsPerSecond ?? null
  }
}
