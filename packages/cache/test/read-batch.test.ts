import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { ReadBatch } from '../src/stores/read-batch.js'
import { type Gate, gate } from './gate.js'

type Values = readonly (Buffer | undefined)[]

/** A batch whose commands the test answers, and the keys of each. */
function setUp () {
  const commands: { readonly keys: readonly string[], readonly reply: Gate<Values> }[] = []
  const readAll = (keys: readonly string[]) => {
    const reply = gate<Values>()
    commands.push({ keys, reply })
    return reply.opened
  }
  const batch = new ReadBatch(async (key) => (await readAll([key]))[0], readAll)
  return { batch, commands, sent: () => commands.map(({ keys }) => keys) }
}

const bytes = (keys: readonly string[]) => keys.map((key) => Buffer.from(key))
const nextTick = () => new Promise<void>((resolve) => { process.nextTick(resolve) })

t.test(
  'with none in flight, a read is sent in the same turn, with those of its callback and the promise jobs after it',
  async (t) => {
    const { batch, commands, sent } = setUp()
    const reads = [batch.add('a'), batch.add('b')]
    const later = Promise.resolve()
      .then(() => Promise.resolve())
      .then(() => batch.add('c'))
    let hasTurned = false
    const turn = setImmediate().then(() => {
      hasTurned = true
    })
    await nextTick()
    t.strictSame(sent(), [['a', 'b', 'c']])
    t.equal(hasTurned, false)
    await turn
    commands[0]?.reply.open([Buffer.from('A'), undefined, Buffer.from('C')])
    t.strictSame(await Promise.all([...reads, later]), [
      Buffer.from('A'),
      undefined,
      Buffer.from('C')
    ])
  }
)

t.test(
  'while one is in flight, reads of a turn form one command, and none joins a command already sent',
  async (t) => {
    const { batch, commands, sent } = setUp()
    const first = batch.add('a')
    await nextTick()
    const second = batch.add('a')
    await nextTick()
    const third = batch.add('b')
    t.strictSame(sent(), [['a']])
    await setImmediate()
    t.strictSame(sent(), [['a'], ['a', 'b']])
    commands[0]?.reply.open(bytes(['old']))
    commands[1]?.reply.open(bytes(['new', 'b']))
    t.strictSame(await Promise.all([first, second, third]), bytes(['old', 'new', 'b']))
    const fourth = batch.add('d')
    await nextTick()
    t.strictSame(sent()[2], ['d'], 'none is under way any more')
    commands[2]?.reply.open([undefined])
    t.equal(await fourth, undefined)
  }
)

t.test('a failure affects all reads of the command, and no others', async (t) => {
  for (const keys of [['a'], ['a', 'b']]) {
    const { batch, commands } = setUp()
    const failing = keys.map((key) => batch.add(key))
    await nextTick()
    const other = batch.add('c')
    await setImmediate()
    commands[0]?.reply.fail(new Error('down'))
    commands[1]?.reply.open(bytes(['c']))
    t.match(await Promise.allSettled(failing), keys.map(() => ({ reason: { message: 'down' } })))
    t.strictSame(await other, Buffer.from('c'))
    const next = batch.add('d')
    await nextTick()
    t.equal(commands.length, 3, 'nothing is taken to be under way')
    commands[2]?.reply.open(bytes(['d']))
    await next
  }
})

for (const count of [1, 2, 63, 64, 65, 128, 200]) {
  t.test(`${count} concurrent reads: commands of up to 64 keys, each read gets its value`, async (t) => {
    const { batch, commands, sent } = setUp()
    const keys = Array.from({ length: count }, (_, i) => `key-${i}`)
    const reads = keys.map((key) => batch.add(key))
    await nextTick()
    t.strictSame(sent().flat(), keys)
    t.ok(sent().every(({ length }) => length <= 64))
    t.equal(sent().length, Math.ceil(count / 64))
    for (const { keys, reply } of commands.toReversed()) reply.open(bytes(keys))
    t.strictSame(await Promise.all(reads), bytes(keys))
  })
}
