/* global DOMParser */
// Runs ways without loading the page, draws the last twenty runs, and sends loads. Without this
// script each run is a page.
const lab = document.querySelector('.lab')
const { WAYS, UNREACHABLE, refusal, runPath, runLoad } = await import(lab.dataset.load)
const labelOf = new Map(WAYS.map(({ way, label }) => [way, label]))
const part = (name) => lab.querySelector(`[data-${name}]`)
const RECENT = 20

const count = new Intl.NumberFormat('en', { maximumFractionDigits: 0 }).format
const ms = (value) =>
  value === undefined ? '–' : `${value < 10 ? value.toFixed(2) : count(value)} ms`

const build = (element, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...children)
  return element
}
const html = (name, attributes = {}, ...children) =>
  build(document.createElement(name), attributes, children)
const svg = (name, attributes = {}, ...children) =>
  build(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children)

function table (label, columns, rows) {
  const head = html('tr', {}, ...columns.map((column) => html('th', { scope: 'col' }, column)))
  const body = rows.map(([first, ...rest]) =>
    html(
      'tr',
      {},
      html('th', { scope: 'row' }, first),
      ...rest.map((cell) => html('td', {}, cell))
    )
  )
  const caption = html('caption', { class: 'unseen' }, label)
  return html('div', { class: 'scroll', role: 'region', 'aria-label': label, tabindex: 0 },
    html('table', {}, caption, html('thead', {}, head), html('tbody', {}, ...body)))
}

/**
 * Returns a logarithmic axis over the times of `grid`, in powers of ten: maps a time to its
 * position, 0 to 1.
 */
const axis = (grid) => (time) =>
  Math.min(1, Math.max(0.01, Math.log10(time / grid[0]) / (grid.length - 1)))
const GRID = [0.1, 1, 10, 100, 1000]
// Handlers that read a cache are faster than networks.
const RECENT_GRID = [0.01, ...GRID]

const chart = (label, height, children) =>
  svg('svg', { viewBox: `0 0 420 ${height}`, role: 'img', 'aria-label': label }, ...children)

/** Fetches, or throws an error whose message explains why there is no result. */
async function answered (url, options) {
  const response = await fetch(url, options).catch(() => { throw new Error(UNREACHABLE) })
  if (response.ok) return response
  const seconds = response.headers.get('retry-after')
  const body = await response.text().catch(() => '')
  throw new Error(refusal(response.status, body, seconds === null ? undefined : Number(seconds)))
}

/** Runs one way. The Cache-Status of a cached response shows that no handler ran. */
async function run (way, work) {
  const began = performance.now()
  const headers = { accept: 'application/json' }
  const response = await answered(runPath(way, work), { cache: 'no-store', headers })
  const body = await response.json().catch(() => { throw new Error(UNREACHABLE) })
  const took = performance.now() - began
  const isHit = / hit[;,]?/.test(response.headers.get('cache-status') ?? '')
  return isHit ? { ...body, took, origin: 'hit', handlerMs: undefined } : { ...body, took }
}

const runs = []

function showRun (shown) {
  const { way, took, origin, value, instance, computedBy, computation, computeMs, handlerMs } =
    shown
  part('result').replaceChildren(
    html('p', { class: 'took' }, html('strong', {}, ms(took)), ` ${labelOf.get(way)}, ${origin}`),
    html('p', {}, value),
    html(
      'p',
      { class: 'hint' },
      handlerMs === undefined
        ? 'No handler ran. '
        : `The handler of ${instance} took ${ms(handlerMs)}. `,
      `Computed by ${computedBy}: its computation ${count(computation)}, in ${ms(computeMs)}.`
    )
  )
  runs.push(shown)
  if (runs.length > RECENT) runs.shift()
  const recent = part('recent')
  const isOpen = recent.querySelector('details')?.open === true
  const rows = runs.map(({ way, took, handlerMs, origin, computedBy }) => [
    labelOf.get(way),
    ms(took),
    handlerMs === undefined ? 'none' : ms(handlerMs),
    origin,
    computedBy
  ])
  recent.replaceChildren(
    html('figcaption', {}, `The last ${RECENT} runs, by the initials of their ways`),
    html(
      'p',
      { class: 'hint' },
      'Milliseconds on a logarithmic scale. The pale bar is the whole time, the full bar the ' +
        'handler’s part of it. Hits have no handler time.'
    ),
    recentChart(),
    html(
      'details',
      isOpen ? { open: '' } : {},
      html('summary', {}, 'As a table'),
      table(
        'Last runs, newest first',
        ['Way', 'Time', 'Handler', 'Origin', 'Computed by'],
        rows.reverse()
      )
    )
  )
  recent.hidden = false
}

function recentChart () {
  const [left, top, width, height] = [34, 8, 380, 150]
  const place = axis(RECENT_GRID)
  const bars = runs.map(({ way, took, handlerMs }, i) => {
    const x = left + 3 + i * width / RECENT
    const bar = (name, time) => {
      const length = height * place(time)
      const y = top + height - length
      return svg('rect', {
        class: `${way} ${name}`,
        x,
        y,
        width: width / RECENT - 4,
        height: length,
        rx: 2
      })
    }
    return svg(
      'g',
      {},
      bar('whole', took),
      ...(handlerMs === undefined ? [] : [bar('handler', handlerMs)]),
      // Colors are not the only distinction.
      svg(
        'text',
        { x: x + 7.5, y: top + height + 13, 'text-anchor': 'middle' },
        labelOf.get(way)[0]
      )
    )
  })
  const last = runs.at(-1)
  const label = `${runs.length} runs. The last: ${labelOf.get(last.way)}, ${ms(last.took)}. All are in the table.`
  const grid = RECENT_GRID.map((time, i) => {
    const y = top + height * (1 - i / (RECENT_GRID.length - 1))
    return svg('g', {},
      svg('line', { x1: left, x2: left + width, y1: y, y2: y }),
      svg('text', { x: left - 5, y: y + 4, 'text-anchor': 'end' }, String(time)))
  })
  return chart(label, 176, [...grid, ...bars])
}

let isRunning = false

part('run').addEventListener('submit', async (event) => {
  event.preventDefault()
  if (event.submitter === part('forget')) {
    return forget(event.submitter.formAction, new FormData(event.target).get('work'))
  }
  if (isRunning) return
  isRunning = true
  try {
    showRun(await run(event.submitter?.value ?? 'uncached', new FormData(event.target).get('work')))
  } catch (error) {
    part('result').replaceChildren(html('p', { class: 'mistake' }, error.message))
  } finally {
    isRunning = false
  }
})

/** Forgets the results, and confirms it in the words of the page that the response redirects to. */
async function forget (url, work) {
  const said = part('forgotten')
  said.textContent = ''
  try {
    const response = await answered(url, {
      method: 'POST',
      body: new URLSearchParams({ work }),
      headers: { accept: 'application/json' }
    })
    const page = new DOMParser().parseFromString(await response.text(), 'text/html')
    said.textContent = page.querySelector('[data-forgotten]')?.textContent ?? ''
  } catch (error) {
    said.textContent = error.message
  }
}

part('loads').hidden = false
part('loads').addEventListener('submit', async (event) => {
  event.preventDefault()
  if (isRunning) return
  isRunning = true
  const form = new FormData(event.target)
  const work = new FormData(part('run')).get('work')
  const results = []
  try {
    for (const { way, label } of WAYS) {
      part('progress').textContent = `${results.length + 1} of ${WAYS.length}: ${label} …`
      const [requests, concurrency] = [
        Number(form.get('requests')),
        Number(form.get('concurrency'))
      ]
      results.push({ way, ...await runLoad({ url: runPath(way, work), requests, concurrency }) })
    }
    part('progress').textContent = sentence(results)
    showLoad(results)
  } catch (error) {
    part('progress').textContent = error.message
  } finally {
    isRunning = false
  }
})

const resultOf = (results, way) => results.find((result) => result.way === way)

function sentence (results) {
  const [uncached, cached] = [resultOf(results, 'uncached'), resultOf(results, 'cached')]
  return (
    `A cached response takes ${ms(cached.p50)} where computing takes ${ms(uncached.p50)} (p50): ` +
    `${count(cached.perSecond)} instead of ${count(uncached.perSecond)} requests/s.`
  )
}

function showLoad (results) {
  const slowest = resultOf(results, 'uncached').perSecond
  const rows = results.map(({ way, perSecond, p50, p95, p99, refused, failed }) => [
    labelOf.get(way), count(perSecond), slowest === 0 ? '–' : `${count(perSecond / slowest)}×`,
    ms(p50), ms(p95), ms(p99), count(refused + failed)
  ])
  const loaded = part('loaded')
  loaded.replaceChildren(
    html(
      'figcaption',
      {},
      'Requests/s, and latency in ms on a logarithmic scale: p50 as a bar, p95 and p99 as marks'
    ),
    throughputChart(results),
    latencyChart(results),
    table(
      'Load, by way',
      ['Way', 'Requests/s', 'Uncached = 1', 'p50', 'p95', 'p99', 'Not answered'],
      rows
    )
  )
  loaded.hidden = false
}

const [ROW, LEFT, WIDTH] = [34, 8, 330]

/** Draws a horizontal bar for each way, with its name above. */
const rowsOf = (results, draw) =>
  results.map((result, i) =>
    svg(
      'g',
      { transform: `translate(0 ${i * ROW})` },
      svg('text', { x: LEFT, y: 12 }, labelOf.get(result.way)),
      ...draw(result)
    )
  )

const bar = (way, length) =>
  svg('rect', { class: way, x: LEFT, y: 16, width: Math.max(1, length), height: 12, rx: 2 })
const figure = (x, text) => svg('text', { class: 'figure', x: LEFT + x + 6, y: 26 }, text)

function throughputChart (results) {
  const most = Math.max(1, ...results.map(({ perSecond }) => perSecond))
  const told = results.map(({ way, perSecond }) => `${labelOf.get(way)}: ${count(perSecond)}`)
  const rows = rowsOf(results, ({ way, perSecond }) => {
    const length = WIDTH * perSecond / most
    return [bar(way, length), figure(length, `${count(perSecond)}/s`)]
  })
  return chart(`Requests per second. ${told.join('. ')}.`, ROW * results.length, rows)
}

function latencyChart (results) {
  const told = results.map(({ way, p50, p95, p99 }) =>
    `${labelOf.get(way)}: p50 ${ms(p50)}, p95 ${ms(p95)}, p99 ${ms(p99)}`)
  const height = ROW * results.length
  const place = axis(GRID)
  const grid = GRID.map((time, i) => {
    const x = LEFT + WIDTH * i / (GRID.length - 1)
    return svg('g', {},
      svg('line', { x1: x, x2: x, y1: 0, y2: height }),
      svg('text', { x, y: height + 12, 'text-anchor': 'middle' }, `${time}`))
  })
  const rows = rowsOf(results, ({ way, p50, p95, p99 }) => {
    if (p50 === undefined) return []
    const marks = [p95, p99].map((time) => LEFT + WIDTH * place(time))
    return [
      bar(way, WIDTH * place(p50)),
      ...marks.map((x) => svg('line', { class: 'mark', x1: x, x2: x, y1: 15, y2: 29 })),
      figure(Math.max(...marks) - LEFT, ms(p50))
    ]
  })
  return chart(`Latency. ${told.join('. ')}.`, height + 16, [...grid, ...rows])
}
