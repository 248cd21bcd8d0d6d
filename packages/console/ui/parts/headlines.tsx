import { type TermId } from '../model/terms.js'
import { type Headline } from '../model/trend.js'
import { Sparkline, type SparkSeries } from './sparkline.js'
import { Term } from './term.js'

interface HeadlineItem {
  readonly term: TermId
  readonly label: string
  readonly headline: Headline
  readonly series: readonly SparkSeries[]
}

/** The large figures of a page, each with a sparkline of its history. */
export const Headlines = ({ items, label }: { items: readonly HeadlineItem[], label: string }) => (
  <dl class='headlines' aria-label={label}>
    {items.map(({ term, label, headline: { value, against, note }, series }) => (
      <div class='figure headline' key={term}>
        <dt><Term id={term}>{label}</Term></dt>
        <dd class='headline-value'>
          <span>{value}</span>{against !== undefined && <small> vs. <span>{against}</span></small>}
        </dd>
        <dd class='figure-note'>{note}</dd>
        <dd class='spark-place' aria-hidden='true'><Sparkline series={series} /></dd>
      </div>
    ))}
  </dl>
)
