import { once } from 'node:events'
import { createServer } from 'node:net'
import t, { type Test } from 'tap'
import { choosePorts, frontDoorPort, HOST, listenError } from '../local/ports.js'
import { PORT_OFFSETS, suite } from '../local/suite.js'

t.test('the front door is on 8080 unless PORT is a port', async (t) => {
  for (const unset of [undefined, '']) t.equal(frontDoorPort(unset), 8080)
  for (const [value, port] of [
    ['0', 0],
    ['80', 80],
    ['65535', 65535]
  ] as const) { t.equal(frontDoorPort(value), port) }
  for (const value of ['http', '-1', '65536', '80.5', '1e3', '0x50', ' 80']) {
    t.throws(() => frontDoorPort(value), {
      code: 'WEIR_ERR_BAD_PORT',
      message: `PORT is "${value}"`
    })
  }
})

t.test(
  'forbidden and taken ports have errors of their own; others pass unchanged',
  async (t) => {
    const failure = (code: string): Error => Object.assign(new Error('listen'), { code })
    t.match(listenError(failure('EACCES'), 80, 'the front door'), {
      code: 'WEIR_ERR_PORT_DENIED',
      message:
        'port 80, which the front door needs, is not permitted: allow it or set PORT to another.'
    })
    t.match(listenError(failure('EADDRINUSE'), 4101, 'catalog-1'), { code: 'WEIR_ERR_PORT_TAKEN' })
    const other = failure('EMFILE')
    t.equal(listenError(other, 80, 'the front door'), other)
  }
)

/** Listens on a port until the test ends. */
async function occupy (t: Test, port: number): Promise<void> {
  const server = createServer().listen(port, HOST)
  t.teardown(() => { server.close() })
  await once(server, 'listening')
}

/** An unused base, away from those that suites and the system choose. */
async function freeBase (t: Test): Promise<number> {
  for (let base = 21_000; base < 30_000; base += 400) {
    try {
      const { release } = await choosePorts({ PORT_BASE: String(base) }, PORT_OFFSETS)
      release()
      return base
    } catch {
      t.comment(`${base} is taken`)
    }
  }
  throw new Error('no base is free')
}

t.test('the offsets are those of the suite', async (t) => {
  const services = suite(new Promise(() => {}), 'compiled', 0)
  const ports = services.flatMap(({ basePort, instances }) =>
    Array.from({ length: instances }, (_, i) => basePort + i)
  )
  t.strictSame(ports.sort((a, b) => a - b), PORT_OFFSETS)
})

t.test(
  'two suites that start at the same moment share no port',
  async (t) => {
    const chosen = await Promise.all(
      Array.from({ length: 4 }, () => choosePorts({}, PORT_OFFSETS))
    )
    t.teardown(() => {
      for (const { release } of chosen) release()
    })
    const all = chosen.flatMap(({ base, frontDoor }) => [
      base,
      frontDoor,
      ...PORT_OFFSETS.map((offset) => base + offset)
    ])
    t.equal(new Set(all).size, all.length)
    for (const { base, frontDoor, note } of chosen) {
      t.equal(frontDoor, base === 4100 ? 8080 : base + 80)
      if (base !== 4100) {
        t.match(
          note,
          new RegExp(
            `^all from ${base} on, because port \\d+, which .* needs, is already in use \\(PORT_BASE`
          )
        )
      }
    }
  }
)

t.test('one taken port moves all ports', async (t) => {
  const first = await choosePorts({}, PORT_OFFSETS)
  first.release()
  for (const offset of [0, 2, 302]) {
    await t.test(String(offset), async (t) => {
      await occupy(t, first.base + offset)
      const { base, release } = await choosePorts({}, PORT_OFFSETS)
      release()
      t.ok(base > first.base)
    })
  }
})

t.test('PORT_BASE and PORT take precedence', async (t) => {
  const base = await freeBase(t)
  const moved = await choosePorts({ PORT_BASE: String(base) }, PORT_OFFSETS)
  t.match(moved, { base, frontDoor: base + 80, note: undefined })
  await t.rejects(choosePorts({ PORT_BASE: String(base) }, PORT_OFFSETS), {
    code: 'WEIR_ERR_PORT_TAKEN',
    message: `port ${base}, which the suite needs, is already in use: stop the program that listens there or set PORT_BASE to another.`
  })
  moved.release()
  const both = await choosePorts({ PORT_BASE: String(base), PORT: '9' }, PORT_OFFSETS)
  both.release()
  t.match(both, { base, frontDoor: 9 })
  for (const value of ['x', '-1', '65535', '1e3', '0']) {
    await t.rejects(choosePorts({ PORT_BASE: value }, PORT_OFFSETS), {
      code: 'WEIR_ERR_BAD_PORT',
      message: `PORT_BASE is "${value}"`
    })
  }
})
