import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { readMethods, renderPage } from './page.js'

const root = fileURLToPath(new URL('../../../../', import.meta.url))
await writeFile(`${root}docs/methods.md`, renderPage(await readMethods(root)))
