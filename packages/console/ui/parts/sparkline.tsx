import { mostOf, SPARK, sparkPath } from '../model/sparkline.js'

/** One line of a sparkline. */
export interface SparkSeries {
  readonly values: readonly (number | null)[]
  /** Name of a color token. */
  readonly color: string
}

/**
 * A small chart without axes, for trends rather than figures. Series share one scale that begins at
 * zero.
 */
export function Sparkline ({ series }: { series: readonly SparkSeries[] }) {
  const most = mostOf(series.map(({ values }) => values))
  return (
    <svg
      class='spark'
      viewBox={`0 -2 ${SPARK.width} ${SPARK.height + 4}`}
      preserveAspectRatio='none'
    >
      {series.map(({ values, color }) => (
        <path key={color} d={sparkPath(values, most)} style={{ stroke: `var(--${color})` }} />
      ))}
    </svg>
  )
}
