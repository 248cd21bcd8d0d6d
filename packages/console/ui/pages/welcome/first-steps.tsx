import { services } from '../../state/services.js'
import { useStored } from '../../state/use-stored.js'
import { Trials } from './trials.js'

/** First steps while there are no figures; those of the demo, if one is running. */
export function FirstSteps () {
  const known = useStored(services)
  if (known === undefined) return null
  if (known.some(({ demos }) => Object.hasOwn(demos, 'products'))) return <Trials />
  return (
    <section class='panel stack' aria-labelledby='first-steps'>
      <h2 id='first-steps'>First steps</h2>
      {known.length === 0
        ? (
          <p>
            No service reports to this store yet. Register{' '}
            <code>@weir/fastify/observability</code> with the same store in each instance.
          </p>
          )
        : (
          <p>
            {known.map(({ service }) => service).join(', ')}: figures appear with the first
            request. <a href='#/try'>Send one</a>.
          </p>
          )}
    </section>
  )
}
