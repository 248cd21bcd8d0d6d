import t from 'tap'
import { createOutbox, type OutboxOptions } from '../src/index.js'
import { newFile } from './database.js'

t.test('invalid options are rejected by name', async (t) => {
  const { connect } = await newFile(t)
  const db = connect()
  const bad: [Record<string, unknown>, RegExp][] = [
    [{ invalidate: undefined }, /^invalidate undefined: pass a function$/],
    [{ pollIntervall: 5 }, /^pollIntervall 5: unknown option$/],
    [{ namespace: '' }, /^namespace '': use a name of 1 to 100 characters/],
    [{ namespace: 'x'.repeat(101) }, /^namespace/],
    [{ namespace: 'a\u0000' }, /^namespace/],
    [{ namespace: null }, /^namespace null/],
    [{ pollInterval: 0 }, /^pollInterval 0: use milliseconds/],
    [{ lease: '1s' }, /^lease '1s': use milliseconds/],
    [{ lease: NaN }, /^lease NaN/],
    [{ invalidateTimeout: 2 ** 31 }, /^invalidateTimeout 2147483648/],
    [{ pollInterval: 1000 }, /^pollInterval 1000: it must be shorter than the lease \(1000 ms\)/]
  ]
  for (const [options, message] of bad) {
    const all = { db, invalidate: async () => {}, ...options } as OutboxOptions
    t.throws(() => createOutbox(all), {
      name: 'OutboxError',
      code: 'WEIR_OUTBOX_INVALID_OPTION',
      message
    })
  }
})
