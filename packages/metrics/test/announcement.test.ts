import t from 'tap'
import { boundedAnnouncement, isAnnouncedPath, isPublicUrl } from '../src/index.js'
import { parseState } from '../src/parse.js'
import { stateOf } from './told.js'

const announced = {
  publicUrl: 'https://shop.example/base',
  namespace: 'responses',
  cacheAdmin: ['/cache'],
  demos: { products: '/products' },
  routes: [{ url: '/products/:id', cached: true, examples: ['/products/1?a=b'], tags: ['all'] }]
}
const parsed = (value: unknown) =>
  parseState(JSON.stringify({ ...stateOf('a'), announced: value }))?.announced

t.test('an announcement is read as it was written', async (t) => {
  t.strictSame(boundedAnnouncement(announced), announced)
  t.strictSame(parsed(announced), announced)
  t.strictSame(parsed(undefined), undefined, 'versions before')
  t.strictSame(
    parsed({ ...announced, later: true }),
    announced,
    'a later version has fields that this one does not know'
  )
})

t.test('fields that are not as they should be are left out; the state stays', async (t) => {
  const odd = [null, 7, 'text', [], {}, [[]], [{}], [null], { x: 7 }, 'javascript:alert(1)']
  for (const value of odd) {
    t.ok(parseState(JSON.stringify({ ...stateOf('a'), announced: value })), JSON.stringify(value))
    for (const field of ['publicUrl', 'namespace', 'cacheAdmin', 'demos', 'routes']) {
      const read = parsed({ ...announced, [field]: value })
      t.ok(read)
      for (const other of ['cacheAdmin', 'demos', 'routes'] as const) {
        if (other !== field) t.strictSame(read?.[other], announced[other])
      }
      t.notMatch(JSON.stringify(read?.publicUrl ?? ''), 'javascript')
    }
  }
})

t.test('its size is limited, whatever wrote it', async (t) => {
  const many = Array.from({ length: 1000 }, (_, i) => `/${i}`)
  const read = parsed({
    publicUrl: `https://shop.example/${'x'.repeat(1000)}`,
    namespace: 'n'.repeat(1000),
    cacheAdmin: many,
    demos: Object.fromEntries(many.map((path) => [path, path])),
    routes: many.map((url) => ({ url, cached: true, examples: many, tags: many }))
  })
  t.equal(read?.publicUrl, undefined)
  t.equal(read?.namespace, undefined)
  t.equal(read?.cacheAdmin.length, 5)
  t.equal(Object.keys(read?.demos ?? {}).length, 10)
  t.equal(read?.routes.length, 40)
  t.ok(JSON.stringify(read).length < 16_384)
})

t.test('paths stay on their origin, and addresses are http', async (t) => {
  for (const path of ['/', '/a/:id', '/a?b=c&d=%20']) t.ok(isAnnouncedPath(path), path)
  for (const path of ['', 'a', '//evil.example', '/\\evil', '/a b', '/a#b', `/${'x'.repeat(400)}`]) {
    t.notOk(isAnnouncedPath(path), path)
  }
  for (const url of ['https://a.example', 'http://localhost:3000', 'https://a.example/b/c']) {
    t.ok(isPublicUrl(url), url)
  }
  const bad = [
    '', 'a.example', 'ftp://a.example', 'https://a.example/', 'https://a.example/b?c',
    'https://user:secret@a.example', "https://a.example; script-src 'unsafe-inline'", 'HTTPS://A.example'
  ]
  for (const url of bad) t.notOk(isPublicUrl(url), url)
})
