import express from 'express'
import type { Catalog } from './catalog.js'
import { sendPage } from './page.js'

export function expressApp (catalog: Catalog) {
  const app = express()

  app.get('/products/:id', async (request, response) => {
    sendPage(await catalog.product(request.params.id), request, response)
  })

  app.get('/count', async (_request, response) => {
    response.json({ products: await catalog.count() })
  })

  app.put('/products/:id', express.json(), async (request, response) => {
    const { price } = request.body as { price: number }
    await catalog.save(request.params.id, price)
    response.status(204).end()
  })

  return app
}
