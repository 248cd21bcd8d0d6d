/** Kinds of values that caches have in memory, by name: a new value for each number. */
export const shapes: Readonly<Record<string, (i: number) => unknown>> = {
  'small objects': (i) => ({ id: i, name: `product number ${i}`, price: i + 0.5 }),
  'text of one byte a character': (i) => parsed(`${i}${'text'.repeat(50)}`),
  'text of two bytes a character': (i) => parsed(`${i}${'текст'.repeat(50)}`),
  'small Buffers': (i) => Buffer.alloc(300, i),
  'large Buffers': (i) => Buffer.alloc(20_000, i),
  'a product': (i) =>
    parsed({
      id: i,
      sku: `sku-${i}-abcdefg`,
      name: `a longer name of product ${i}`,
      description: `${i}${'lorem ipsum '.repeat(30)}`,
      price: 12.5 + i,
      tags: [`tag-number-${i}`, 'another long tag'],
      stock: { warehouse: `warehouse ${i}`, count: i, at: 17e11 + i + 0.5 },
      active: true,
      none: null
    }),
  'a list of rows': (i) => parsed(list(50, (k) => row(i * 50 + k))),
  'deep nesting': (i) =>
    parsed(
      list(30, (k) => k).reduce<unknown>(
        (inner, k) => ({ level: k, name: `level ${k} of ${i}`, inner }),
        i
      )
    ),
  integers: (i) => list(500, (k) => i + k),
  fractions: (i) => parsed(list(500, (k) => i + k + 0.5)),
  'numbers among others': (i) => list(200, (k) => (k % 2 === 0 ? i + k + 0.5 : null)),
  'two-byte text in objects': (i) =>
    parsed({
      title: `заголовок номер ${i}`,
      lines: list(10, (k) => `строка ${k} из ${i}, которая длиннее`)
    }),
  'records by ids': (i) => Object.fromEntries(list(20, (k) => [`user-${i}-${k}`, k])),
  Maps: (i) => new Map(list(40, (k) => [`key ${k} of map ${i}`, { at: k, of: i }])),
  Dates: (i) => ({
    created: new Date(i),
    changed: new Date(i + 1),
    ended: new Date(i + 2),
    name: `dated thing ${i}`
  }),
  'typed arrays': (i) => ({ vector: new Float32Array(256).fill(i), id: i }),
  'big integers': (i) => list(50, (k) => (BigInt(i) << 80n) + BigInt(k)),
  'one object met often': (i) => {
    const author = { name: `author ${i}`, about: parsed(`${i}${'text '.repeat(40)}`) }
    return list(20, (k) => ({ k, author }))
  }
}

const list = <T>(length: number, make: (k: number) => T): T[] =>
  Array.from({ length }, (_, k) => make(k))

const row = (id: number) => ({
  id,
  name: `row ${id} of all the rows`,
  price: id + 0.25,
  tags: [`tag-${id}-is-its-own`],
  nested: { left: id, right: null }
})

/** Values as from a database or a service: strings are flat, and arrays have no spare room. */
const parsed = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
