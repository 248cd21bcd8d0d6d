import t from 'tap'
import { decodeFrame, encodeFrame } from '../src/frame.js'
import type { Entry, Serialized } from '../src/index.js'
import { randomFrom } from './random.js'

const entry: Entry<Serialized> = {
  value: { meta: '{"status":200}', body: Buffer.from('the body \u2603', 'utf8') },
  stamp: 1_764_500_000_123_456,
  tags: ['product:1', 'каталог', '🔑'],
  storedAt: 1_764_500_000_123,
  freshUntil: 1_764_500_060_123.25,
  staleUntil: 1_764_500_120_123,
  errorUntil: 1_764_500_180_123,
  keptFor: 180_000,
  filledBy: 'catalog-1 №',
  cost: 1234
}

t.test('an entry survives encoding and decoding', async (t) => {
  t.strictSame(decodeFrame(encodeFrame(entry)), entry)
  const plain = { ...entry, tags: [], filledBy: '', value: { meta: '', body: Buffer.alloc(0) } }
  t.strictSame(decodeFrame(encodeFrame(plain)), plain)
  const tagged = { ...plain, tags: ['a'] }
  t.strictSame(decodeFrame(encodeFrame(tagged)), tagged)
  const large = { ...entry, value: { meta: 'm', body: Buffer.alloc(3 * 1024 * 1024, 7) } }
  t.strictSame(decodeFrame(encodeFrame(large)), large)
  const view = new Uint8Array([0, 1, 2, 3, 4]).subarray(1, 4)
  t.strictSame(
    decodeFrame(encodeFrame({ ...plain, value: { meta: '', body: view } }))?.value.body,
    Buffer.from([1, 2, 3])
  )
})

t.test('a small body does not keep the large buffer it came from alive', async (t) => {
  const frame = encodeFrame(entry)
  const read = Buffer.alloc(64 * 1024)
  frame.copy(read, 100)
  const body = decodeFrame(read.subarray(100, 100 + frame.length))?.value.body
  t.strictSame(body, entry.value.body)
  t.ok((body?.buffer.byteLength ?? Infinity) <= 2048)
})

t.test('a large body is not copied', async (t) => {
  const frame = encodeFrame({ ...entry, value: { meta: '', body: Buffer.alloc(1024 * 1024) } })
  t.equal(decodeFrame(frame)?.value.body.buffer, frame.buffer)
})

t.test('a truncated frame is never accepted', async (t) => {
  const frame = encodeFrame(entry)
  for (let length = 0; length < frame.length; length++) {
    if (decodeFrame(frame.subarray(0, length)) !== undefined) {
      t.fail(`cut off after ${length} bytes`)
    }
  }
})

t.test('a mutated frame is never accepted', async (t) => {
  const frame = encodeFrame(entry)
  const random = randomFrom(20261120)
  for (let at = 0; at < frame.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const mutated = Buffer.from(frame)
      mutated.writeUInt8(frame.readUInt8(at) ^ (1 << bit), at)
      if (decodeFrame(mutated) !== undefined) t.fail(`bit ${bit} of byte ${at}`)
    }
  }
  for (let i = 0; i < 10_000; i++) {
    const mutated = mutate(frame, random)
    const decoded = decodeFrame(mutated)
    if (decoded !== undefined && !mutated.equals(frame)) {
      t.fail(`mutation ${i}: ${mutated.toString('hex')}`)
    }
  }
})

t.test('random bytes are never accepted', async (t) => {
  const random = randomFrom(7)
  for (let i = 0; i < 10_000; i++) {
    const noise = Buffer.from(Array.from({ length: random(200) }, () => random(256)))
    if (noise.length > 1) {
      noise[0] = 0x57
      noise[1] = 1
    }
    if (decodeFrame(noise) !== undefined) t.fail(noise.toString('hex'))
  }
})

/** Changes, removes or repeats bytes, or sets a length field to an interesting value. */
function mutate (frame: Buffer, random: (below: number) => number): Buffer {
  const at = random(frame.length)
  switch (random(4)) {
    case 0: {
      const mutated = Buffer.from(frame)
      for (let i = 0; i <= random(8); i++) mutated[random(frame.length)] = random(256)
      return mutated
    }
    case 1: return Buffer.concat([frame.subarray(0, at), frame.subarray(at + 1 + random(20))])
    case 2: return Buffer.concat([frame.subarray(0, at), frame.subarray(random(frame.length))])
    default: {
      const mutated = Buffer.from(frame)
      mutated.writeUInt32BE(
        [0, 1, 0x7fffffff, 0x80000000, 0xffffffff][random(5)] ?? 0,
        44 + 4 * random(4)
      )
      return mutated
    }
  }
}
