import { useEffect, useId, useRef, useState } from 'preact/hooks'
import UPlot, { type AlignedData, type Options, type Scale, type Series } from 'uplot'
import { type Columns, stacked } from '../model/columns.js'
import { axisTime, withoutZeros } from '../model/format.js'
import { theme } from '../state/theme.js'
import { useStored } from '../state/use-stored.js'
import { resolved } from './colors.js'
import { CsvButton } from './csv-button.js'
import { Scroll } from './data-table.js'

export interface ChartSeries {
  readonly label: string
  /** Name of a color token. */
  readonly color: string
  /** `points` draws single events as dots; `area` series are stacked. */
  readonly draw?: 'line' | 'area' | 'points'
}

/** Properties of {@link Chart}. */
export interface ChartProps {
  readonly title: string
  /** Text of an empty chart. */
  readonly empty: string
  readonly series: readonly ChartSeries[]
  readonly columns: Columns
  readonly format: (value: number | null | undefined) => string
  readonly formatX?: (at: number, span: number) => string
  readonly height?: number
  /** Scale of the y axis; by default from zero to the maximum. */
  readonly y?: 'ratio' | 'log' | 'free'
  /** Called when a range is selected by dragging, and on double click. Default: no zoom. */
  readonly zoom?: Zoom | undefined
}

/** Changes the time range of a chart. */
export interface Zoom {
  /** Shows the range between two times in ms since 1970. */
  readonly select: (from: number, to: number) => void
  readonly reset: () => void
}

const ROWS = 60
/** Shortest time span of the x axis, in seconds. */
const SHORTEST_S = 20
/** Shortest drag in px; anything shorter is a click. */
const SHORTEST_DRAG = 8

/**
 * Draws series over time. Colors and sizes follow the page. The legend shows the latest figures, or
 * those under the pointer, as text. A table holds all figures for screen readers and for copying.
 */
export function Chart ({
  title,
  empty,
  series,
  columns,
  format,
  formatX = axisTime,
  height = 190,
  y,
  zoom
}: ChartProps) {
  const plot = useRef<HTMLDivElement>(null)
  const chart = useRef<UPlot>(null)
  const [pointed, setPointed] = useState<number>()
  const [isTableOpen, setTableOpen] = useState(false)
  const chosen = useStored(theme)
  const isDark = useDark()
  const id = useId()
  const zooming = useRef(zoom)
  zooming.current = zoom
  const zooms = zoom !== undefined
  const isEmpty = columns.x.length === 0
  const shape = series.map(({ label, color, draw }) => `${label} ${color} ${draw ?? ''}`).join()

  useEffect(() => {
    const element = plot.current
    if (element === null || isEmpty) return
    const options = optionsOf(
      { series, format, formatX, height, y, zooms },
      element.clientWidth,
      setPointed,
      (from, to) => zooming.current?.select(from, to)
    )
    const created = new UPlot(options, dataOf(series, columns), element)
    chart.current = created
    created.over.addEventListener('dblclick', () => zooming.current?.reset())
    const resized = new ResizeObserver(() =>
      created.setSize({ width: element.clientWidth, height })
    )
    resized.observe(element)
    return () => {
      resized.disconnect()
      created.destroy()
      chart.current = null
    }
  }, [shape, height, y, chosen, isDark, isEmpty, zooms])

  useEffect(() => chart.current?.setData(dataOf(series, columns)), [columns])

  const last = columns.x.length - 1
  const index = pointed !== undefined && pointed <= last ? pointed : last
  const span = (columns.x[last] ?? 0) - (columns.x[0] ?? 0)
  const at = columns.x[index]
  return (
    <figure class='chart' aria-labelledby={id}>
      <figcaption class='panel-head'>
        <h2 id={id}>{title}</h2>
      </figcaption>
      {isEmpty
        ? (
          <p class='empty'>{empty}</p>
          )
        : (
          <>
            <div
              class='plot'
              data-zooms={zooms}
              ref={plot}
              role='img'
              aria-label={summaryOf(series, columns, format)}
            />
            <ul class='legend' aria-hidden='true'>
              {series.map(({ label, color }, which) => (
                <li key={label}>
                  <span class='swatch' style={{ background: `var(--${color})` }} />
                  {label} <b>{format(columns.series[which]?.[index])}</b>
                </li>
              ))}
              {at !== undefined && <li class='at'>{formatX(at, span)}</li>}
            </ul>
            <div class='chart-tools'>
              <CsvButton
                title={title}
                table={() => ({
                  header: ['time', ...series.map(({ label }) => label)],
                  rows: columns.x.map((at, index) => [
                    new Date(at).toISOString(),
                    ...series.map((_, which) => columns.series[which]?.[index])
                  ])
                })}
              />
            </div>
            <details onToggle={(event) => setTableOpen(event.currentTarget.open)}>
              <summary>
                As a table<span class='unseen'>: {title}</span>
              </summary>
              {isTableOpen && (
                <ChartTable
                  title={title}
                  series={series}
                  columns={columns}
                  format={format}
                  x={(at) => formatX(at, span)}
                />
              )}
            </details>
          </>
          )}
    </figure>
  )
}

function ChartTable ({ title, series, columns: { x, series: values }, format, x: formatX }:
Pick<ChartProps, 'title' | 'series' | 'columns' | 'format'> & { x: (at: number) => string }) {
  const newest = x.map((at, index) => ({ at, index })).slice(-ROWS).reverse()
  return (
    <Scroll label={`${title}, newest first`}>
      <table>
        <caption class='unseen'>{title}, newest first</caption>
        <thead>
          <tr>
            <th scope='col'>Time</th>
            {series.map(({ label }) => (
              <th key={label} scope='col' class='number'>
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {newest.map(({ at, index }) => (
            <tr key={at}>
              <th scope='row'>{formatX(at)}</th>
              {series.map(({ label }, which) => (
                <td key={label} class='number'>
                  {format(values[which]?.[index])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  )
}

/** Summarizes the latest figures and their range for screen readers. */
function summaryOf (
  series: readonly ChartSeries[],
  { series: values }: Columns,
  format: ChartProps['format']
): string {
  return series
    .map(({ label }, which) => {
      const known = (values[which] ?? []).filter((value) => value !== null)
      if (known.length === 0) return `${label}: nothing.`
      return `${label}: ${format(known.at(-1))}, between ${format(Math.min(...known))} and ${format(Math.max(...known))}.`
    })
    .join(' ')
}

const isArea = ({ draw }: ChartSeries) => draw === 'area'

interface Look extends Pick<ChartProps, 'series' | 'format'> {
  readonly formatX: (at: number, span: number) => string
  readonly height: number
  readonly y: ChartProps['y'] | undefined
  readonly zooms: boolean
}

/** Converts columns for uPlot: x in seconds, areas ordered from the top of the stack down. */
function dataOf (series: readonly ChartSeries[], { x, series: values }: Columns): AlignedData {
  const shown = series.some(isArea) ? stacked(values).reverse() : values.map((line) => [...line])
  return [x.map((at) => at / 1000), ...shown]
}

function optionsOf (
  { series, format, formatX, height, y, zooms }: Look,
  width: number,
  onPoint: (index: number | undefined) => void,
  onSelect: (from: number, to: number) => void
): Options {
  const font = `12px ${getComputedStyle(document.body).fontFamily}`
  const axis = {
    stroke: resolved('muted'),
    font,
    ticks: { show: false },
    grid: { stroke: resolved('line'), width: 1 }
  }
  const drawn = series.some(isArea) ? series.toReversed() : series
  return {
    width,
    height,
    // The last label of the x axis extends beyond the axis.
    padding: [null, 28, null, null],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: zooms, y: false, setScale: false },
      points: { show: false },
      // A double click resets the zoom of the page, so uPlot's own handler is disabled.
      bind: { dblclick: () => null }
    },
    scales: {
      x: {
        time: true,
        range: ({ data: [x] }) => [x[0] ?? 0, Math.max(x.at(-1) ?? 0, (x[0] ?? 0) + SHORTEST_S)]
      },
      y: yScale(y)
    },
    axes: [
      // This height keeps the labels below the lowest label of the y axis.
      {
        ...axis,
        size: 32,
        gap: 11,
        space: 90,
        values: (plot, ticks) => labels(ticks, (at) => formatX(at * 1000, spanOf(plot)))
      },
      {
        ...axis,
        // The width follows the labels, which do not exist before the first drawing.
        size: (_plot, texts: string[] | null) =>
          22 + 7 * Math.max(4, ...(texts ?? []).map(({ length }) => length)),
        values: (_plot, ticks) => labels(ticks, (value) => withoutZeros(format(value))),
        ...(y === 'log' && {
          splits: ({ scales }) => powersOfTen(scales['y']?.min ?? 1, scales['y']?.max ?? 10)
        })
      }
    ],
    series: [
      {},
      ...drawn.map((one): Series => ({
        label: one.label,
        stroke: resolved(one.color),
        width: isArea(one) ? 1 : 1.75,
        ...(isArea(one) && { fill: resolved(one.color) }),
        ...(one.draw === 'points' && { paths: () => null }),
        points:
          one.draw === 'points'
            ? { show: true, size: 6, fill: resolved(one.color) }
            : { show: !isArea(one), size: 4, fill: resolved(one.color), filter: alone }
      }))
    ],
    hooks: {
      setCursor: [
        ({ cursor: { idx, left } }) =>
          onPoint(left === undefined || left < 0 ? undefined : (idx ?? undefined))
      ],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select
          if (width < SHORTEST_DRAG) return
          const at = (position: number) => plot.posToVal(position, 'x') * 1000
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
          onSelect(at(left), at(left + width))
        }
      ]
    }
  }
}

/** Returns the labels of ticks, leaving out a label that equals the previous one. */
function labels (ticks: readonly number[], text: (tick: number) => string): string[] {
  const all = ticks.map(text)
  return all.map((label, index) => label === all[index - 1] ? '' : label)
}

/** Returns the isolated points, which would be invisible without a dot. */
function alone ({ data }: UPlot, which: number): number[] {
  const values = data[which] ?? []
  const isGap = (index: number) => values[index] === null || values[index] === undefined
  return [...values.keys()].filter((index) => !isGap(index) && isGap(index - 1) && isGap(index + 1))
}

const spanOf = ({ scales: { x } }: UPlot): number => ((x?.max ?? 0) - (x?.min ?? 0)) * 1000

/** Returns the powers of ten in a range; a logarithmic axis has no room for more ticks. */
function powersOfTen (min: number, max: number): number[] {
  const first = Math.ceil(Math.log10(min) - 1e-9)
  return Array.from(
    { length: Math.max(0, Math.floor(Math.log10(max) + 1e-9) - first + 1) },
    (_, step) => 10 ** (first + step)
  )
}

function yScale (y: ChartProps['y'] | undefined): Scale {
  if (y === 'ratio') return { range: [0, 1] }
  if (y === 'log') {
    return { distr: 3, range: (_plot, min, max) => UPlot.rangeLog(min, max, 10, true) }
  }
  if (y === 'free') return {}
  return { range: (_plot, _min, max) => [0, max > 0 ? max * 1.08 : 1] }
}

/** Tells whether the system currently prefers a dark theme. */
function useDark (): boolean {
  const [query] = useState(() => matchMedia('(prefers-color-scheme: dark)'))
  const [isDark, setDark] = useState(query.matches)
  useEffect(() => {
    const changed = () => setDark(query.matches)
    query.addEventListener('change', changed)
    return () => query.removeEventListener('change', changed)
  }, [query])
  return isDark
}
