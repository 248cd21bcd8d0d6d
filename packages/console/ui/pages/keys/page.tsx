import { useState } from 'preact/hooks'
import {
  addressOf,
  type KeysPage,
  type KeysView,
  type Namespaces,
  requestOf,
  viewOf
} from '../../model/keys.js'
import { plural } from '../../model/meaning.js'
import { isRefusal } from '../../model/problem.js'
import { Loaded } from '../../parts/loaded.js'
import { Page } from '../../parts/page.js'
import { headersOf, identities, type Identity } from '../../state/identity.js'
import { place } from '../../state/place.js'
import { useQuery } from '../../state/use-query.js'
import { useStored } from '../../state/use-stored.js'
import { EntryPanel } from './entry.js'
import { FilterForm } from './filter-form.js'
import { KeysTable } from './table.js'

const LIMIT = 50
// Refetch interval in ms. A page should not change while it is being read.
const EVERY_MS = 60_000
const DEFAULT_NAMESPACE = 'responses'

/** The keys of a cache, paginated and filtered. The address holds the complete view. */
export function Keys () {
  const { current } = useStored(identities)
  const view = viewOf(useStored(place).query)
  return (
    <Page title='Keys' id='Keys'>
      <p class='lead'>
        Entries of a cache, as stored. Inspecting affects neither counters nor entries.
      </p>
      <Listing view={view} identity={current} />
    </Page>
  )
}

function Listing ({ view, identity }: { view: KeysView, identity: Identity }) {
  const [revision, setRevision] = useState(0)
  const headers = headersOf(identity)
  const spaces = useQuery<Namespaces>(
    identity.id,
    () => 'api/stats/namespaces',
    EVERY_MS,
    headers
  )
  const names = spaces.value?.namespaces ?? []
  const namespace = view.namespace ??
    (names.length === 0 || names.includes(DEFAULT_NAMESPACE) ? DEFAULT_NAMESPACE : names[0])
  const whole: KeysView = { ...view, namespace }
  const request = requestOf(whole, LIMIT)
  const page = useQuery<KeysPage>(
    `${identity.id} ${revision} ${request}`,
    () => request,
    EVERY_MS,
    headers
  )
  const reload = () => setRevision((before) => before + 1)
  const { value, problem } = page
  if (value === undefined && problem !== undefined && isRefusal(problem)) {
    return <Loaded query={page} what='Keys'>{() => null}</Loaded>
  }
  return (
    <>
      <FilterForm
        key={addressOf({ ...whole, cursor: undefined, key: undefined })}
        view={whole}
        names={names}
      />
      {view.key !== undefined && (
        <EntryPanel
          key={`${namespace} ${view.key}`}
          view={whole}
          name={view.key}
          identity={identity}
          onInvalidated={reload}
        />
      )}
      <Loaded query={page} what='Keys' onRetry={reload}>
        {(found) => (
          <section class='panel flush' aria-labelledby='keys-found'>
            <div class='panel-head'>
              <h2 id='keys-found'>
                {plural(found.keys.length, 'key')} on this page
              </h2>
              <span class='small muted'>{plural(found.examined, 'key')} examined</span>
            </div>
            {found.keys.length === 0
              ? <p class='empty'>{nothingFound(found, whole)}</p>
              : <KeysTable page={found} view={whole} />}
            <div class='row inset pages'>
              {view.cursor !== undefined && (
                <a class='button compact' href={addressOf({ ...whole, cursor: undefined })}>
                  First page
                </a>
              )}
              {found.cursor !== null && (
                <a
                  class='button compact'
                  href={addressOf({ ...whole, cursor: found.cursor, key: undefined })}
                >
                  Next page
                </a>
              )}
              <button class='button compact' type='button' onClick={reload}>Refetch</button>
            </div>
          </section>
        )}
      </Loaded>
    </>
  )
}

const nothingFound = ({ cursor }: KeysPage, { filters }: KeysView): string => {
  if (cursor !== null) {
    return 'No key on this page meets the conditions. The scan continues on the next page.'
  }
  return Object.keys(filters).length === 0
    ? 'The store has no keys in this namespace.'
    : 'No more keys meet the conditions.'
}
