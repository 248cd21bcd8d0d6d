import { readFile } from 'node:fs/promises'
import t from 'tap'
import { blocksOf, problemsOf, ROOT } from './support/compiled-example.js'

t.test('the first example of the README compiles as written', async (t) => {
  const readme = await readFile(`${ROOT}README.md`, 'utf8')
  const [example] = blocksOf(readme, 'ts')
  if (example === undefined) throw new Error('the README has no example in TypeScript')
  t.strictSame(problemsOf(example), [])

  const mistaken = example
    .replace('staleIfError', 'staleOnError')
    .replace("invalidates: ['product:{id}']", "invalidates: 'product:{id}'")
  t.match(
    problemsOf(mistaken).join('\n'),
    /'staleOnError' does not exist[^]*Type 'string' is not assignable/,
    'a mistake in it would be found'
  )
})

t.test('the recipes for If-Match compile as written', async (t) => {
  const readme = await readFile(`${ROOT}plugins/README.md`, 'utf8')
  const section = readme.slice(
    readme.indexOf('### If-Match'),
    readme.indexOf('## @weir/fastify/response-cache')
  )
  const recipes = blocksOf(section, 'ts')
  t.equal(recipes.length, 2)
  for (const recipe of recipes) t.strictSame(problemsOf(recipe), [])
})

t.test('the example of named caches in Fastify compiles as written', async (t) => {
  const readme = await readFile(`${ROOT}plugins/README.md`, 'utf8')
  const [example = ''] = blocksOf(readme.slice(readme.indexOf('## @weir/fastify/caches')), 'ts')
  t.match(example, /caches\.products\.remember/)
  t.strictSame(problemsOf(example), [])
})

t.test('the examples of fragments and cache-control compile as written', async (t) => {
  const readme = await readFile(`${ROOT}plugins/README.md`, 'utf8')
  const section = readme.slice(
    readme.indexOf('## @weir/fastify/fragments'),
    readme.indexOf('## @weir/fastify/cache-admin')
  )
  const examples = blocksOf(section, 'ts')
  t.equal(examples.length, 2)
  for (const example of examples) t.strictSame(problemsOf(example), [])
})

t.test('the example of the console compiles as it stands', async (t) => {
  const readme = await readFile(`${ROOT}packages/console/README.md`, 'utf8')
  const [example = ''] = blocksOf(readme, 'ts')
  t.strictSame(problemsOf(example), [])
  t.match(
    problemsOf(example.replace(/ {2}authorize:.*\n/, '')).join('\n'),
    /'authorize' is missing/,
    'authorize is required'
  )
})
