import { type Product } from '../../model/products.js'
import { type Exchange } from '../../model/exchange.js'
import { count, dateTime, money } from '../../model/format.js'
import { told } from '../../model/told.js'
import { CacheState } from '../../parts/cache-state.js'
import { Loaded } from '../../parts/loaded.js'
import { Page } from '../../parts/page.js'
import { useShown } from '../../state/use-shown.js'
import { EditForm } from './edit-form.js'

/** Shows one product as cached, and a form that changes it. */
export function ProductPage ({ id }: { id: number }) {
  const { query, isAsking, ask } = useShown(`/api/products/${id}`, { kind: 'product', id })
  return (
    <Page title={`Product ${id}`} tools={<a href='#/shop'>All products</a>}>
      <Loaded query={query} what='The product' onRetry={ask}>
        {(answer) => {
          const product = told<Product>(answer.body)
          return (
            <div class='columns'>
              <Shown product={product} answer={answer} isAsking={isAsking} onAsk={ask} />
              <EditForm product={product} etag={answer.headers.get('etag')} onSaved={ask} />
            </div>
          )
        }}
      </Loaded>
    </Page>
  )
}

function Shown ({
  product,
  answer,
  isAsking,
  onAsk
}: {
  product: Product
  answer: Exchange
  isAsking: boolean
  onAsk: () => void
}) {
  return (
    <section class='panel stack' aria-labelledby='product'>
      <h2 id='product'>{product.name}</h2>
      <CacheState exchange={answer} />
      <dl class='facts'>
        <dt>Price</dt>
        <dd>{money(product.price)}</dd>
        <dt>In stock</dt>
        <dd>{count(product.stock)}</dd>
        <dt>Article</dt>
        <dd>{product.sku}</dd>
        <dt>Description</dt>
        <dd>{product.description === '' ? 'none' : product.description}</dd>
        <dt>Version</dt>
        <dd>
          {product.version}, of {dateTime(Date.parse(product.updatedAt))}
        </dd>
        <dt>ETag</dt>
        <dd>
          <code>{answer.headers.get('etag') ?? 'none'}</code>
        </dd>
      </dl>
      <p class='small muted'>{answer.words}</p>
      <div class='row'>
        <button class='button compact' type='button' aria-disabled={isAsking} onClick={onAsk}>
          Refetch
        </button>
      </div>
    </section>
  )
}
