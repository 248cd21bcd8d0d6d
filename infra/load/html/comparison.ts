import {
  type ComparedLoad,
  type Comparison,
  type SideEnd,
  type SideFigures
} from '../shop/comparison.js'
import { cpuOf, digits, megabytes, rowsOf } from '../shop/rows.js'
import { KINDS, POPULAR } from '../shop/visits.js'
import { percent } from '../text-report.js'
import { html, type Markup } from './markup.js'
import { figure, powersAround } from './scale.js'

/**
 * Compares two sides under the same load: one table of the main figures, then latency by kind, CPU
 * time by process, caches, and the content of Redis.
 */
export function comparison (compared: Comparison): Markup {
  const { rate, atOnce, products, pause, loads, ends } = compared
  return html`<p class="soft">Two shops of ${figure(products)} products, each with two instances of the storefront, one of the catalog, one of the weather service, a front door and a Redis.
One runs with <code>CACHE=off</code>. The same shoppers, by the same seed, visit both in turn: ${figure(rate)} requests a second, whatever the answers (Poisson, latency from when a request was due),
then ${figure(atOnce)} at once, each after the answer to the one before. An editor saves a product by the form every ${figure(pause / 1000)} s.</p>
<div class="charts">${sideBySide(compared)}${loads.map(latencyByKind)}${loads.map(cpuByProcess)}${cachesOf(loads)}${kept(ends[0])}${kindTable()}</div>`
}

const nameOf = ({ caching }: { readonly caching: 'on' | 'off' }): string =>
  caching === 'on' ? 'cached' : 'uncached'
const titleOf = ({ name }: ComparedLoad): string =>
  name === 'same rate' ? 'at the same rate' : 'as fast as it can'

const LEGEND = html`<ul class="legend"><li><i class="s-cached"></i>with caching</li><li><i class="s-uncached"></i>without</li></ul>`

function sideBySide (compared: Comparison): Markup {
  const rows = rowsOf(compared).map(({ what, unit, cached, uncached }) => {
    const [most, least] = [Math.max(cached, uncached), Math.min(cached, uncached)]
    const bar = (side: string, value: number) =>
      html`<rect class="s-${side}" x="0" y="${side === 'cached' ? 0 : 6}" width="${most > 0 ? (value / most) * 100 : 0}" height="5"/>`
    const factor = least > 0 && most / least >= 1.05 ? `${digits(most / least)}×` : ''
    return html`<tr><th scope="row">${what}</th><td>${digits(cached)}</td><td>${digits(uncached)}</td><td>${unit}</td><td>${factor}</td><td class="bar">${drawing(11, html`${bar('cached', cached)}${bar('uncached', uncached)}`)}</td></tr>`
  })
  return wide(
    'Side by side',
    'each bar is as long as its figure, next to the larger of both',
    html`<table class="sides"><thead><tr><th scope="col"></th><th scope="col">with caching</th><th scope="col">without</th><th scope="col"></th><th scope="col">factor</th><th scope="col" class="bar"></th></tr></thead><tbody>${rows}</tbody></table>`,
    LEGEND
  )
}

function latencyByKind (load: ComparedLoad): Markup {
  const all = load.sides.flatMap((side) =>
    [side, ...side.kinds].flatMap(({ latency }) => (latency === null ? [] : [latency]))
  )
  if (all.length === 0) return html``
  const powers = powersAround(all.flatMap(({ p50, p99 }) => [p50, p99]))
  const [first = 1, last = 10] = [powers[0], powers.at(-1)]
  const place = (value: number) => Math.log10(value / first) / Math.log10(last / first) * 100
  const row = (
    label: string,
    side: SideFigures,
    { answered, errors, hitRatio, latency }: Omit<SideFigures['kinds'][number], 'kind'>
  ) => {
    if (latency === null) return html``
    const { p50, p95, p99 } = latency
    const [from, middle, to] = [place(p50), place(p95), place(p99)]
    return html`<tr><th scope="row"><i class="s-${nameOf(side)}"></i>${label}, ${nameOf(side)}</th>
<td class="bar">${drawing(10, html`${powers.slice(1, -1).map((power) => html`<rect class="rule" x="${place(power)}" y="0" width="0.4" height="10"/>`)}<rect class="s-${nameOf(side)}" x="${from}" y="1" width="${Math.max(to - from, 0.8)}" height="8"/><rect class="mark" x="${middle}" y="1" width="0.6" height="8"/>`)}</td>
<td>${digits(p50)}</td><td>${digits(p95)}</td><td>${digits(p99)}</td><td>${figure(answered)}</td><td>${errors}</td><td>${hitRatio === null ? '–' : percent(hitRatio)}</td></tr>`
  }
  const kinds = Object.keys(KINDS).flatMap((kind) => load.sides.flatMap((side) =>
    side.kinds.filter((one) => one.kind === kind).map((one) => row(kind, side, one))))
  return wide(
    `Latency by kind, ${titleOf(load)}`,
    'bars from the median to the 99th percentile, the mark is the 95th; each line is ten times the one before. Hits are of answers for which the response cache was asked: products are of fragments, below.',
    html`<table>
<thead><tr><th scope="col">kind</th><th scope="col" class="bar"><span class="ticks"><span>${figure(first)} ms</span><span>${figure(last)} ms</span></span></th><th scope="col">p50 ms</th><th scope="col">p95 ms</th><th scope="col">p99 ms</th><th scope="col">answers</th><th scope="col">errors</th><th scope="col">hits</th></tr></thead>
<tbody>${kinds}</tbody><tfoot>${load.sides.map((side) => row('all', side, { ...side, hitRatio: null }))}</tfoot></table>`
  )
}

function cpuByProcess (load: ComparedLoad): Markup {
  const most = Math.max(...load.sides.map(cpuOf))
  const bars = load.sides.map((side) => {
    let from = 0
    const parts = side.processes.map(({ name, cpuMicros }, i) => {
      const width = cpuMicros / 1000 / side.answered / most * 100
      const x = from
      from += width
      return html`<rect class="p-${i}" x="${x}" y="0" width="${width}" height="10"><title>${name} ${digits(cpuMicros / 1000 / side.answered)} ms</title></rect>`
    })
    return html`<tr><th scope="row">${nameOf(side)}</th><td class="bar">${drawing(10, html`${parts}`)}</td><td>${digits(cpuOf(side))} ms</td></tr>`
  })
  const names = load.sides[0]?.processes.map(({ name }) => name) ?? []
  const rows = names.map(
    (name, i) =>
      html`<tr><th scope="row"><i class="p-${i}"></i>${name}</th>${load.sides.map(
        ({ processes, answered }) => {
          const { cpuMicros = NaN, rssBytes = NaN } =
            processes.find((one) => one.name === name) ?? {}
          return html`<td>${digits(cpuMicros / 1000 / answered)}</td><td>${digits(megabytes(rssBytes))}</td>`
        }
      )}</tr>`
  )
  return figureOf(
    `CPU time of a request, ${titleOf(load)}`,
    'of all processes but the shoppers; in ms, and the memory (RSS) at the end in MB',
    html`<table><tbody>${bars}</tbody></table>
<table><thead><tr><th scope="col">process</th>${load.sides.map((side) => html`<th scope="col">${nameOf(side)} ms</th><th scope="col">MB</th>`)}</tr></thead><tbody>${rows}</tbody></table>`
  )
}

function cachesOf (loads: readonly ComparedLoad[]): Markup {
  const rows = loads.flatMap((load) =>
    load.sides.flatMap((side) =>
      side.caches.map(
        ({ name, reads, hits }) =>
          html`<tr><th scope="row">${name}, ${titleOf(load)}</th><td>${figure(reads)}</td><td>${figure(hits)}</td><td>${percent(hits / reads)}</td></tr>`
      )
    )
  )
  return figureOf(
    'Caches of the storefront',
    'with caching: reads by weir_cache_reads_total, and those that needed no computing. Without caching none is read.',
    html`<table><thead><tr><th scope="col">cache</th><th scope="col">reads</th><th scope="col">hits</th><th scope="col">share</th></tr></thead><tbody>${rows}</tbody></table>`
  )
}

function kept (end: SideEnd | undefined): Markup {
  if (end === undefined) return html``
  const rows = end.entries.map(
    ({ kind, count, bytes }) =>
      html`<tr><th scope="row"><code>${kind}</code></th><td>${figure(count)}</td><td>${figure(Math.round(bytes / count))}</td><td>${digits(bytes / 1000)}</td></tr>`
  )
  return figureOf(
    'What Redis holds at the end, with caching',
    'entries of the namespace that catalog and storefront share; bytes by MEMORY USAGE, with key and overhead',
    html`<table><thead><tr><th scope="col">kind of key</th><th scope="col">entries</th><th scope="col">bytes each</th><th scope="col">kB</th></tr></thead><tbody>${rows}</tbody></table>`
  )
}

const kindTable = (): Markup =>
  figureOf(
    'Shoppers',
    `of each hundred requests; pages, and the ${POPULAR} newest products, by Zipf: the tenth is asked for a tenth as often as the first`,
    html`<table><tbody>${Object.entries(KINDS).map(
      ([kind, { percent, about }]) =>
        html`<tr><th scope="row">${kind}</th><td class="text">${about}</td><td>${percent}</td></tr>`
    )}</tbody></table>`
  )

/** A drawing that is stretched to its box; its text is beside it. */
const drawing = (height: number, content: Markup): Markup =>
  html`<svg class="bars" aria-hidden="true" viewBox="0 0 100 ${height}" preserveAspectRatio="none">${content}</svg>`

const figureOf = (
  title: string,
  about: string,
  content: Markup,
  below: Markup = html``,
  isWide = false
): Markup =>
  html`<figure${isWide ? html` class="wide"` : html``}><figcaption>${title} <small>${about}</small></figcaption>${below}<div class="scroll whole" tabindex="0" role="group" aria-label="${title}">${content}</div></figure>`

const wide = (title: string, about: string, content: Markup, below?: Markup): Markup =>
  figureOf(title, about, content, below, true)
