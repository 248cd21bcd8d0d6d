import { Counter, type OpenMetricsContentType, Registry } from 'prom-client'

/**
 * Returns the metrics of a registry in the format of OpenMetrics, which has exemplars.
 *
 * prom-client renames counters for good when it writes them in this format: the other registry
 * keeps its own, and this one has objects that inherit from them.
 */
export async function openMetrics (registry: Registry): Promise<string> {
  const open = new Registry<OpenMetricsContentType>()
  open.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
  for (const { name } of registry.getMetricsAsArray()) {
    const metric = registry.getSingleMetric(name)
    if (metric === undefined) continue
    open.registerMetric(metric instanceof Counter ? inheriting(metric) : metric)
  }
  return open.metrics()
}

/** Object.create has no type of its own. */
const inheriting = (metric: Counter): Counter => Object.create(metric) as Counter
