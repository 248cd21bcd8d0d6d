import { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { createRandom } from '../src/db/seed/random.js'
import { editor } from './support/access.js'
import { build } from './support/build.js'

async function shopOf (t: Test, names: readonly string[]) {
  const app = await build(t)
  for (const [index, name] of names.entries()) {
    const response = await app.inject({
      method: 'POST',
      path: '/api/products',
      headers: editor,
      payload: { sku: `F-${index}`, name, categoryId: 1, price: 1 }
    })
    if (response.statusCode !== 201) throw new Error(response.body)
  }
  return app
}

async function namesOf (app: FastifyInstance, q: string): Promise<string[]> {
  const response = await app.inject({
    path: '/api/products',
    query: { q, sort: 'oldest', limit: '100' }
  })
  if (response.statusCode !== 200) throw new Error(`${q}: ${response.statusCode} ${response.body}`)
  return response.json<{ items: { name: string }[] }>().items.map(({ name }) => name)
}

t.test('a search finds displayed text in any spelling', async (t) => {
  const names = [
    'Café Crème',
    'İstanbul Çay Bardağı',
    'Diyarbakır Halısı',
    'Große Straße',
    'Smørrebrød Æble',
    'Łódź Żółw',
    'Ｆｕｌｌｗｉｄｔｈ Ⅷ',
    'Cafe\u0301 zwei',
    'Ελλάς ΟΔΟΣ',
    'Ёлка Йогурт',
    '東京タワーの模型',
    '京都の茶碗',
    'ｶﾞﾗｽの鍋',
    'カラスの置物',
    '스마트폰케이스',
    'แก้วกาแฟ',
    '𠮷野家の丼',
    'iPhone用ケース',
    'שָׁלוֹם',
    'كِتَاب',
    'Zyx ﬁnger',
    '100% "Quux"*'
  ]
  const app = await shopOf(t, names)
  const finds: Record<string, readonly string[]> = {
    cafe: ['Café Crème', 'Cafe\u0301 zwei'],
    'CAFÉ cre': ['Café Crème'],
    istanbul: ['İstanbul Çay Bardağı'],
    İSTANBUL: ['İstanbul Çay Bardağı'],
    cay: ['İstanbul Çay Bardağı'],
    diyarbakir: ['Diyarbakır Halısı'],
    STRASSE: ['Große Straße'],
    grosse: ['Große Straße'],
    smorrebrod: ['Smørrebrød Æble'],
    aeble: ['Smørrebrød Æble'],
    'lodz zolw': ['Łódź Żółw'],
    fullwidth: ['Ｆｕｌｌｗｉｄｔｈ Ⅷ'],
    viii: ['Ｆｕｌｌｗｉｄｔｈ Ⅷ'],
    ελλασ: ['Ελλάς ΟΔΟΣ'],
    οδος: ['Ελλάς ΟΔΟΣ'],
    елка: ['Ёлка Йогурт'],
    東: ['東京タワーの模型'],
    京: ['東京タワーの模型', '京都の茶碗'],
    京タワ: ['東京タワーの模型'],
    東タワ: [],
    模型: ['東京タワーの模型'],
    型: ['東京タワーの模型'],
    ガラス: ['ｶﾞﾗｽの鍋'],
    カラス: ['カラスの置物'],
    ラス: ['ｶﾞﾗｽの鍋', 'カラスの置物'],
    폰케이: ['스마트폰케이스'],
    กาแฟ: ['แก้วกาแฟ'],
    野家: ['𠮷野家の丼'],
    𠮷: ['𠮷野家の丼'],
    'iphone ケース': ['iPhone用ケース'],
    שלום: ['שָׁלוֹם'],
    كتاب: ['كِتَاب'],
    'zyx finger': ['Zyx ﬁnger'],
    quux: ['100% "Quux"*'],
    '"quux"*': ['100% "Quux"*'],
    quu: ['100% "Quux"*'],
    'quux NOT nothing': [],
    'quux OR finger': [],
    'name:quux': []
  }
  for (const [q, expected] of Object.entries(finds)) t.same(await namesOf(app, q), expected, q)
})

t.test('any part of any name is found: a word from its beginning, CJK from anywhere', async (t) => {
  const random = createRandom(17)
  const latin = ['Straße', 'Café', 'İzmir', 'łąka', 'Ærø', 'naïve', 'ÅNGSTRÖM', 'Ünlü', 'x', 'öl']
  const cjk = Array.from('東京都港区赤坂ガラスの器茶碗급速充電器')
  const names = Array.from({ length: 60 }, () =>
    Array.from({ length: random.between(1, 3) }, () =>
      random.next() < 0.5
        ? random.pick(latin)
        : Array.from({ length: random.between(1, 6) }, () => random.pick(cjk)).join('')
    ).join(' ')
  )
  const app = await shopOf(t, names)
  for (const name of names) {
    const word = random.pick(name.split(' '))
    const characters = Array.from(word)
    const isLatin = latin.includes(word)
    const from = isLatin ? 0 : random.between(0, characters.length - 1)
    const part = characters.slice(from, random.between(from + 1, characters.length)).join('')
    for (const q of [
      part,
      part.toUpperCase(),
      part.toLowerCase(),
      part.normalize('NFD'),
      part.normalize('NFD').replace(/[\u0300-\u036F]/g, '')
    ]) {
      const found = await namesOf(app, q)
      if (!found.includes(name) && found.length < 100) t.fail(`${q} does not find ${name}`)
      if (!isLatin) {
        t.ok(
          found.every((other) => other.includes(part)),
          `${q} finds nothing else`
        )
      }
    }
  }
})
