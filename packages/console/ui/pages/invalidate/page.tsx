import { administrations } from '../../model/services.js'
import { Page } from '../../parts/page.js'
import { features, useServices } from '../../state/services.js'
import { useStored } from '../../state/use-stored.js'
import { AdminForm } from './admin-form.js'
import { Recent } from './recent.js'
import { StoreForm } from './store-form.js'

/** Invalidates cached responses on all instances. */
export function Invalidate () {
  const [first, ...others] = administrations(useServices())
  const { caches } = useStored(features)
  return (
    <Page title='Invalidate'>
      <p class='lead'>
        When a request of this page returns, no instance serves the invalidated responses.
      </p>
      <div class='columns'>
        {first !== undefined
          ? <AdminForm known={[first, ...others]} first={first} />
          : caches ? <StoreForm /> : <NoTarget />}
        <Recent />
      </div>
    </Page>
  )
}

const NoTarget = () => (
  <section class='panel'>
    <p class='empty'>
      No service announces routes to invalidate with: register{' '}
      <code>@weir/fastify/cache-admin</code>, or give the console the option <code>cache</code>.
    </p>
  </section>
)
