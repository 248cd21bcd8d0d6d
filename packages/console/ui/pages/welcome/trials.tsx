import { type ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { type InstanceFigures, type Instances } from '../../model/api.js'
import { type Product } from '../../model/products.js'
import { type Exchange } from '../../model/exchange.js'
import { ms } from '../../model/format.js'
import { may } from '../../model/token.js'
import { shareVerdict } from '../../model/trials.js'
import { told } from '../../model/told.js'
import { CacheState } from '../../parts/cache-state.js'
import { CopyButton } from '../../parts/copy-button.js'
import { ProblemNotice } from '../../parts/notice.js'
import { ChooseIdentity } from '../../parts/role-hint.js'
import { type Identity, identities, identityCalled } from '../../state/identity.js'
import { send, type Sent, wasAnswered } from '../../state/send.js'
import { useQuery } from '../../state/use-query.js'
import { useStored } from '../../state/use-stored.js'

/** Three things to try, each on the running suite. */
export const Trials = () => (
  <section aria-labelledby='trials' class='stack'>
    <h2 id='trials'>Three things to try</h2>
    <ol class='columns three trials'>
      <Trial
        title='1. Share'
        text='Send the same request until a second instance answers. The first one computes the response, the second serves it from the store.'
      >
        <Share />
      </Trial>
      <Trial
        title='2. Write'
        text='Change a price. The write is acknowledged only once no instance can serve the old version.'
      >
        <Write />
      </Trial>
      <Trial
        title='3. Kill'
        text={
          <>
            Kill an instance. The others keep serving what it computed, and <code>npm start</code>{' '}
            restarts it.
          </>
        }
      >
        <Kill />
      </Trial>
    </ol>
  </section>
)

const Trial = ({
  title,
  text,
  children
}: {
  title: string
  text: ComponentChildren
  children: ComponentChildren
}) => (
  <li class='panel trial'>
    <h3>{title}</h3>
    <p class='small'>{text}</p>
    {children}
  </li>
)

/** Runs one trial at a time and retains its result. */
function useRun<T> (run: () => Promise<T>) {
  const [isRunning, setRunning] = useState(false)
  const [result, setResult] = useState<T>()
  const start = () => {
    if (isRunning) return
    setRunning(true)
    run().then(setResult).catch(console.error).finally(() => setRunning(false))
  }
  return { isRunning, result, start }
}

const get = (path: string): Promise<Sent> =>
  send({ method: 'GET', path }, identityCalled('anonymous'))

const Answers = ({ answers }: { answers: readonly Sent[] }) => (
  <ol class='answers'>
    {answers.map((sent, index) => (
      <li key={index}>{sent.problem !== undefined
        ? <ProblemNotice problem={sent.problem} title='The request failed' />
        : wasAnswered(sent) && <CacheState exchange={sent} />}
      </li>
    ))}
  </ol>
)

const isOneInstance = (answers: readonly Sent[]): boolean =>
  answers.length < 2 ||
  new Set(answers.filter(wasAnswered).map(({ instance }) => instance)).size < 2

function Share () {
  const { isRunning, result, start } = useRun(async () => {
    // A random page is probably not cached yet, so it has to be computed.
    const between = (least: number, most: number) =>
      least + Math.floor(Math.random() * (most - least + 1))
    const path = `/api/products?limit=${between(5, 60)}&page=${between(1, 9)}`
    const answers = [await get(path)]
    while (answers.length < 4 && isOneInstance(answers)) answers.push(await get(path))
    return answers
  })
  const answered = (result ?? []).filter(wasAnswered)
  return (
    <>
      <div class='row'>
        <button class='button' type='button' aria-disabled={isRunning} onClick={start}>
          Read a list
        </button>
      </div>
      <div role='status' class='stack'>
        {result !== undefined && <Answers answers={result} />}
        {answered.length > 1 && <p class='small'>{shareVerdict(answered)}</p>}
      </div>
    </>
  )
}

const PRODUCT = '/api/products/1'

/** Writes a new price, then reads the product until every answering instance was reached. */
async function write (
  identity: Identity
): Promise<{ readonly written: Sent; readonly reads: readonly Sent[] }> {
  const before = await get(PRODUCT)
  if (!wasAnswered(before) || before.problem !== undefined) return { written: before, reads: [] }
  const { price } = told<Product>(before.body)
  const body = {
    type: 'application/json',
    text: JSON.stringify({ price: price % 2 === 0 ? price + 1 : price - 1 })
  }
  const written = await send({ method: 'PATCH', path: PRODUCT, body }, identity)
  return {
    written,
    reads: written.problem === undefined ? [await get(PRODUCT), await get(PRODUCT)] : []
  }
}

const versionOf = ({ body }: Exchange): number => told<Product>(body).version

function Write () {
  const { current } = useStored(identities)
  const { isRunning, result, start } = useRun(() => write(current))
  if (!may(current.role, 'editor')) {
    return (
      <>
        <p class='small muted'>Writing needs the role editor. You are {current.label}.</p>
        <div class='row'><ChooseIdentity /></div>
      </>
    )
  }
  return (
    <>
      <div class='row'>
        <button class='button' type='button' aria-disabled={isRunning} onClick={start}>
          Change a price
        </button>
        <a class='small' href='#/shop/1'>
          Open the product
        </a>
      </div>
      <div role='status' class='stack'>
        {result !== undefined && <Written {...result} />}
      </div>
    </>
  )
}

function Written ({ written, reads }: Awaited<ReturnType<typeof write>>) {
  if (!wasAnswered(written) || written.problem !== undefined) {
    return written.problem === undefined
      ? null
      : (
        <ProblemNotice problem={written.problem} title='Not changed' />
        )
  }
  return (
    <>
      <p class='small'>
        Acknowledged as version {versionOf(written)} after <b>{ms(written.ms)}</b>. The next reads:
      </p>
      <ol class='answers'>
        {reads
          .filter(wasAnswered)
          .filter(({ problem }) => problem === undefined)
          .map((read, index) => (
            <li key={index} class='small'>
              <b>{read.instance ?? 'An instance'}</b> served version {versionOf(read)}
            </li>
          ))}
      </ol>
    </>
  )
}

/** Finds an instance whose service has another running instance. */
const spare = (instances: readonly InstanceFigures[]): InstanceFigures | undefined =>
  instances.find((one) => one.alive && instances.some((other) =>
    other.alive && other.service === one.service && other.instance !== one.instance))

function Kill () {
  const instances = useQuery<Instances>('kill', () => 'api/stats/instances', 3000)
  const victim = spare(instances.value?.instances ?? [])
  if (victim === undefined) {
    return <p class='small muted'>No service has two instances that are up.</p>
  }
  const command = `kill -9 ${victim.pid}`
  return (
    <>
      <p class='small'>
        In a terminal on the machine of the suite, to kill <b>{victim.instance}</b>:
      </p>
      <div class='row'>
        <code class='command'>{command}</code>
        <CopyButton text={command} what='command' />
      </div>
      <p class='small muted'>With Docker Compose, kill a container of the service instead.</p>
    </>
  )
}
