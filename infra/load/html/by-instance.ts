import { OUTCOMES } from '../outcome.js'
import { type Result } from '../result.js'
import { percent } from '../text-report.js'
import { html, type Markup } from './markup.js'
import { figure } from './scale.js'

/** Charts the share of responses from each instance, by outcome. */
export function sharesByInstance ({ instances, answered }: Result): Markup {
  if (instances.length === 0) return html``
  const named = instances.reduce((sum, { count }) => sum + count, 0)
  const rows = instances.map(({ name, count, share, outcomes }) => {
    const parts = OUTCOMES.flatMap((outcome) => {
      const part = outcomes[outcome]
      return part === undefined
        ? []
        : [
            html`<b class="o-${outcome}" style="width:${(part / answered) * 100}%" title="${outcome} ${figure(part)}"></b>`
          ]
    })
    return html`<tr><th scope="row">${name}</th><td class="bar"><div class="track stacked" aria-hidden="true">${parts}</div></td><td>${figure(count)}</td><td>${percent(share)}</td></tr>`
  })
  return html`<figure class="wide">
<figcaption>By instance <small>as Cache-Status names it${named < answered ? `; ${figure(answered - named)} answers name none` : ''}</small></figcaption>
<div class="scroll" tabindex="0" role="group" aria-label="By instance"><table><thead><tr><th scope="col">instance</th><th scope="col" class="bar"><span class="ticks"><span>0</span><span>all answers</span></span></th><th scope="col">answers</th><th scope="col">share</th></tr></thead>
<tbody>${rows}</tbody></table></div></figure>`
}
