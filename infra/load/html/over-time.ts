import { type Outcome, OUTCOMES } from '../outcome.js'
import { type Moment, type Result } from '../result.js'
import { percent } from '../text-report.js'
import { html, type Markup } from './markup.js'
import { figure, roundUp } from './scale.js'

/** The stacked layers: outcomes, and requests without a response on top. */
type Layer = Outcome | 'failed'

// Drawings are stretched to their box; text must not be, so it is beside them.
const HEIGHT = 100

/** Charts responses per second by outcome, one column per interval. */
export function throughputChart ({ moments, seconds }: Result): Markup {
  const layers = layersOf(moments)
  const top = roundUp(
    Math.max(
      ...moments.map((moment) => layers.reduce((sum, layer) => sum + perSecond(moment, layer), 0))
    )
  )
  const columns = moments.map((moment) => {
    let below = 0
    const parts = layers.flatMap((layer) => {
      const height = perSecond(moment, layer) / top * HEIGHT
      if (height === 0) return []
      below += height
      return [
        html`<rect class="o-${layer}" x="${moment.at}" y="${HEIGHT - below}" width="${moment.seconds}" height="${height}"/>`
      ]
    })
    return html`<g><title>${spoken(moment, layers)}</title>${parts}</g>`
  })
  return chart({
    title: 'Answers a second',
    label: `Answers a second over ${figure(seconds)} seconds, by outcome, from 0 to ${figure(top)}.`,
    seconds,
    ends: ['0', figure(top / 2), figure(top)],
    drawing: html`${columns}`,
    below: html`<ul class="legend">${layers.map((layer) => html`<li><i class="o-${layer}"></i>${layer}</li>`)}</ul>${momentTable(moments, layers)}`
  })
}

/** Charts the hit ratio over time. */
export function hitRatioChart ({ moments, seconds, hitRatio }: Result): Markup {
  if (hitRatio === null) return html``
  const known = moments.flatMap(({ at, seconds, hitRatio }) =>
    hitRatio === null ? [] : [{ at, seconds, ratio: hitRatio, y: (1 - hitRatio) * HEIGHT }])
  const line = known
    .map(({ at, seconds, y }, i) => `${i === 0 ? 'M' : 'L'}${at} ${y}h${seconds}`)
    .join('')
  return chart({
    title: 'Hit ratio',
    label: `Hit ratio over ${figure(seconds)} seconds; ${percent(hitRatio)} of all.`,
    seconds,
    ends: ['0 %', '50 %', '100 %'],
    drawing: html`${known.map(
      ({ at, seconds, ratio, y }) =>
        html`<g><title>${figure(at)} s: ${percent(ratio)}</title><rect class="touch" x="${at}" y="0" width="${seconds}" height="${HEIGHT}"/><rect class="hits" x="${at}" y="${y}" width="${seconds}" height="${HEIGHT - y}"/></g>`
    )}<path class="hits" d="${line}"/>`
  })
}

interface Chart {
  readonly title: string
  /** Text alternative of the chart. */
  readonly label: string
  /** Duration that the chart covers. */
  readonly seconds: number
  /** Labels at the bottom, the middle and the top. */
  readonly ends: readonly [string, string, string]
  readonly drawing: Markup
  readonly below?: Markup
}

function chart ({
  title,
  label,
  seconds,
  ends: [bottom, middle, top],
  drawing,
  below
}: Chart): Markup {
  return html`<figure class="over-time">
<figcaption>${title}</figcaption>
<div class="y" aria-hidden="true"><span>${top}</span><span>${middle}</span><span>${bottom}</span></div>
<svg role="img" aria-label="${label}" viewBox="0 0 ${seconds} ${HEIGHT}" preserveAspectRatio="none">${drawing}<path class="grid" d="M0 0H${seconds}M0 ${HEIGHT / 2}H${seconds}M0 ${HEIGHT}H${seconds}"/></svg>
<div class="x" aria-hidden="true"><span>0 s</span><span>${seconds.toFixed(1)} s</span></div>
${below ?? html``}</figure>`
}

function momentTable (moments: readonly Moment[], layers: readonly Layer[]): Markup {
  return html`<details><summary>As a table</summary><div class="scroll" tabindex="0" role="group" aria-label="Answers a second, as a table"><table>
<thead><tr><th scope="col">from</th>${layers.map((layer) => html`<th scope="col">${layer}</th>`)}<th scope="col">hit ratio</th></tr></thead>
<tbody>${moments.map((moment) => html`<tr><th scope="row">${figure(moment.at)} s</th>${layers.map((layer) => html`<td>${figure(perSecond(moment, layer))}/s</td>`)}<td>${moment.hitRatio === null ? '–' : percent(moment.hitRatio)}</td></tr>`)}</tbody>
</table></div></details>`
}

function layersOf (moments: readonly Moment[]): Layer[] {
  return [...OUTCOMES, 'failed' as const].filter((layer) =>
    moments.some((moment) => countOf(moment, layer) > 0)
  )
}

function spoken (moment: Moment, layers: readonly Layer[]): string {
  const counts = layers
    .filter((layer) => countOf(moment, layer) > 0)
    .map((layer) => `${layer} ${figure(perSecond(moment, layer))}/s`)
  return `${figure(moment.at)} s: ${counts.join(', ')}`
}

const countOf = ({ outcomes, failed }: Moment, layer: Layer): number =>
  layer === 'failed' ? failed : (outcomes[layer] ?? 0)

const perSecond = (moment: Moment, layer: Layer): number =>
  moment.seconds === 0 ? 0 : countOf(moment, layer) / moment.seconds
