import { MEANINGS } from '../outcome.js'
import { type Result } from '../result.js'
import { ms, percent } from '../text-report.js'
import { html, type Markup } from './markup.js'
import { figure, powersAround } from './scale.js'

/**
 * Charts the latency of each outcome as a bar from the median to the 99th percentile, with the
 * figures in a table.
 */
export function latencyByOutcome ({ outcomes, latency, answered }: Result): Markup {
  if (latency === null) return html``
  const powers = powersAround(outcomes.flatMap(({ latency: { p50, p99 } }) => [p50, p99]))
  const [first = 1, last = 10] = [powers[0], powers.at(-1)]
  const place = (value: number) => Math.log10(value / first) / Math.log10(last / first) * 100
  const rows = outcomes.map(({ outcome, count, share, latency: { p50, p90, p99, max } }) => {
    const [from, middle, to] = [place(p50), place(p90), place(p99)]
    return html`<tr>
<th scope="row"><i class="o-${outcome}"></i>${outcome}<small>${MEANINGS[outcome]}</small></th>
<td class="bar"><div class="track" aria-hidden="true">${powers.slice(1, -1).map((power) => html`<u style="left:${place(power)}%"></u>`)}<b class="o-${outcome}" style="left:${from}%;width:${Math.max(to - from, 0.7)}%"></b><s style="left:${middle}%"></s></div></td>
<td>${figure(count)}</td><td>${percent(share)}</td><td>${ms(p50)}</td><td>${ms(p90)}</td><td>${ms(p99)}</td><td>${ms(max)}</td>
</tr>`
  })
  return html`<figure class="wide">
<figcaption>Latency by outcome <small>bars from the median to the 99th percentile, the line is the 90th; each grid line is ten times the previous one</small></figcaption>
<div class="scroll" tabindex="0" role="group" aria-label="Latency by outcome"><table class="outcomes">
<thead><tr><th scope="col">outcome</th><th scope="col" class="bar"><span class="ticks"><span>${figure(first)} ms</span><span>${figure(last)} ms</span></span></th><th scope="col">answers</th><th scope="col">share</th><th scope="col">p50 ms</th><th scope="col">p90 ms</th><th scope="col">p99 ms</th><th scope="col">max ms</th></tr></thead>
<tbody>${rows}</tbody>
<tfoot><tr><th scope="row">all</th><td class="bar"></td><td>${figure(answered)}</td><td></td><td>${ms(latency.p50)}</td><td>${ms(latency.p90)}</td><td>${ms(latency.p99)}</td><td>${ms(latency.max)}</td></tr></tfoot>
</table></div></figure>`
}
