import { ms, percent } from '../../model/format.js'
import { Chart, type ChartProps, type ChartSeries } from '../../parts/chart.js'
import { zoom } from '../../parts/range-picker.js'

type Columns = ChartProps['columns']

const RATIO: readonly ChartSeries[] = [{ label: 'hit ratio', color: 'l1' }]
const LATENCY: readonly ChartSeries[] = [
  { label: 'p50 of hits', color: 'l1' },
  { label: 'p50 computed', color: 'miss' },
  { label: 'p99 of all', color: 'muted' }
]

interface FourChartsProps {
  /** Text in place of a chart without points. */
  readonly empty: string
  readonly requests: Pick<ChartProps, 'title' | 'series' | 'columns' | 'format'>
  readonly ratio: Columns
  /** p50 of hits, p50 of computed responses, p99 of all. */
  readonly latency: Columns
  readonly saved: Pick<ChartProps, 'title' | 'columns'> & { readonly label: string }
}

/** The charts of the overview: requests, hit ratio, latency and handler time saved. */
export const FourCharts = ({ empty, requests, ratio, latency, saved }: FourChartsProps) => (
  <>
    <Panel {...requests} empty={empty} height={230} />
    <div class='columns three'>
      <Panel
        title='Hit ratio'
        empty={empty}
        series={RATIO}
        columns={ratio}
        format={percent}
        y='ratio'
      />
      <Panel
        title='Latency'
        empty={empty}
        series={LATENCY}
        columns={latency}
        format={ms}
        y='log'
      />
      <Panel
        title={saved.title}
        empty={empty}
        series={[{ label: saved.label, color: 'l1', draw: 'area' }]}
        columns={saved.columns}
        format={ms}
      />
    </div>
  </>
)

/** A chart of the page's time range, in a panel of its own. */
export const Panel = (props: Omit<ChartProps, 'zoom'>) => (
  <section class='panel'>
    <Chart {...props} zoom={zoom} />
  </section>
)
