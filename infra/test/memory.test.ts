import { readFileSync } from 'node:fs'
import t from 'tap'
import { LOW_MEMORY } from '../local/memory.js'

t.test('containers have the same memory settings as npm start', (t) => {
  const image = readFileSync(new URL('../../docker/Dockerfile', import.meta.url), 'utf8')
  for (const [name, value] of Object.entries(LOW_MEMORY)) {
    t.ok(image.includes(` ${name}=${value.includes(' ') ? `"${value}"` : value}`), name)
  }
  t.end()
})
