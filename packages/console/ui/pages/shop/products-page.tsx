import { useEffect, useRef, useState } from 'preact/hooks'
import { type Categories, type Product, type ProductList } from '../../model/products.js'
import { type Exchange } from '../../model/exchange.js'
import { count, money } from '../../model/format.js'
import { hashOf } from '../../model/hash.js'
import { plural } from '../../model/meaning.js'
import { told } from '../../model/told.js'
import { CacheState } from '../../parts/cache-state.js'
import { Scroll } from '../../parts/data-table.js'
import { Field } from '../../parts/field.js'
import { Loaded } from '../../parts/loaded.js'
import { Page } from '../../parts/page.js'
import { place } from '../../state/place.js'
import { useQuery } from '../../state/use-query.js'
import { useShown } from '../../state/use-shown.js'
import { useStored } from '../../state/use-stored.js'

const SORTS = [
  ['newest', 'Newest'],
  ['name', 'Name'],
  ['price', 'Price, lowest first'],
  ['-price', 'Price, highest first']
] as const

/** Shows all products as cached, page by page. */
export function ProductsPage () {
  const { query } = useStored(place)
  const asked = {
    page: query.get('page') ?? '1',
    q: query.get('q') ?? '',
    category: query.get('category') ?? '',
    sort: query.get('sort') ?? 'newest'
  }
  const given = Object.entries(asked).filter(([, value]) => value !== '')
  const { query: known, ask } = useShown(`/api/products?${new URLSearchParams(given)}`, {
    kind: 'list'
  })
  return (
    <Page title='Shop'>
      <p class='lead'>
        The catalog as every client sees it. Saved changes appear at once in every browser that
        shows this list.
      </p>
      <section class='panel'>
        <Search key={JSON.stringify([asked.q, asked.category, asked.sort])} asked={asked} />
      </section>
      <section class='panel flush' aria-label='Found'>
        <Loaded query={known} what='The products' onRetry={ask}>
          {(answer) => <List answer={answer} asked={asked} />}
        </Loaded>
      </section>
    </Page>
  )
}

function List ({ answer, asked }: { answer: Exchange, asked: Asked }) {
  const list = told<ProductList>(answer.body)
  return (
    <>
      <div class='panel-head'>
        <h2>{plural(list.total, 'product')}</h2>
        <CacheState exchange={answer} />
      </div>
      {list.items.length === 0
        ? <p class='empty'>No products match. <a href='#/shop'>Show all products.</a></p>
        : <ProductTable products={list.items} />}
      <Pages list={list} asked={asked} />
    </>
  )
}

type Asked = Readonly<Record<'page' | 'q' | 'category' | 'sort', string>>

function Search ({ asked }: { asked: Asked }) {
  const [q, setQ] = useState(asked.q)
  const categories =
    useQuery<Categories>('categories', () => '/api/categories', 60_000).value?.items ?? []
  const go = (changed: Partial<Asked>) => {
    location.hash = hashOf(['shop'], { ...asked, page: '', q, ...changed })
  }
  return (
    <form
      class='fields'
      role='search'
      onSubmit={(event) => {
        event.preventDefault()
        go({})
      }}
    >
      <Field label='Words' class='grow'>
        {(attributes) => (
          <input
            {...attributes}
            type='search'
            maxLength={100}
            value={q}
            onInput={({ currentTarget: { value } }) => setQ(value)}
          />
        )}
      </Field>
      <Field label='Category'>
        {(attributes) => (
          <select
            {...attributes}
            value={asked.category}
            onChange={({ currentTarget: { value } }) => go({ category: value })}
          >
            <option value=''>All</option>
            {categories.map(({ slug, name }) => (
              <option key={slug} value={slug}>
                {name}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label='Sorted by'>
        {(attributes) => (
          <select
            {...attributes}
            value={asked.sort}
            onChange={({ currentTarget: { value } }) => go({ sort: value })}
          >
            {SORTS.map(([id, label]) => (
              <option key={id} value={id}>
                {label}
              </option>
            ))}
          </select>
        )}
      </Field>
      <button class='button' type='submit'>
        Search
      </button>
    </form>
  )
}

function ProductTable ({ products }: { products: readonly Product[] }) {
  const changed = useChanged(products)
  return (
    <Scroll label='Products'>
      <table>
        <caption class='unseen'>Products</caption>
        <thead>
          <tr>
            <th scope='col'>Name</th>
            <th scope='col' class='number'>
              Price
            </th>
            <th scope='col' class='number'>
              In stock
            </th>
            <th scope='col' class='number'>
              Version
            </th>
            <th scope='col'>Article</th>
          </tr>
        </thead>
        <tbody>
          {products.map(({ id, sku, name, price, stock, version }) => (
            <tr key={`${id} ${version}`} class={changed.has(id) ? 'changed' : ''}>
              <th scope='row'>
                <a href={hashOf(['shop', String(id)])}>{name}</a>
                {changed.has(id) && (
                  <span class='small state' data-alive='true'>
                    {' '}
                    changed just now
                  </span>
                )}
              </th>
              <td class='number'>{money(price)}</td>
              <td class='number'>{count(stock)}</td>
              <td class='number'>{version}</td>
              <td>
                <code class='nowrap'>{sku}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  )
}

/** Returns the products whose version changed since they were last shown. */
function useChanged (products: readonly Product[]): ReadonlySet<number> {
  const shown = useRef<ReadonlyMap<number, number>>(new Map())
  const [changed, setChanged] = useState<ReadonlySet<number>>(new Set())
  const versions = products.map(({ id, version }) => `${id} ${version}`).join()
  useEffect(() => {
    const before = shown.current
    setChanged(
      new Set(
        products
          .filter(({ id, version }) => (before.get(id) ?? version) < version)
          .map(({ id }) => id)
      )
    )
    shown.current = new Map(products.map(({ id, version }) => [id, version]))
  }, [versions])
  return changed
}

function Pages ({ list: { page, pages }, asked }: { list: ProductList, asked: Asked }) {
  const to = (other: number) => hashOf(['shop'], { ...asked, page: String(other) })
  return (
    <nav class='row inset' aria-label='Pages of products'>
      {page > 1 && <a class='button compact' href={to(page - 1)}>Previous</a>}
      <span class='small muted'>Page {count(page)} of {count(pages)}</span>
      {page < pages && <a class='button compact' href={to(page + 1)}>Next</a>}
    </nav>
  )
}
