import { place } from '../../state/place.js'
import { useStored } from '../../state/use-stored.js'
import { ProductPage } from './product-page.js'
import { ProductsPage } from './products-page.js'

/** Shows all products, or the one in the address. */
export function Shop () {
  const { path: [, id] } = useStored(place)
  return id === undefined ? <ProductsPage /> : <ProductPage key={id} id={Number(id)} />
}
