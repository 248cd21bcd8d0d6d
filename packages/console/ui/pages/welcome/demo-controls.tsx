import { DEMO_LIMITS, type DemoRun } from '../../model/demo-traffic.js'
import { count } from '../../model/format.js'
import { OUTCOMES } from '../../model/outcomes.js'
import { OutcomeName } from '../../parts/outcome.js'
import { demoTraffic } from '../../state/demo-traffic.js'
import { useDemo } from '../../state/services.js'
import { useStored } from '../../state/use-stored.js'

const { requests, seconds } = DEMO_LIMITS

/** Sends demo traffic from this browser and shows its progress. */
export function DemoControls () {
  const run = useStored(demoTraffic.run)
  const isOffered = useDemo('products') !== undefined
  const isRunning = run.phase === 'running'
  const press = () => isRunning ? demoTraffic.stop() : demoTraffic.start()
  if (!isOffered) return null
  return (
    <div class='demo'>
      <div class='row'>
        {/* A single button keeps the focus when its label changes. */}
        <button class={`button ${isRunning ? '' : 'primary'}`} type='button' onClick={press}>
          {isRunning
            ? 'Stop'
            : run.phase === 'done'
              ? 'Send demo traffic again'
              : 'Send demo traffic'}
        </button>
        <p class='small muted demo-hint'>
          At most {requests} GET requests in {seconds} seconds from this browser: product lists,
          categories and single products.
        </p>
      </div>
      {run.phase !== 'idle' && <Progress run={run} />}
    </div>
  )
}

function Progress ({ run: { phase, sent, outcomes, unanswered, problem } }: { run: DemoRun }) {
  const shown = OUTCOMES.filter(({ outcome }) => (outcomes[outcome] ?? 0) > 0)
  return (
    <div class='stack'>
      <progress
        class='demo-progress'
        max={requests}
        value={sent}
        aria-label='Demo requests sent'
      />
      <ul class='demo-tally small'>
        <li>
          <b>{count(sent)}</b> sent
        </li>
        {shown.map(({ outcome }) => (
          <li key={outcome}>
            <OutcomeName outcome={outcome} /> <b>{count(outcomes[outcome])}</b>
          </li>
        ))}
        {unanswered > 0 && (
          <li>
            no response <b>{count(unanswered)}</b>
          </li>
        )}
      </ul>
      <p class='small' role='status'>
        {phase === 'done' && (problem ?? `Done: ${count(sent)} requests sent.`)}
      </p>
    </div>
  )
}
