import { createServer } from 'node:http'
import type { Catalog } from './catalog.js'
import { sendPage } from './page.js'

export function nodeServer (catalog: Catalog) {
  return createServer((request, response) => {
    const [, id] = /^\/products\/(\w+)$/.exec(request.url ?? '') ?? []
    if (request.method !== 'GET' || id === undefined) {
      response.writeHead(404).end()
      return
    }
    catalog.product(id).then(
      (product) => { sendPage(product, request, response) },
      () => { response.writeHead(500).end() }
    )
  })
}
