import { hashOf } from '../model/hash.js'
import { fixedRange, type Move, moved, rangeIn, rangeQuery, RANGES, type Range } from '../model/ranges.js'
import { place } from '../state/place.js'
import { useStored } from '../state/use-stored.js'
import { type Zoom } from './chart.js'

/** Returns the time range selected by the address. */
export const useRange = (fallback?: string): Range =>
  rangeIn(useStored(place).query, Date.now(), fallback)

/** Returns the range parameters of the current address, for links to other pages. */
export function rangeInAddress (): Readonly<Record<string, string>> {
  const { query } = place.get()
  return Object.fromEntries(
    [...query].filter(([name]) => name === 'range' || name === 'from' || name === 'to')
  )
}

/** Returns the address of this page with another range; undefined selects the page's default. */
function addressOf (range: Range | undefined): string {
  const { path, query } = place.get()
  const { range: _range, from: _from, to: _to, ...others } = Object.fromEntries(query)
  return hashOf(path, { ...others, ...(range !== undefined && rangeQuery(range)) })
}

/** Zooms by changing the address, so that the back button zooms out again. */
export const zoom: Zoom = {
  select: (from, to) => {
    location.hash = addressOf(fixedRange(from, to, Date.now()))
  },
  reset: () => {
    location.hash = addressOf(undefined)
  }
}

const MOVES: readonly { readonly move: Move, readonly label: string, readonly sign: string }[] = [
  { move: 'earlier', label: 'Earlier', sign: '‹' },
  { move: 'out', label: 'Zoom out', sign: '−' },
  { move: 'in', label: 'Zoom in', sign: '+' },
  { move: 'later', label: 'Later', sign: '›' }
]

/** Time ranges as links, so that the address of a view can be shared. */
export function RangePicker ({ fallback }: { fallback?: string }) {
  useStored(place)
  const current = useRange(fallback)
  const now = Date.now()
  return (
    <div class='range'>
      {current.to !== undefined && (
        <span class='range-fixed'>
          {current.label} <a href={addressOf(undefined)}>Reset</a>
        </span>
      )}
      <nav class='segments' aria-label='Time'>
        {RANGES.map((range) => (
          <a
            key={range.id}
            href={addressOf(range)}
            aria-current={range === current ? 'true' : undefined}
          >
            {range.label}
          </a>
        ))}
      </nav>
      <nav class='segments' aria-label='Move in time'>
        {MOVES.map(({ move, label, sign }) => {
          const target = moved(current, move, now)
          return target === undefined
            ? (
              <span key={move} class='unavailable' aria-hidden='true'>
                {sign}
              </span>
              )
            : (
              <a key={move} href={addressOf(target)} aria-label={label} title={label}>
                {sign}
              </a>
              )
        })}
      </nav>
    </div>
  )
}
