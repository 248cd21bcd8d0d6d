import t from 'tap'
import { curlOf, tagsIn } from '../curl.js'
import { TERMS } from '../terms.js'

const ORIGIN = 'http://localhost:8080'

t.test('a wish as a curl command', async (t) => {
  t.equal(
    curlOf({ method: 'GET', path: "/api/products?q=it's" }, ORIGIN),
    "curl -i 'http://localhost:8080/api/products?q=it'\\''s'"
  )
  t.equal(
    curlOf({ method: 'HEAD', path: '/x', bypass: true }, ORIGIN),
    "curl -I 'http://localhost:8080/x' -H 'cache-control: no-cache'"
  )
  t.equal(
    curlOf({ method: 'GET', path: '/x', ifNoneMatch: '"1"' }, ORIGIN, 'editor'),
    'curl -i \'http://localhost:8080/x\' -H \'if-none-match: "1"\' -H "authorization: Bearer $EDITOR_TOKEN"'
  )
  const body = { type: 'application/json', text: '{"name":"O\'Neill"}' }
  t.equal(
    curlOf({ method: 'PATCH', path: '/x', ifMatch: '"1"', body }, ORIGIN),
    "curl -i -X PATCH 'http://localhost:8080/x' -H 'if-match: \"1\"' -H 'content-type: application/json' -d '{\"name\":\"O'\\''Neill\"}'"
  )
})

t.test('tags of a Cache-Groups field, one per line', async (t) => {
  t.equal(tagsIn('"catalog", "product:3"'), 'catalog\nproduct:3')
  t.equal(tagsIn('"a \\"b\\" \\\\", "c,d"'), 'a "b" \\\nc,d')
  t.equal(tagsIn(''), '')
})

t.test('definitions are sentences', async (t) => {
  for (const [term, definition] of Object.entries(TERMS)) {
    t.match(definition, /^[A-Z0-9].*\.$/, term)
  }
})
