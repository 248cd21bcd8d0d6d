import { bytes, duration } from '../../model/format.js'
import { addressOf, type Key, type KeysPage, type KeysView, titleOf } from '../../model/keys.js'
import { Scroll } from '../../parts/data-table.js'

const MOST_TAGS = 4

/** One page of keys in the order of the store. Sorting a single page would be misleading. */
export const KeysTable = ({ page, view }: { page: KeysPage, view: KeysView }) => (
  <Scroll label='Keys'>
    <table class='keys stacked'>
      <caption class='unseen'>Keys of {page.namespace}</caption>
      <thead>
        <tr>
          <th scope='col'>URL or key</th>
          <th scope='col'>Route</th>
          <th scope='col'>State</th>
          <th scope='col'>Tags</th>
          <th scope='col' class='number'>Size</th>
          <th scope='col' class='number'>Age</th>
          <th scope='col'>Filled by</th>
        </tr>
      </thead>
      <tbody>
        {page.keys.map((key) => <Row key={key.key} of={key} view={view} />)}
      </tbody>
    </table>
  </Scroll>
)

const Row = ({ of, view }: { of: Key, view: KeysView }) => (
  <tr>
    <th scope='row'>
      <a
        class='key-name'
        href={addressOf({ ...view, key: of.key })}
        aria-current={view.key === of.key ? 'true' : undefined}
      >
        {titleOf(of)}
      </a>
      {of.selects.length > 0 && <span class='small muted key-name'>{of.selects.join(' · ')}</span>}
    </th>
    <td data-label='Route'>{of.route === null ? '–' : <code>{of.route}</code>}</td>
    <td data-label='State'><State state={of.state} /></td>
    <td data-label='Tags'><Tags of={of} view={view} /></td>
    <td class='number' data-label='Size'>{bytes(of.bytes)}</td>
    <td class='number' data-label='Age'>{ageOf(of)}</td>
    <td data-label='Filled by'>{of.filledBy ?? '–'}</td>
  </tr>
)

const Tags = ({ of: { tags }, view }: { of: Key, view: KeysView }) => (
  <div class='key-tags'>
    {tags.slice(0, MOST_TAGS).map((tag) => (
      <a
        key={tag}
        href={addressOf({ ...view, filters: { tag }, cursor: undefined, key: undefined })}
      >
        <code>{tag}</code>
      </a>
    ))}
    {tags.length > MOST_TAGS && (
      <span class='small muted'>and {tags.length - MOST_TAGS} more</span>
    )}
  </div>
)

const ageOf = ({ storedAt }: Key) =>
  storedAt === null ? '–' : duration(Math.max(0, Date.now() - storedAt))

/** The state of an entry as a badge. */
export const State = ({ state }: Pick<Key, 'state'>) => (
  <span class='badge' data-state={state}>{state}</span>
)
