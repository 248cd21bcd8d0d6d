import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { errors, Pool } from 'undici'
import { assertSendable, Breaker, type BreakerOptions, MalformedRequest } from '../src/index.js'
import { Random } from '../testing/index.js'

const refused = { message: 'refused' }
const fails = async () => { throw new Error('no answer') }
const asked = async () => 'asked'

/** A promise that the test settles. */
interface Gate {
  readonly promise: Promise<string>
  resolve (): void
  reject (error: Error): void
}

function gate (): Gate {
  let settle: Omit<Gate, 'promise'> = { resolve () {}, reject () {} }
  const promise = new Promise<string>((resolve, reject) => {
    settle = { resolve: () => { resolve('late') }, reject }
  })
  return {
    promise,
    resolve: () => {
      settle.resolve()
    },
    reject: (error) => {
      settle.reject(error)
    }
  }
}

/** A breaker whose probes the test answers, under a clock that the test moves. */
function setUp (t: Test, options: Partial<BreakerOptions> = {}) {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => { mock.timers.reset() })
  const probes: Gate[] = []
  const probe = () => {
    const probe = gate()
    probes.push(probe)
    return probe.promise
  }
  const breaker = new Breaker({ probe, refusal: () => new Error('refused'), ...options })
  t.teardown(() => { breaker.stop() })
  const advance = async (ms: number) => {
    mock.timers.tick(ms)
    await setImmediate()
  }
  return { breaker, probes, advance }
}

t.test('without failures there is no probe', async (t) => {
  const { breaker, probes, advance } = setUp(t)
  t.equal(await breaker.run(asked), 'asked')
  await advance(10_000)
  t.equal(probes.length, 0)
  t.equal(breaker.isOpen, false)
})

t.test('a breaker with a name tells when it opens and closes', async (t) => {
  const told: unknown[] = []
  const hear = (message: unknown) => { told.push(message) }
  subscribe('weir:breaker:change', hear)
  t.teardown(() => unsubscribe('weir:breaker:change', hear))
  const { breaker, probes, advance } = setUp(t, { name: 'redis' })
  await t.rejects(breaker.run(fails))
  await t.rejects(breaker.run(fails), refused)
  t.same(told.splice(0), [{ name: 'redis', isOpen: true }])
  await advance(50)
  probes[0]?.resolve()
  await setImmediate()
  t.same(told.splice(0), [{ name: 'redis', isOpen: false }])
  breaker.stop()
  t.same(told, [], 'it was closed already')
})

t.test('after a failure every call is refused until a probe is answered', async (t) => {
  const { breaker, probes, advance } = setUp(t)
  await t.rejects(breaker.run(fails), { message: 'no answer' })
  t.equal(breaker.isOpen, true)
  await advance(49)
  t.equal(probes.length, 0)
  await advance(1)
  t.equal(probes.length, 1)
  await t.rejects(breaker.run(async () => t.fail('a call is the probe')), refused)
  probes[0]?.resolve()
  await setImmediate()
  t.strictSame(await Promise.all([breaker.run(asked), breaker.run(asked)]), ['asked', 'asked'])
  await advance(10_000)
  t.equal(probes.length, 1, 'and there is no other')
})

t.test(
  'failed probes are repeated, one at a time, with pauses that grow to 250 ms',
  async (t) => {
    const { breaker, probes, advance } = setUp(t)
    await t.rejects(breaker.run(fails))
    for (const [i, pause] of [50, 100, 200, 250, 250].entries()) {
      await advance(pause - 1)
      t.equal(probes.length, i)
      await advance(1)
      t.equal(probes.length, i + 1)
      await advance(300)
      t.equal(probes.length, i + 1, 'another waits for its end')
      probes[i]?.reject(new Error('no answer'))
      await setImmediate()
    }
    await t.rejects(breaker.run(asked), refused)
    await advance(250)
    probes[5]?.resolve()
    await setImmediate()
    t.equal(await breaker.run(asked), 'asked')
    await t.rejects(breaker.run(fails), { message: 'no answer' })
    await advance(50)
    t.equal(probes.length, 7, 'the next outage begins with the shortest pause')
  }
)

t.test('a probe without an answer does not delay the next one', async (t) => {
  const { breaker, probes, advance } = setUp(t)
  await t.rejects(breaker.run(fails))
  await advance(50)
  await advance(999)
  t.equal(probes.length, 1)
  await advance(1)
  t.equal(probes.length, 2)
  probes[0]?.reject(new Error('late'))
  await setImmediate()
  await advance(999)
  t.equal(probes.length, 2, 'its end schedules nothing')
  await advance(1)
  t.equal(probes.length, 3)
  probes[1]?.resolve()
  await setImmediate()
  t.equal(await breaker.run(asked), 'asked', 'a late answer is one')
})

t.test(
  'calls in progress when it opens are rejected, and neither close nor reopen it',
  async (t) => {
    const { breaker, probes, advance } = setUp(t)
    const [succeeding, failing] = [gate(), gate()]
    const success = breaker.run(() => succeeding.promise)
    const failure = breaker.run(() => failing.promise)
    await t.rejects(breaker.run(fails))
    await t.rejects(success, refused)
    await t.rejects(failure, refused)
    succeeding.resolve()
    await setImmediate()
    await t.rejects(breaker.run(asked), refused)

    await advance(50)
    probes[0]?.resolve()
    await setImmediate()
    failing.reject(new Error('timed out'))
    await setImmediate()
    t.equal(await breaker.run(asked), 'asked', 'the probe was answered after that call was sent')
  }
)

t.test('an answer to a probe of an earlier outage has no effect', async (t) => {
  const { breaker, probes, advance } = setUp(t)
  await t.rejects(breaker.run(fails))
  await advance(50)
  await advance(1000)
  probes[1]?.resolve()
  await setImmediate()
  await t.rejects(breaker.run(fails), { message: 'no answer' })
  probes[0]?.resolve()
  await setImmediate()
  await t.rejects(breaker.run(asked), refused)
})

t.test('errors that are answers do not open it, and close it', async (t) => {
  const { breaker, probes, advance } = setUp(t, { isAnswer: (error) => error instanceof TypeError })
  await t.rejects(breaker.run(async () => { throw new TypeError('WRONGTYPE') }))
  t.equal(await breaker.run(asked), 'asked')
  await t.rejects(breaker.run(fails))
  await advance(50)
  probes[0]?.reject(new TypeError('LOADING'))
  await setImmediate()
  t.equal(await breaker.run(asked), 'asked')
})

/** Text of ordinary and of hostile characters. */
function textOf (random: Random): string {
  const hostile = ['\r\n', '\n', '\0', '\x01', '\x7f', '\x80', '“', '😀', '\ud800', 'é', ' ', '\t', ':']
  const [first = '', ...others] = hostile
  const ordinary = () => random.pick(['a', '1', '"', '/', '%20', '-', '=', '', 'W/'])
  return Array.from({ length: random.integer(0, 4) }, () =>
    random.integer(0, 5) === 0 ? random.pick([first, ...others]) : ordinary()
  ).join('')
}

/** A request of which any part may be malformed. */
function requestOf (random: Random) {
  const name = random.pick([
    'if-match', 'x-a', 'X-B', 'content-length', 'connection', 'Keep-Alive', 'expect', 'upgrade',
    'transfer-encoding', textOf(random)
  ])
  const path = random.integer(0, 3) === 0 ? textOf(random) : `/${random.integer(0, 999)}`
  return { path, headers: { [name]: textOf(random) } }
}

t.test('a malformed request neither opens it nor takes a connection of a pool', async (t) => {
  const server = createServer((_request, response) => response.end())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no TCP port')
  const origin = `http://127.0.0.1:${address.port}`
  const pool = new Pool(origin, { connections: 1, headersTimeout: 2000 })
  const breaker = new Breaker({ probe: asked, refusal: () => new Error('refused') })
  t.teardown(async () => {
    breaker.stop()
    await pool.destroy()
    server.close()
  })
  const send = (dispatcher: Pool, request: ReturnType<typeof requestOf>) =>
    dispatcher
      .request({ method: 'GET', ...request })
      .then(async ({ body }) => { await body.dump() })
  const random = new Random(11)
  const count = { sent: 0, malformed: 0 }
  for (let i = 0; i < 400; i++) {
    const request = requestOf(random)
    const shown = JSON.stringify(request)
    try {
      await breaker.run(async () => {
        assertSendable(request)
        await send(pool, request)
      })
      count.sent++
    } catch (error) {
      if (!(error instanceof MalformedRequest)) throw error
      count.malformed++
      const other = new Pool(origin)
      const isOfConnection = Object.keys(request.headers).some((name) => /^connection$/i.test(name))
      // Undici accepts some values of this field.
      if (!isOfConnection) await t.rejects(breaker.run(() => send(other, request)), shown)
      await other.destroy()
    }
    if (breaker.isOpen) t.fail(`it is open after ${shown}`)
  }
  t.ok(count.sent > 50 && count.malformed > 50, JSON.stringify(count))
  const late = AbortSignal.timeout(5000)
  await Promise.race([send(pool, { path: '/', headers: {} }), once(late, 'abort')])
  t.equal(late.aborted, false, 'the only connection still answers')
  const outage = new errors.SocketError('other side closed')
  await t.rejects(breaker.run(async () => { throw outage }), outage)
  t.equal(breaker.isOpen, true, 'silence still opens it')
})

t.test('the probe receives the subject of the last unanswered call', async (t) => {
  const asked: string[] = []
  const { breaker, advance } = setUp(t, {
    probe: async (about) => {
      asked.push(about)
      throw new Error('no answer')
    },
    isAnswer: (error) => error instanceof TypeError
  })
  const [first, second, third] = [gate(), gate(), gate()]
  const calls = [first, second, third].map(({ promise }, i) =>
    breaker.run(() => promise, `call ${i}`).catch(() => {})
  )
  await breaker.run(async () => 'asked', 'answered')
  first.reject(new Error('no answer'))
  await Promise.all(calls)
  await advance(50)
  second.reject(new Error('late'))
  third.reject(new TypeError('an answer'))
  await setImmediate()
  await advance(100)
  t.strictSame(asked, ['call 0', 'call 1'])
})

t.test('a call that throws synchronously counts as failed', async (t) => {
  const { breaker } = setUp(t)
  await t.rejects(breaker.run(() => { throw new Error('at once') }), { message: 'at once' })
  t.equal(breaker.isOpen, true)
})

t.test('after stop it neither probes nor rejects', async (t) => {
  const { breaker, probes, advance } = setUp(t)
  await t.rejects(breaker.run(fails))
  await advance(50)
  breaker.stop()
  probes[0]?.reject(new Error('no answer'))
  await advance(10_000)
  t.equal(probes.length, 1)
  t.equal(await breaker.run(asked), 'asked')
  await t.rejects(breaker.run(fails), { message: 'no answer' })
  await advance(10_000)
  t.equal(probes.length, 1)
  t.equal(breaker.isOpen, false)
})

t.test('its timer does not keep the process alive', async (t) => {
  const timeouts = () =>
    process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  const before = timeouts()
  const breaker = new Breaker({ probe: fails, refusal: () => new Error('refused') })
  await t.rejects(breaker.run(fails))
  t.equal(timeouts(), before)
  breaker.stop()
})
