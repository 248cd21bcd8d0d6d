import { type RouteFigures } from '../../model/api.js'
import { routeCode, SUGGESTED } from '../../model/route-code.js'
import { tagsOf } from '../../model/touches.js'
import { CopyButton } from '../../parts/copy-button.js'
import { Term } from '../../parts/term.js'

/** The cache options and tags of a route as reported by its instances. */
export function RouteConfig ({ figures: { route, config } }: { figures: RouteFigures }) {
  const isKnown = config !== null && config !== undefined
  const code = routeCode(route, isKnown ? config : SUGGESTED)
  const tags = tagsOf(config ?? null)
  return (
    <section class='panel' aria-labelledby='config'>
      <div class='panel-head'>
        <h2 id='config'>Cache options</h2>
        <CopyButton text={code} what='code' />
      </div>
      {!isKnown && (
        <p class='muted small'>
          The route was declared without cache options. To cache it for a minute, write:
        </p>
      )}
      <pre class='code'>{code}</pre>
      {isKnown && (
        <>
          <h3 class='spaced'>
            <Term id='tag'>Tags</Term>
          </h3>
          {tags === undefined && (
            <p class='muted small'>Computed from each request by a function of the route.</p>
          )}
          {tags?.length === 0 && (
            <p class='muted small'>None. Its responses are invalidated by URL, or all together.</p>
          )}
          <ul class='tags'>
            {tags?.map((tag) => (
              <li key={tag}>
                <code>{tag}</code>
                <CopyButton text={tag} what='tag' />
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  )
}
