import { type Report, type Result } from '../result.js'
import { burstText, ms, percent } from '../text-report.js'
import { sharesByInstance } from './by-instance.js'
import { latencyByOutcome } from './by-outcome.js'
import { comparison as comparisonBlock } from './comparison.js'
import { html, Markup } from './markup.js'
import { hitRatioChart, throughputChart } from './over-time.js'
import { figure } from './scale.js'
import { STYLE } from './style.js'

/** Renders the report as one self-contained file: no script, no external resources. */
export function htmlReport (report: Report): string {
  const { url, date, machine, results, requirements, interrupted } = report
  // The scenario starts its own shops: no suite was running before.
  const what = results.some(({ comparison }) => comparison !== undefined)
    ? 'the shop, with caching and without'
    : url
  const scenarios = [
    ...new Set([
      ...results.map(({ scenario }) => scenario),
      ...report.notes.map(({ scenario }) => scenario)
    ])
  ]
  return `<!doctype html>\n${
    html`<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Load of ${what}, ${date.slice(0, 10)}</title><style>${new Markup(STYLE)}</style></head>
<body><main>
<h1>Load of ${what}</h1>
<p class="soft"><time datetime="${date}">${date.slice(0, 16).replace('T', ' ')} UTC</time>${interrupted ? ', ended before everything was measured' : ''}</p>
${requirements.length === 0 ? html`` : requirementList(report)}
${results.length < 2 ? html`` : overview(results)}
${scenarios.map((name) => scenario(report, name))}
<footer><p>${Object.entries(machine)
      .map(([what, value]) => `${what} ${value}`)
      .join(', ')}. The load comes from there; if what is loaded runs there too, both share it.</p>
<p>Latency is from sending a request to the end of its answer. Each connection sends its next request when it has the answer to the one before, so a slow answer means fewer requests.
The hit ratio covers reads that the cache may answer: hits in memory or in the store, coalesced requests, and their 304s, as a share of these and misses.</p></footer>
</main></body></html>`.text
  }\n`
}

function requirementList ({ requirements }: Report): Markup {
  return html`<ul class="requirements" aria-label="Requirements">${requirements.map(
    ({ text, met, why }) =>
      html`<li${met ? html`` : html` class="unmet"`}><strong>${met ? 'Met' : 'Not met'}</strong> <code>${text}</code> <span class="soft">${why}</span></li>`
  )}</ul>`
}

function overview (results: readonly Result[]): Markup {
  return html`<section><figure class="wide"><div class="scroll" tabindex="0" role="group" aria-label="All that was measured"><table>
<thead><tr><th scope="col">measured</th><th scope="col">answers/s</th><th scope="col">hit ratio</th><th scope="col">p50 ms</th><th scope="col">p99 ms</th><th scope="col">limited</th><th scope="col">errors</th></tr></thead>
<tbody>${results.map((result) => html`<tr><th scope="row"><a href="#${idOf(result)}">${nameOf(result)}</a></th><td>${figure(Math.round(result.perSecond))}</td><td>${ratioOf(result)}</td><td>${result.latency === null ? '–' : ms(result.latency.p50)}</td><td>${result.latency === null ? '–' : ms(result.latency.p99)}</td><td>${figure(countOf(result, 'limited'))}</td><td>${figure(errorsOf(result))}</td></tr>`)}</tbody>
</table></div></figure></section>`
}

function scenario ({ results, notes }: Report, name: string): Markup {
  const said = notes.filter(({ scenario }) => scenario === name)
  return html`<section>
<h2 id="${name}">${name}</h2>
${said.length === 0 ? html`` : html`<ul class="notes">${said.map(({ text }) => html`<li>${text}</li>`)}</ul>`}
${results
  .filter(({ scenario }) => scenario === name)
  .map(
    ({ comparison, ...result }) =>
      html`${comparison === undefined ? html`` : comparisonBlock(comparison)}${resultBlock(result)}`
  )}
</section>`
}

function resultBlock (result: Result): Markup {
  const {
    scenario,
    part,
    seconds,
    sent,
    answered,
    asked,
    failed,
    cutOff,
    connections,
    rate,
    perSecond,
    latency,
    bursts
  } = result
  const tile = (what: string, value: string, isBad = false) =>
    html`<div${isBad ? html` class="bad"` : html``}><dt>${what}</dt><dd>${value}</dd></div>`
  return html`${scenario === part ? html`` : html`<h3 id="${idOf(result)}">${part}</h3>`}
<p class="soft">${figure(seconds)} s, ${figure(connections)} ${connections === 1 ? 'connection' : 'connections'}${rate === null ? '' : `, at most ${figure(rate)} requests a second`}. ${figure(sent)} sent: ${figure(answered)} answered, ${figure(failed)} without an answer, ${figure(cutOff)} under way at the end.</p>
${bursts === undefined ? html`` : html`<p>${burstText(bursts)}.</p>`}
<dl class="tiles">
${tile('answers a second', figure(Math.round(perSecond)))}
${tile(asked === answered || asked === 0 ? 'hit ratio' : `hit ratio of ${figure(asked)}`, ratioOf(result))}
${latency === null ? html`` : html`${tile('median', `${ms(latency.p50)} ms`)}${tile('99th percentile', `${ms(latency.p99)} ms`)}`}
${tile('limited', figure(countOf(result, 'limited')))}
${tile('errors', figure(errorsOf(result)), errorsOf(result) > 0)}
</dl>
<div class="charts">${throughputChart(result)}${hitRatioChart(result)}${latencyByOutcome(result)}${sharesByInstance(result)}</div>`
}

const nameOf = ({ scenario, part }: Result): string =>
  scenario === part ? scenario : `${scenario}: ${part}`

const idOf = ({ scenario, part }: Result): string =>
  scenario === part ? scenario : `${scenario}-${part}`

const ratioOf = ({ hitRatio }: Result): string => hitRatio === null ? '–' : percent(hitRatio)

const countOf = ({ outcomes }: Result, name: 'limited' | 'error'): number =>
  outcomes.find(({ outcome }) => outcome === name)?.count ?? 0

const errorsOf = (result: Result): number => result.failed + countOf(result, 'error')
