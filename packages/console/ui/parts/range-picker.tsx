import { hashOf } from '../model/hash.js'
import { rangeOf, RANGES, type Range } from '../model/ranges.js'
import { place } from '../state/place.js'
import { useStored } from '../state/use-stored.js'

/** The stretch of time that the address asks for. */
export const useRange = (): Range => rangeOf(useStored(place).query.get('range'))

/** As links, so that a view can be sent to somebody. */
export function RangePicker () {
  const { path } = useStored(place)
  const current = useRange()
  return (
    <nav class='segments' aria-label='Time'>
      {RANGES.map((range) => (
        <a
          key={range.id}
          href={hashOf(path, { range: range.id })}
          aria-current={range === current ? 'true' : undefined}
        >
          {range.label}
        </a>
      ))}
    </nav>
  )
}
